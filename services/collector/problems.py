"""Refusals of a whole request, as RFC 9457 problems that say what to do."""

from dataclasses import dataclass

from msgspec.json import encode

RETRY_SECONDS = 2
"""Told with a 503: long enough for a restart, short enough for a page that is about to close."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request as a whole is refused."""

    status: int
    title: str
    detail: str
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def body(self) -> bytes:
        """`code` and `message` repeat title and detail under the names that Segment's API gives them: where they are
        missing, RudderStack's Python library tries refused events again and again."""
        told = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        return encode(told | {"code": self.title.lower().replace(" ", "_"), "message": self.detail})


class Refused(Exception):
    """The request ends with this problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


FULL_RETRY_SECONDS = 30
"""Told while there is no room: that does not pass in a moment."""


def unavailable(detail: str, retry_seconds: int = RETRY_SECONDS) -> Problem:
    """Try again: nothing is promised, and nothing is wrong with the request."""
    return Problem(503, "Not taken", detail, ((b"retry-after", str(retry_seconds).encode()),))


NO_KEY = Problem(
    401,
    "No write key",
    "Send the site's write key as the user name of Basic authentication or as `writeKey` in the body. "
    "`leadlight site list` shows it.",
    ((b"www-authenticate", b'Basic realm="leadlight"'),),
)
UNKNOWN_KEY = Problem(
    401,
    "Unknown write key",
    "No site has this write key, or the secret key lacks the scope `ingest` or was revoked. `leadlight site list` shows the keys.",
    ((b"www-authenticate", b'Basic realm="leadlight"'),),
)
NOT_FOUND = Problem(
    404, "Not found", "The collector takes posts to /v1/batch, page, track, identify, group, alias and screen."
)
MISSED_LOG = unavailable("The event log did not confirm in time. Send the events again: repeats do no harm.")


def full_log(why: str) -> Problem:
    """There is no room in the log, or in the spool: the owner, who must see to it, reads answers more often than logs."""
    return unavailable(f"{why} Send the events again once there is room: repeats do no harm.", FULL_RETRY_SECONDS)


MISSED_STORE = unavailable("The write key could not be looked up just now. Send the events again.")
FAILED = Problem(500, "Failed", "The events could not be stored; the server's log says why.")
NOT_A_POST = Problem(405, "Method not allowed", "Events are sent by POST.", ((b"allow", b"POST, OPTIONS"),))
