"""A site of forms that are sent in every way a site knows, around the shared collector."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web
from playwright.async_api import BrowserContext, Page

from tests.services.snippet.world import WRITE_KEY, Collector, Message

EMAIL = "mara@norrvik.example"
FIELDS = '<input name="name" autocomplete="name"><input name="email" type="email"><input name="company">'

HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{path}</title><link rel="icon" href="data:,">
{tag}</head><body>"""
TAG = '<script async src="{collector}/leadlight.js" data-key="{key}"></script>'


class FormCollector(Collector):
    """Serves every part of the script, as it was built."""

    async def serve_part(self, request: web.Request) -> web.Response:
        part = self.script.parent / request.match_info["name"]
        headers = {"Access-Control-Allow-Origin": "*"}
        return web.Response(body=part.read_bytes(), content_type="text/javascript", headers=headers)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/batch", self.take)
        app.router.add_get(r"/{name:leadlight[\w.-]*\.js}", self.serve_part)
        return app


@dataclass(slots=True)
class FormSite:
    """Pages by path, each with the tag unless `untagged`. What is sent to `/send...` is kept, and answered with thanks."""

    origin: str
    collector: str
    pages: dict[str, str] = field(default_factory=dict)
    untagged: set[str] = field(default_factory=set)
    headers: Mapping[str, str] = field(default_factory=dict)
    received: list[str] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.Response:
        if request.path.startswith("/send"):
            self.received.append(f"{request.query_string}{(await request.read()).decode()}")
        text = self.pages.get(request.path, "<h1>Thank you</h1>")
        if request.path.endswith(".js"):
            return web.Response(text=text, content_type="text/javascript")
        tag = "" if request.path in self.untagged else TAG.format(collector=self.collector, key=WRITE_KEY)
        html = HEAD.format(path=request.path, tag=tag) + text
        return web.Response(text=html, content_type="text/html", headers=dict(self.headers))

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.serve)
        return app


@dataclass(slots=True)
class Visit:
    """Somebody on a page of the site, and what the collector has heard of them."""

    page: Page
    site: FormSite
    collector: FormCollector
    complaints: list[str]

    async def see(self, path: str, html: str) -> None:
        """Opens a page with this in it, once the part that reads forms is there."""
        self.site.pages[path] = html
        await self.page.goto(self.site.origin + path)
        await self.part_is_there()

    async def part_is_there(self) -> None:
        await self.page.evaluate(
            """new Promise((done, fail) => {
              const look = () => /native code/.test(HTMLFormElement.prototype.submit) ? setTimeout(look, 20) : done();
              look();
              setTimeout(fail, 15000, new Error("nothing reads forms here"));
            })"""
        )

    async def told(self, forms: int = 1) -> tuple[list[Message], list[Message]]:
        """The introductions and the forms that were told of, once there are so many forms."""
        await self.collector.wait_for(lambda messages: len(sent(messages)) >= forms)
        return await self.told_so_far()

    async def told_so_far(self) -> tuple[list[Message], list[Message]]:
        """The same, with whatever this page has still to tell."""
        said = f"Said {len(self.collector.messages)}"
        await self.page.wait_for_timeout(300)
        await self.page.evaluate(f"leadlight.track('{said}')")
        messages = await self.collector.wait_for(lambda all_: any(one.get("event") == said for one in all_))
        return [one for one in messages if one["type"] == "identify"], sent(messages)


def sent(messages: list[Message]) -> list[Message]:
    return [message for message in messages if message.get("event") == "Form Submitted"]


async def arrive(person: BrowserContext, site: FormSite, collector: FormCollector) -> Visit:
    page = await person.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return Visit(page, site, collector, complaints)
