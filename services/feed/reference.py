"""The feed's description: OpenAPI made of the very types that are sent, and a page made of it for people."""

from functools import cache, lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypedDict

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from leadlight.core.objects import AlertedVisitor, Contact, Visitor, VisitorLinks, WebhookBody
from services.feed.edits.bot_bodies import BotDecision, BotLesson, BotLessonList
from services.feed.edits.people_bodies import ContactMergeList, LinkEdit, NewMerge, PeopleEdit
from services.feed.envelopes import (
    AlertList,
    ChangeList,
    CompanyCorrection,
    CompanyCorrectionList,
    LinkBatch,
    NewCompanyCorrection,
    NewLink,
    NewLinks,
    Timeline,
    TrackedLink,
    VisitList,
    VisitorList,
)
from services.feed.problems import ProblemBody

TYPES = (
    VisitorList,
    Visitor,
    VisitList,
    Timeline,
    Contact,
    AlertList,
    ChangeList,
    NewLink,
    NewLinks,
    TrackedLink,
    LinkBatch,
    NewCompanyCorrection,
    CompanyCorrection,
    CompanyCorrectionList,
    AlertedVisitor,
    WebhookBody,
    BotDecision,
    BotLesson,
    BotLessonList,
    NewMerge,
    PeopleEdit,
    ContactMergeList,
    VisitorLinks,
    LinkEdit,
    ProblemBody,
)

PAGES_KEPT = 8
"""The page names the address it was asked at, and anybody may invent some."""

REFUSALS = {
    400: "The cursor is not one of this list.",
    401: "No key, or one that is unknown or revoked.",
    403: "The key has not the scope that this needs.",
    404: "There is none with this id on the key's site.",
    422: "A parameter makes no sense; `errors` names it.",
    429: "Asked too often: wait as `Retry-After` says.",
    503: "The database does not answer: try again.",
}

NOTES = {
    "Visitor.bot": "Whether a machine sent this; bots are kept apart from people.",
    "Visitor.bot_reasons": "agent and too_fast each alone, two of network, headers and behaviour, or marked by an owner.",
    "Visitor.bot_evidence": "What speaks for a machine, as kind:detail; a person may have some of one kind.",
    "Visitor.first_seen_at": "First page, screen or track call; null before it.",
    "Visitor.updated_at": "When anything of this object last changed, other than by decay.",
    "Visitor.visits": "Activity without a pause of 30 minutes is one visit.",
    "Visitor.activities": "Page, screen and track calls.",
    "Visitor.engaged_seconds": "Time in which pages were visible and in use.",
    "Visitor.elapsed_seconds": "Time from first to last activity, summed over the visits.",
    "Visitor.score": "0-100, how interested now; it decays, so it is worked out when it is read.",
    "Visitor.intent": "cold, warm or hot. Warm from 40, hot from 70 until it falls below 60.",
    "Visitor.fit": "0-100, how well contact and company match the ideal customer; null when unknown.",
    "Visitor.grade": "A-E, from fit and intent.",
    "Visitor.contact": "Who introduced themselves in this browser last; null when nobody did.",
    "Visitor.company": "The organisation matched; null when unknown.",
    "Visitor.reasons": "The score's explanation: current points, which add up to it before rounding and the cut at 100.",
    "CompanyRef.firmographics": "What is known of it, from the owner's list or a paid service; null when nothing is.",
    "Firmographics.size": "People, as the source says it: `140`, `51-200`.",
    "Firmographics.country": "ISO 3166-1 alpha-2 where it can be told, else in words.",
    "Firmographics.account": "What the owner's list calls it: a tier, a kind of customer.",
    "Firmographics.owner": "Who looks after it, by the owner's list.",
    "FirmographicsSource.source": "`own_list`, or `provider:` and its name.",
    "FirmographicsSource.as_of": "When the source said so.",
    "FirmographicsSource.fields": "Which fields come from it.",
    "CompanyRef.confidence": "0-1, how sure the match is.",
    "Visit.pages": "In the order they were opened.",
    "Change.type": "`visitor.updated`, `visitor.removed`, an alert's type; `contact.updated`, `contact.merged` (the contact is the one in `contact` now), `contact.removed`.",
    "Change.subject": "The id of the visitor, the alert or the contact.",
    "Change.contact": "Of a change of a contact by people (merged, taken apart, taken off a visitor): the person as they are now.",
    "ContactRef.method": "How it is known that it is them: identify, form, tracked_link.",
    "ContactRef.confidence": "0-1, how sure that is.",
    "ContactRef.evidence": "What it rests on.",
    "CompanyRef.evidence": "What the match rests on: an address's domain, a network, how many people were seen there.",
    "Contact.emails": "Every address of the person: `email` first, then those of the contacts merged into this one.",
    "Change.data": "The object as it is now: a visitor, for alerts with its `alert`; null when it has been removed, or the site's owner excludes it.",
    "ChangeList.has_more": "Whether asking again at once brings more.",
    "NewLink.url": "Where it leads: an http or https address.",
    "NewLink.campaign": "What the clicks are counted for.",
    "NewLink.expires_days": "For how many days it is good, until the end of the last.",
    "NewLink.person": "E-mail address of the one it is made for. It stands under seal in the link; what the link leads to may identify them.",
    "NewLink.honeypot": "With `person`: also a link to be hidden in the mail, which only machines follow.",
    "NewRecipient.person": "E-mail address.",
    "NewRecipient.url": "Where this one's link leads, if not where the others do.",
    "NewLinks.people": "At most 1,000.",
    "NewLinks.url": "Where the links lead that state no `url` of their own.",
    "TrackedLink.link": "The address to send.",
    "TrackedLink.person": "Whom it was made for, as one e-mail address is always written here.",
    "TrackedLink.landing_url": "The page itself with the token, to be sent in place of `link`: without the click being told.",
    "TrackedLink.token": "To be put behind any address of the site, as `ll`.",
    "TrackedLink.honeypot_link": "To be hidden in the mail.",
    "LinkOutcome.row": "Its place among `people`, from 0.",
    "NewCompanyCorrection.company": "The domain of the company that it is; without one, the company shown is wrong.",
    "NewCompanyCorrection.name": "What to call it, if its domain does not say.",
    "NewCompanyCorrection.scope": "For everybody from the address block, from the same connection, or for this visitor alone.",
    "CompanyCorrection.visitor": "At whom it was said; it holds for them whatever the scope.",
    "CompanyCorrection.wrong": "Whether it says that the company is not this one.",
    "CompanyCorrection.scope": "range (the address block), connection (the same address) or visitor.",
    "CompanyCorrection.range": "The address block; null for a connection or a visitor alone.",
    "CompanyCorrection.visitors": "For how many visitors it held when it was said; null when it is read later.",
    "NewMerge.into": "The contact's id, or its e-mail address.",
    "PeopleEdit.person": "The contact that stands for the person now: what the others are found under too.",
    "PeopleEdit.emails": "Every address of both sides.",
    "PeopleEdit.visitors": "How many browsers are derived anew.",
    "ContactMerge.person": "The contact that stands for the person, after all merges in force.",
    "LinkedContact.since": "Null: from the beginning. For one that does not hold, the first claim.",
    "LinkedContact.until": "Null: to this day. For one that does not hold, the last claim.",
    "LinkedContact.withdrawn_at": "When it fell; null: it holds.",
    "LinkedContact.withdrawn_by": "Whoever took it back; null where what it rested on fell by itself.",
    "LinkedCompany.until": "When it fell; null: it holds.",
    "LinkedCompany.believed": "Whether it is the one that the visitor shows: the method that is believed most, then the latest.",
    "Delivery.state": "pending, delivered or failed.",
}


class Answers(TypedDict):
    """The part of a route that describes its answers."""

    responses: dict[int | str, dict[str, Any]]


def answers(
    body: type[msgspec.Struct], *, one: bool = False, of_one: bool = False, status: int = HTTPStatus.OK
) -> Answers:
    """A JSON body, or one of the refusals; `one` for a single object, `of_one` for what belongs to one."""
    content = {"application/json": {"schema": _reference(body)}}
    good: dict[int | str, dict[str, Any]] = {int(status): {"description": "As asked.", "content": content}}
    if one:
        good[304] = {"description": "What you have, as `If-None-Match` says, is as it was."}
    return {"responses": {**good, **_refusals(one or of_one)}}


def streams() -> Answers:
    """Server-sent events, or one of the refusals."""
    content = {"text/event-stream": {"schema": {"type": "string"}}}
    good: dict[int | str, dict[str, Any]] = {
        200: {"description": "Events until either side ends the stream.", "content": content}
    }
    return {"responses": {**good, **_refusals(False)}}


def _refusals(one: bool) -> dict[int | str, dict[str, Any]]:
    content = {"application/problem+json": {"schema": _reference(ProblemBody)}}
    return {
        status: {"description": meaning, "content": content}
        for status, meaning in REFUSALS.items()
        if one or status != 404
    }


def _reference(body: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{body.__name__}"}


def specification(app: FastAPI) -> dict[str, Any]:
    """The whole OpenAPI document."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary="Who is on your website, and how interested they are.",
        routes=app.routes,
    )
    _, schemas = msgspec.json.schema_components(TYPES, ref_template="#/components/schemas/{name}")
    for note, text in NOTES.items():
        type_name, field = note.split(".")
        schemas[type_name]["properties"][field] |= {"description": text}
    schemas["Change"]["properties"]["data"]["anyOf"] = [
        {"type": "null"},
        _reference(AlertedVisitor),
        _reference(Visitor),
    ]
    document["components"] = {
        "schemas": schemas,
        "securitySchemes": {
            "key": {
                "type": "http",
                "scheme": "bearer",
                "description": "`leadlight key add NAME --site S --scope read` makes a key for one site.",
            }
        },
    }
    document["security"] = [{"key": []}]
    document["webhooks"] = {
        "visitor.hot": {
            "post": {
                "summary": "A visitor became hot",
                "requestBody": {"content": {"application/json": {"schema": _reference(WebhookBody)}}},
                "responses": {"2XX": {"description": "Taken. Anything else is sent again later."}},
            }
        }
    }
    return document


def add_reference(app: FastAPI) -> None:
    """Serve the description, to machines and to people, without a key."""

    @cache
    def document() -> dict[str, Any]:
        return specification(app)

    @lru_cache(maxsize=PAGES_KEPT)
    def page(address: str) -> bytes:
        return _page(document(), address).encode()

    @app.get("/api/v1/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return Response(msgspec.json.encode(document()), media_type="application/json")

    @app.get("/api/v1/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
        headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
        address = str(request.base_url).rstrip("/")
        body = page(address) if len(address) < 100 else page("")
        return Response(body, headers=headers, media_type="text/html; charset=utf-8")


def _page(document: dict[str, Any], address: str) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["kind"] = _kind
    operations: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            entry = {"path": path, "method": method.upper(), **operation}
            operations.setdefault(operation["tags"][0], []).append(entry)
    return environment.get_template("reference.html").render(
        document=document, schemas=document["components"]["schemas"], operations=operations, address=address
    )


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words: `string or null`, `list of Signal`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(sorted((_kind(each) for each in schema["anyOf"]), key=lambda kind: kind == "null"))
    if "enum" in schema:
        return " or ".join(str(each) for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    if schema.get("format") == "date-time":
        return "time"
    return str(schema.get("type", "anything"))
