"""What the front itself answers, whatever service the request was for."""

from leadlight.runtime.http.exchange import Answer, problem

_SOON = (b"retry-after", b"2")

HEAD_TOO_LARGE = problem(431, "Headers too large", "The address and all headers take at most 48 KB, in 200 lines.")
TOO_LARGE = problem(413, "Too large", "The body is larger than anything that is taken here.")
SLOW_HEAD = problem(408, "Too slow", "The headers did not arrive in time. Send them in one go.")
SLOW_BODY = problem(408, "Too slow", "The body did not arrive in time. Send less at a time.")
OVERLOADED = problem(503, "Not taken", "Too many requests are under way. Send this one again in a moment.", _SOON)
TOO_MANY_CONNECTIONS = problem(503, "Not taken", "Too many connections are open. Try again in a moment.", _SOON)
TOO_MANY_AHEAD = problem(400, "Bad request", "Too many requests were sent ahead of their answers.")
BAD_ADDRESS = problem(400, "Bad request", "The request's address cannot be read.")
NOT_ONE_HOST = problem(400, "Bad request", "A request names its host in one `Host` header.")
ENCODED_IN_1_0 = problem(400, "Bad request", "HTTP/1.0 knows no `Transfer-Encoding`.")
FAILED = problem(500, "Failed", "The request could not be answered; the server's log says why.")


def malformed(error: Exception) -> Answer:
    """The parser's own words: they name the header or the place, never the content."""
    return problem(400, "Bad request", f"This is no valid HTTP request: {error}.")
