"""The demo site of Fernhall, an invented company: what a newcomer browses to see themselves in the console."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

HERE = Path(__file__).parent

PAGES = {
    "/": "pages/home.html",
    "/product": "pages/product.html",
    "/pricing": "pages/pricing.html",
    "/compare/fluorescent": "pages/compare.html",
    "/case-studies/norrvik-foundry": "case_studies/norrvik-foundry.html",
    "/case-studies/tealbay-instruments": "case_studies/tealbay-instruments.html",
    "/blog": "journal/index.html",
    "/blog/lux-on-the-bench": "journal/lux-on-the-bench.html",
    "/blog/glare": "journal/glare.html",
    "/blog/led-maintenance": "journal/led-maintenance.html",
    "/docs/security": "pages/security.html",
    "/careers": "pages/careers.html",
    "/contact": "pages/contact.html",
    "/demo": "pages/demo.html",
}
THANKS = {"/contact/thanks": "contact", "/demo/thanks": "demo"}


def demo_site(*, collector_origin: str, write_key: str) -> ASGIApp:
    """The site, with the tag of `write_key` on each page. It keeps nothing: what a form brings is not even read."""
    pages = Environment(
        loader=PackageLoader("services.demosite"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.globals.update(collector_origin=collector_origin, write_key=write_key, console_origin=collector_origin)
    headers = {"Content-Security-Policy": policy(collector_origin), "Referrer-Policy": "same-origin"}

    def show(template: str, request: Request, *, status: int = 200, **more: object) -> Response:
        text = pages.get_template(template).render(path=request.url.path, **more)
        return HTMLResponse(text, status_code=status, headers=headers)

    async def page(request: Request) -> Response:
        return show(PAGES[request.url.path], request)

    async def thanks(request: Request) -> Response:
        return show("pages/thanks.html", request, form=THANKS[request.url.path])

    async def not_found(request: Request, _error: Exception) -> Response:
        return show("pages/not_found.html", request, status=404)

    routes: list[BaseRoute] = [Route(path, page) for path in PAGES]
    routes += [Route(path, thanks, methods=["GET", "POST"]) for path in THANKS]
    routes += [Mount(f"/{name}", StaticFiles(directory=folder)) for name, folder in folders()]
    return Starlette(routes=routes, exception_handlers={HTTPException: not_found})


def folders() -> Sequence[tuple[str, Path]]:
    """The style is part of the sources; the font is there once the browser code has been built."""
    wanted = [("style", HERE / "style"), ("fonts", HERE / "static" / "fonts")]
    return [(name, folder) for name, folder in wanted if folder.is_dir()]


def policy(collector_origin: str) -> str:
    """A strict policy: the tag needs its host twice, and nothing else."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {collector_origin}",
            f"connect-src {collector_origin}",
            "style-src 'self'",
            "font-src 'self'",
            "img-src 'self' data:",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )
