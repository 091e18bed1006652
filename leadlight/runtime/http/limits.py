"""What a stranger may use of the server, whatever service lies behind."""

import resource
from dataclasses import dataclass

from prometheus_client import Counter, Gauge

HELD = Gauge("leadlight_http_held_bytes", "Of request bodies that are arriving or being worked on.")
CONNECTIONS = Gauge("leadlight_http_connections", "Open HTTP connections.")
CUT = Counter("leadlight_http_cut_total", "Requests and connections that the HTTP front ended, by reason.", ["reason"])


@dataclass(frozen=True, slots=True)
class Limits:
    """Beyond each, a request is answered with its reason where one can still be told, and the connection ended."""

    head_seconds: float = 10.0
    """From a request's first byte to the end of its headers: an honest client sends them in one go."""

    body_seconds: float = 10.0
    """From then to the end of the body: a slow one holds memory that others need."""

    idle_seconds: float = 65.0
    """Between two requests: longer than load balancers keep theirs, or they would write into a closed connection."""

    crowded_idle_seconds: float = 5.0
    """The same once three of four connections are taken."""

    unread_seconds: float = 20.0
    """For a client that lets its answer lie: in this time at least `unread_bytes` must leave."""

    unread_bytes: int = 10_000

    linger_seconds: float = 2.0
    """After a refusal while the client still sends: closed at once, it would not see why."""

    head_bytes: int = 48 * 1024
    """Of the request line and all headers: a pixel's address alone may take 32 KB."""

    headers: int = 200

    body_bytes: int = 2 * 1024 * 1024
    """Of a body for which the service names no limit of its own."""

    held_bytes: int = 64_000_000
    """Of all bodies that are arriving or being worked on. Beyond it requests are refused before they are read."""

    pipelined: int = 1_000
    """Requests sent ahead on one connection."""

    connections: int = 10_000
    """At a time; fewer where the system gives the process fewer open files."""

    sweep_seconds: float = 1.0
    """Between two looks at who is late. One timer for all connections costs the least."""


FILES_OF_OURS = 200
"""Open files beside clients' connections: databases, brokers, segments."""


def connections_within(wanted: int) -> int:
    """How many connections the process may hold, once it has asked the system for as many files as it can have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = wanted + FILES_OF_OURS
    if soft != resource.RLIM_INFINITY and soft < need:
        soft = need if hard == resource.RLIM_INFINITY else min(need, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(FILES_OF_OURS, min(wanted, soft - FILES_OF_OURS))
