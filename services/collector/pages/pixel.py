"""The pixel: a view of a page where scripts do not run, and the opening of a mail."""

from typing import Final
from urllib.parse import parse_qsl
from uuid import uuid4

from fastapi import APIRouter, Request, Response

from leadlight.core.intake.calls import EVENT_BYTES
from leadlight.core.intake.pixels import NotACall, as_post, call_of, completed
from leadlight.core.records import EventType
from leadlight.errors import StoreUnavailable
from services.collector import problems
from services.collector.arrival import Headers
from services.collector.door.cookie import cookie_id
from services.collector.ingest import Outcome, read_body, told_drops
from services.collector.keys import WriteKeys
from services.collector.pages.answers import CORS, NOT_KEPT
from services.collector.pages.recording import Store, as_browsers, is_prefetch, text_of
from services.collector.problems import Problem, Refused

GIF: Final = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00"
    b"\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
"""One transparent pixel in 43 bytes."""

KINDS = {kind.value: kind for kind in EventType}
REFUSED_HEADER = "leadlight-refused"
PARAMETERS = 100
"""More than any call has; each costs memory."""

NO_KEY = Problem(401, "No write key", "Name the site's write key: ?writeKey=... `leadlight site list` shows it.")


def pixel_router(keys: WriteKeys, store: Store) -> APIRouter:
    """Every answer is the image, or a page would show a broken one; status and headers tell what became of the call.

    While the log is away the answer is a 503: what a 200 stands for is stored, and an image is not asked for again
    within the same view.
    """
    router = APIRouter()

    async def take(request: Request, kind: str | None) -> Outcome:
        headers: Headers = dict(request.scope["headers"])
        query: bytes = request.scope["query_string"]
        if len(query) > EVENT_BYTES:
            raise Refused(Problem(414, "Too long", f"The address takes at most {EVENT_BYTES} bytes."))
        agent, referrer = text_of(headers.get(b"user-agent")), text_of(headers.get(b"referer"))
        try:
            pairs = parse_qsl(query.decode("latin-1"), errors="replace", max_num_fields=PARAMETERS)
            call = call_of(pairs, kind)
            call = completed(call, event_id=str(uuid4()), cookie=cookie_id(headers), referrer=referrer, agent=agent)
            stated = call.get("type")
            known = KINDS.get(stated) if isinstance(stated, str) else None
            body = as_post(call if known else {"batch": [call], "writeKey": call.get("writeKey")})
        except ValueError as error:
            why = str(error) if isinstance(error, NotACall) else f"More than {PARAMETERS} parameters."
            raise Refused(Problem(400, "Unreadable", why)) from error
        post = read_body(body, known)
        if not post.write_key:
            raise Refused(NO_KEY)
        try:
            grant = keys.known(post.write_key) or await keys.find(post.write_key)
        except StoreUnavailable as error:
            raise Refused(problems.MISSED_STORE) from error
        if grant is None or grant.secret:  # a secret key does not belong into what is sent to strangers
            raise Refused(problems.UNKNOWN_KEY)
        return await store(post, as_browsers(headers), request.scope["client"], grant)

    async def answer(request: Request, kind: str | None) -> Response:
        headers = {**CORS, **NOT_KEPT}
        status = 200
        if request.method == "GET" and not is_prefetch(dict(request.scope["headers"])):
            try:
                dropped, told = await take(request, kind)
                headers |= {name.decode(): value.decode() for name, value in told}
                if dropped:
                    headers["leadlight-dropped"] = told_drops(dropped)
            except Refused as refused:
                status = refused.problem.status
                headers[REFUSED_HEADER] = _one_line(f"{refused.problem.title}: {refused.problem.detail}")
                if status == 503:
                    headers["retry-after"] = str(problems.RETRY_SECONDS)
        return Response(GIF, status, headers, "image/gif")

    @router.api_route("/v1/pixel.gif", methods=["GET", "HEAD"])
    async def pixel(request: Request) -> Response:
        return await answer(request, None)

    @router.api_route("/v1/pixel/{kind}", methods=["GET", "HEAD"])
    async def pixel_of_kind(request: Request, kind: str) -> Response:
        return await answer(request, kind)

    return router


def _one_line(text: str) -> str:
    """Fit for a header, whatever somebody sent that the text repeats."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)[:500]
