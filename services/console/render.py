"""Pages from templates: escaped by default, and either whole or only the part that a live page swaps in."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.responses import HTMLResponse

from leadlight.core.identity.companies.domains import shown
from services.console import words

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"


def web_address(url: str | None) -> str | None:
    """The address if it may become a link: web addresses only, never `javascript:` and its like."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


@cache
def asset(name: str) -> str:
    """The address of a built file, which changes with its content, so that browsers may keep it for ever."""
    try:
        version = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    except FileNotFoundError:
        return f"/static/{name}"
    return f"/static/{name}?v={version}"


@pass_context
def when(context: Context, at: datetime | None, kind: str = "ago") -> str:
    """A time as people say it, with the exact one on hover; the console's script keeps it fresh.

    `kind` is `ago`, `since` (for how long), `day`, `clock` or `moment` (day and clock).
    """
    if at is None:
        return "never"
    now: datetime = context["now"]
    said = {
        "ago": lambda: words.ago(at, now),
        "since": lambda: words.duration((now - at).total_seconds()),
        "day": lambda: words.day(at, now),
        "clock": lambda: f"{at:%H:%M}",
        "moment": lambda: f"{words.day(at, now)}, {at:%H:%M}",
    }[kind]()
    template = '<time datetime="{}" title="{}" data-say="{}">{}</time>'
    return Markup(template).format(at.isoformat(timespec="milliseconds"), words.absolute(at), kind, said)


def command(text: str) -> Markup:
    """A command to be typed, whose options are never broken at their hyphens."""
    words_of_it = [
        Markup('<span class="option">{}</span>' if w.startswith("-") else "{}").format(w) for w in text.split()
    ]
    return Markup("<code>{}</code>").format(Markup(" ").join(words_of_it))


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"asset": asset, "words": words, "when": when}
    environment.filters |= {
        "command": command,
        "duration": words.duration,
        "counted": words.counted,
        "sentence": words.sentence,
        "web_address": web_address,
        "domain": shown,
        "json": json.dumps,
    }
    return environment


_templates = _environment()


def markup(template: str, **context: Any) -> str:
    """A template on its own, such as a toast."""
    return _templates.get_template(template).render(**context)


def is_live(request: Request) -> bool:
    """Whether an open page asks for what it swaps in."""
    return request.headers.get("hx-request") == "true"


def page(request: Request, template: str, context: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """A page; for a live page that asks again, only what it swaps in."""
    query = f"?{request.url.query}" if request.url.query else ""
    body = markup(
        template,
        layout="fragment.html" if is_live(request) else "page.html",
        here=request.url.path + query,
        **context,
    )
    return HTMLResponse(body, status, {"Vary": "HX-Request, Cookie"})
