"""The collector's description for machines: OpenAPI, true to what the paths answer."""

from functools import cache
from typing import Any

from fastapi import APIRouter, Response
from msgspec.json import encode

from leadlight import __version__
from leadlight.core.intake.calls import BATCH_BYTES, BATCH_EVENTS, EVENT_BYTES
from leadlight.core.intake.drop_words import told
from leadlight.core.intake.drops import Drop
from leadlight.core.records import EventType
from services.collector.pages.answers import CORS

Object = dict[str, Any]

POST_REFUSALS = {
    400: "The body is no JSON of the expected shape; nothing of it was taken.",
    401: "No write key, or one that is unknown or revoked.",
    408: "The body did not arrive in time.",
    413: f"More than {EVENT_BYTES} bytes a call, {BATCH_BYTES} bytes or {BATCH_EVENTS} calls a batch, also after unpacking.",
    415: "A form, or a content type or encoding that is not taken.",
    431: "Address and headers are too large.",
    503: "Not taken for now: nothing is promised. Send the same again after `Retry-After`; repeats do no harm.",
}

WHAT = {
    EventType.PAGE: "Somebody viewed a page",
    EventType.TRACK: "Somebody did something",
    EventType.IDENTIFY: "Somebody said who they are",
    EventType.GROUP: "Somebody belongs to an organisation",
    EventType.ALIAS: "Two ids are one person",
    EventType.SCREEN: "Somebody viewed an app's screen",
}

PIXEL_PARAMETERS = {
    "writeKey": "The site's write key. A secret key is refused here.",
    "type": "The call; `page` by default, `track` where there is an `event`.",
    "event": "What a `track` call tells: `Email Opened`.",
    "messageId": "Names the event, so that a repeat counts once; without it each request is an event of its own.",
    "anonymousId": "Who it is; without it the first-party cookie counts, else a visitor of the day.",
    "userId": "Your own id of the person. No e-mail address: addresses end up in logs.",
    "url": "The page; without it the `Referer` counts.",
    "title": "The page's title.",
    "campaign": "What it is counted for.",
    "data": "A whole call instead of parameters: JSON in base64.",
}


def reference_router() -> APIRouter:
    router = APIRouter()

    @router.api_route("/v1/openapi.json", methods=["GET", "HEAD"])
    async def openapi() -> Response:
        return Response(encode(document()), media_type="application/json", headers=CORS)

    return router


@cache
def document() -> Object:
    """The whole OpenAPI document."""
    calls: Object = {f"/v1/{kind.value}": {"post": _post(kind)} for kind in WHAT}
    short = {
        f"/v1/{kind.value[0]}": {"post": _post(kind) | {"operationId": f"{kind.value}_short", "tags": ["analytics.js"]}}
        for kind in WHAT
    }
    batch = {
        "/v1/batch": {"post": _post(None)},
        "/v1/b": {"post": _post(None) | {"operationId": "batch_short", "tags": ["analytics.js"]}},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Leadlight collector",
            "version": __version__,
            "summary": "The Segment HTTP tracking API.",
            "description": "200 means that every admitted event is stored. Calls that cannot be admitted do not hold up "
            "the others: the header `Leadlight-Dropped` counts them by reason.",
        },
        "paths": batch | calls | short | _pages(),
        "components": {
            "securitySchemes": {
                "write_key": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The write key as user name, with an empty password; `writeKey` in the body does as "
                    "well. A server may use a secret key with the scope `ingest`.",
                }
            },
            "headers": _headers(),
            "schemas": _schemas(),
        },
    }


def _post(kind: EventType | None) -> Object:
    schema = _reference("Batch" if kind is None else "Call")
    content = {"schema": schema}
    return {
        "operationId": "batch" if kind is None else kind.value,
        "summary": f"Up to {BATCH_EVENTS} calls at once" if kind is None else WHAT[kind],
        "tags": ["events"],
        "security": [{"write_key": []}, {}],
        "parameters": [
            {
                "name": "Content-Encoding",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "enum": ["gzip", "identity"]},
                "description": "How the body is packed.",
            }
        ],
        "requestBody": {"required": True, "content": {"application/json": content, "text/plain": content}},
        "responses": {
            "200": {
                "description": "Every admitted call is stored.",
                "headers": {"Leadlight-Dropped": {"$ref": "#/components/headers/Leadlight-Dropped"}},
                "content": {"application/json": {"schema": _reference("Done")}},
            }
        }
        | {str(status): _refusal(status, meaning) for status, meaning in POST_REFUSALS.items()},
    }


def _refusal(status: int, meaning: str) -> Object:
    refusal: Object = {
        "description": meaning,
        "content": {"application/problem+json": {"schema": _reference("Problem")}},
    }
    if status == 503:
        refusal["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    if status == 401:
        refusal["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return refusal


def _pages() -> Object:
    problem = {"application/problem+json": {"schema": _reference("Problem")}}
    gif = {"image/gif": {"schema": {"type": "string", "format": "binary"}}}
    page = {"text/html": {"schema": {"type": "string"}}}
    refused = {"Leadlight-Refused": {"$ref": "#/components/headers/Leadlight-Refused"}}
    pixel: Object = {
        "summary": "A view without script, the opening of a mail",
        "tags": ["without script"],
        "responses": {
            "200": {
                "description": "One transparent pixel; the call is stored. Prefetches and HEAD count nothing.",
                "headers": {"Leadlight-Dropped": {"$ref": "#/components/headers/Leadlight-Dropped"}},
                "content": gif,
            }
        }
        | {
            status: {"description": f"The same image: {why}", "headers": refused, "content": gif}
            for status, why in {
                "400": "the call cannot be read.",
                "401": "no write key, or an unknown one.",
                "414": "the address is too long.",
                "503": "not stored.",
            }.items()
        },
    }
    parameters = [
        {"name": name, "in": "query", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in PIXEL_PARAMETERS.items()
    ]
    kind = {
        "name": "kind",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "enum": [kind.value for kind in EventType]},
    }
    settings: Object = {
        "operationId": "analytics_js_settings",
        "summary": "What analytics.js asks before it sends",
        "tags": ["analytics.js"],
        "parameters": [{"name": "key", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}],
        "responses": {
            "200": {"description": "Where events go.", "content": {"application/json": {"schema": {"type": "object"}}}},
            "404": {"description": "No site has this write key.", "content": problem},
            "503": _refusal(503, "The key could not be looked up just now."),
        },
    }
    link: Object = {
        "operationId": "follow_link",
        "summary": "A tracked link",
        "tags": ["without script"],
        "parameters": [{"name": "token", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}],
        "responses": {
            "302": {
                "description": "On to the destination; the click is told as `Link Clicked`.",
                "headers": {"Location": {"schema": {"type": "string"}}},
            },
            "404": {"description": "No link of this installation.", "content": page},
            "410": {"description": "The link has expired.", "content": page},
        },
    }
    return {
        "/v1/pixel.gif": {"get": pixel | {"operationId": "pixel", "parameters": parameters}},
        "/v1/pixel/{kind}": {"get": pixel | {"operationId": "pixel_of_kind", "parameters": [kind, *parameters]}},
        "/v1/projects/{key}/settings": {"get": settings},
        "/l/{token}": {"get": link},
    }


def _headers() -> Object:
    reasons = "; ".join(f"`{reason.value}`: {told(reason.value).what}" for reason in Drop)
    return {
        "Leadlight-Dropped": {
            "description": f"What was not admitted, `reason=count, ...`; absent when everything was. {reasons}",
            "schema": {"type": "string", "pattern": r"^[a-z_]+=\d+(, [a-z_]+=\d+)*$"},
        },
        "Leadlight-Refused": {"description": "Why nothing was stored.", "schema": {"type": "string"}},
        "Retry-After": {
            "description": "Seconds to wait.",
            "schema": {"type": "integer", "minimum": 1},
            "required": True,
        },
    }


def _schemas() -> Object:
    text = {"type": ["string", "null"]}
    id_ = {"type": ["string", "number", "null"]}
    some = {"type": ["object", "null"], "additionalProperties": True}
    when = {"description": "ISO 8601, or seconds or milliseconds since 1970; what makes no sense counts as now."}
    call = {
        "messageId": id_ | {"description": "The event's id: a repeat within 14 days counts once."},
        "anonymousId": id_ | {"description": "The browser. At most 200 characters."},
        "userId": id_ | {"description": "Your id of the person. At most 200 characters."},
        "groupId": id_,
        "previousId": id_,
        "timestamp": when,
        "originalTimestamp": when,
        "sentAt": when,
        "event": text | {"description": "What happened, of a `track` call."},
        "name": text,
        "properties": some,
        "traits": some,
        "context": some,
        "writeKey": text,
    }
    member = {"type": "object", "additionalProperties": True, "properties": {"type": text, **call}}
    return {
        "Call": {"type": "object", "additionalProperties": True, "properties": call},
        "Batch": {
            "type": "object",
            "additionalProperties": True,
            "required": ["batch"],
            "properties": {
                "batch": {"type": "array", "maxItems": BATCH_EVENTS, "items": member},
                "writeKey": text,
                "sentAt": when,
                "context": some | {"description": "For those calls that have none."},
            },
        },
        "Done": {
            "type": "object",
            "required": ["success"],
            "properties": {"success": {"const": True}},
        },
        "Problem": {
            "type": "object",
            "description": "RFC 9457; `code` and `message` repeat it under the names that Segment's API uses.",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string", "minLength": 1},
                "code": {"type": "string"},
                "message": {"type": "string"},
            },
        },
    }


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
