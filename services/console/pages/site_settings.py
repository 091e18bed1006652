"""Site settings: whose pages may send, what is left out, how much may be known; and the same for the past."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from leadlight.core.sites import countries
from leadlight.core.sites.document import (
    MOST_ENTRIES,
    Fault,
    SettingsRefused,
    document_of,
    settings_of,
)
from leadlight.core.sites.settings import Privacy, SiteSettings
from leadlight.runtime import Runtime
from leadlight.store import past, recounts
from leadlight.store.owners import site_settings
from leadlight.store.owners.site_settings import SettingsMoved
from leadlight.store.past import Reach
from services.console.pages.frame import READ, around, marked
from services.console.render import page
from services.console.session import Admin, OurRuntime, Seat

router = APIRouter()

PATH = "/set-up/settings"

LISTS = (
    ("allowed_origins", "Hosts whose pages may send", "www.shop.example\n*.shop.example"),
    ("excluded_paths", "Paths", "/intern/*\n/checkout/thanks"),
    ("excluded_emails", "E-mail addresses", "*@ourselves.example\ntest@*"),
    ("excluded_companies", "Companies, by domain", "supplier.example"),
    ("excluded_networks", "IP addresses and networks", "203.0.113.7\n2001:db8::/32"),
    ("stripped_parameters", "Parameters to strip from addresses", "member_id\nsess*"),
    ("work_domains", "E-mail domains of companies", "bigclient.example"),
    ("private_domains", "E-mail domains of nobody's company", "friends-of-ours.example"),
    ("office_names", "Names of offices before the @", "front-desk\nversandinfo"),
)
OF_MAIL = LISTS[-3:]
HINTS = {
    "allowed_origins": "Empty: any page that carries your write key. A star stands for every host below.",
    "excluded_paths": "Page views there are not collected. A star stands for anything.",
    "excluded_emails": "Whoever introduces themselves so is kept apart, with everything they did.",
    "excluded_companies": "Their visitors are kept apart once they are known.",
    "excluded_networks": "Your own office, a test machine. Nothing that comes from there is collected.",
    "stripped_parameters": "E-mails, passwords and tokens always are. These go too.",
    "work_domains": "Whoever writes from there belongs to the company that owns the domain, whatever is known of it.",
    "private_domains": "An address there speaks of no company, as at Gmail.",
    "office_names": "Such an address is an office's and no person's. info, sales, support and some 300 others are known.",
}
NAMES = {field: name for field, name, _ in LISTS} | {"privacy": "Level", "privacy_by_country": "Level"}
LEVELS = {
    Privacy.IDENTIFIED: ("Identified", "People who introduce themselves are known by name and e-mail."),
    Privacy.PSEUDONYMOUS: ("Pseudonymous", "A browser is known again when it returns. Nobody is named."),
    Privacy.COMPANY_ONLY: ("Company only", "No cookie and no person: a visitor is forgotten when the day ends."),
    Privacy.NONE: ("None", "Nothing is kept."),
}

LOOK_SECONDS = 2.0
"""How long a page may look at the past; whoever has more visitors than that is told how far it came."""

ASK_SECONDS = 8.0
EMPTY_ROWS = 2
EXAMPLES = 5
VERSIONS = 5


@router.api_route(PATH, methods=READ)
async def settings_page(
    request: Request, seat: Admin, runtime: OurRuntime, saved: bool = False, asked: bool = False
) -> HTMLResponse:
    async with runtime.database.read() as connection:
        settings, version = await site_settings.current(connection, seat.site.id)
    reach = await _looked(runtime, seat, settings) if saved else None
    return await _page(
        request, seat, runtime, document_of(settings), version, in_force=settings, reach=reach, saved=saved, asked=asked
    )


@router.post(PATH)
async def save(request: Request, seat: Admin, runtime: OurRuntime) -> Response:
    """Put what was typed into force, or say what is wrong with it."""
    form = await request.form(max_fields=200)
    document, seen = _typed(form), _number(form.get("version"))
    try:
        settings = settings_of(document)
        async with runtime.database.begin() as tx:
            await site_settings.change(tx, seat.site.id, settings, by=seat.user.email, now=runtime.now(), seen=seen)
    except SettingsRefused as refused:
        return await _page(request, seat, runtime, document, seen, faults=refused.faults, status=400)
    except SettingsMoved:
        async with runtime.database.read() as connection:
            _, version = await site_settings.current(connection, seat.site.id)
        problem = "Somebody else has changed these settings meanwhile. What you typed is kept: look at both, then save."
        return await _page(request, seat, runtime, document, version, problem=problem, status=409)
    return RedirectResponse(f"{PATH}?saved=true", 303)


@router.post(f"{PATH}/preview")
async def preview(request: Request, seat: Admin, runtime: OurRuntime) -> Response:
    """What the settings that were typed would hide of the past; nothing is saved."""
    form = await request.form(max_fields=200)
    document, seen = _typed(form), _number(form.get("version"))
    try:
        settings = settings_of(document)
    except SettingsRefused as refused:
        return await _page(request, seat, runtime, document, seen, faults=refused.faults, status=400)
    reach = await _looked(runtime, seat, settings)
    return await _page(request, seat, runtime, document, seen, reach=reach, unsaved=True)


@router.post(f"{PATH}/past")
async def apply_to_the_past(request: Request, seat: Admin, runtime: OurRuntime) -> Response:
    """Have the past derived anew as the settings in force want it."""
    async with runtime.database.read() as connection:
        settings, version = await site_settings.current(connection, seat.site.id)
    reach = Reach()
    try:
        async with asyncio.timeout(ASK_SECONDS):
            async for _ in past.request(runtime.database, seat.site.id, settings, reach, now=runtime.now):
                pass
    except TimeoutError:
        problem = (
            "There are more visitors than a page can wait for. Press again to go on, or use the command beside it."
        )
        return await _page(request, seat, runtime, document_of(settings), version, in_force=settings, problem=problem)
    return RedirectResponse(f"{PATH}?asked=true", 303)


async def _looked(runtime: Runtime, seat: Seat, settings: SiteSettings) -> Reach:
    reach = Reach()
    loop = asyncio.get_running_loop()
    until = loop.time() + LOOK_SECONDS
    async for _ in past.walk(runtime.database, seat.site.id, settings, reach):
        if loop.time() > until:
            break
    return reach


async def _page(
    request: Request,
    seat: Seat,
    runtime: Runtime,
    document: dict[str, Any],
    version: int,
    *,
    in_force: SiteSettings | None = None,
    faults: Sequence[Fault] = (),
    reach: Reach | None = None,
    unsaved: bool = False,
    saved: bool = False,
    asked: bool = False,
    problem: str = "",
    status: int = 200,
) -> HTMLResponse:
    given = marked(request, seat)
    async with runtime.database.read() as connection:
        context = await around(connection, seat, given)
        told = await site_settings.history(connection, seat.site.id, limit=VERSIONS)
        total = await past.visitors_of(connection, seat.site.id) if reach is not None else 0
        waiting = await recounts.left(connection, seat.site.id)
    wrong: dict[str, list[str]] = defaultdict(list)
    for fault in faults:
        wrong[fault.field].append(f"{fault.value} {fault.message}" if fault.value else f"This {fault.message}")
    levels = document.get("privacy_by_country", {})
    return page(
        request,
        "site_settings.html",
        {
            **context,
            "path": PATH,
            "lists": LISTS[: -len(OF_MAIL)],
            "of_mail": OF_MAIL,
            "hints": HINTS,
            "levels": LEVELS,
            "typed": document,
            "places": [*levels.items(), *[("", "")] * EMPTY_ROWS],
            "countries": countries.NAMES,
            "country_name": countries.name_of,
            "wrong": wrong,
            "wrong_places": {fault.value.partition(":")[0] for fault in faults if fault.field == "privacy_by_country"},
            "problem": problem,
            "version": version,
            "saved": saved,
            "asked": asked,
            "unsaved": unsaved,
            "waiting": waiting,
            "reach": reach,
            "all_visitors": total,
            "networks": bool((in_force or SiteSettings()).excluded_networks) or bool(document.get("excluded_networks")),
            "contacts": sorted(filter(None, reach.contact_emails.values()))[:EXAMPLES] if reach else [],
            "companies": sorted(filter(None, reach.company_domains.values()))[:EXAMPLES] if reach else [],
            "paths": reach.paths.most_common(EXAMPLES) if reach else [],
            "history": [(version, [_said(line) for line in version.changed]) for version in told],
        },
        status=status,
    )


def _said(line: str) -> str:
    """A change with the field's name as it stands on the page."""
    field, colon, what = line.partition(": ")
    return NAMES.get(field, field) + colon + what.replace(" -> ", " \N{RIGHTWARDS ARROW} ")


def _typed(form: FormData) -> dict[str, Any]:
    """What the form holds, as a document: one value a line, blank lines left out."""
    document: dict[str, Any] = {}
    for field, *_ in LISTS:
        lines = str(form.get(field, "")).splitlines()
        document[field] = [line.strip() for line in lines if line.strip()][: MOST_ENTRIES + 1]
    document["privacy"] = str(form.get("privacy", Privacy.IDENTIFIED))
    pairs = zip(form.getlist("country"), form.getlist("level"), strict=False)
    document["privacy_by_country"] = {
        countries.code_of(str(country)) or str(country).strip(): str(level)
        for country, level in pairs
        if str(country).strip() and str(level)
    }
    return document


def _number(given: object) -> int:
    return int(given) if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 10 else 0
