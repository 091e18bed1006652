"""Whether the installed uvicorn is one whose inner parts are as the connection uses them."""

import inspect

import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import Server, ServerState

from leadlight.errors import ConfigurationError

CYCLE_PARAMETERS = frozenset(
    [
        "self",
        "scope",
        "transport",
        "flow",
        "logger",
        "access_logger",
        "access_log",
        "default_headers",
        "message_event",
        "expect_100_continue",
        "keep_alive",
        "on_response",
    ]
)
CYCLE_STATE = frozenset(
    [
        "body",
        "disconnected",
        "keep_alive",
        "message_event",
        "more_body",
        "on_response",
        "response_complete",
        "response_started",
    ]
)
FLOW = frozenset(["pause_reading", "resume_reading", "pause_writing", "resume_writing", "drain"])
STATE = frozenset(["connections", "tasks", "total_requests", "default_headers"])
PROTOCOL_PARAMETERS = ("config=config", "server_state=self.server_state", "app_state=", "_loop=_loop")


def misfits() -> list[str]:
    """What differs from what the connection relies on; empty when it fits."""
    found = []
    parameters = frozenset(inspect.signature(RequestResponseCycle.__init__).parameters)
    if parameters != CYCLE_PARAMETERS:
        found.append(f"RequestResponseCycle takes {sorted(parameters ^ CYCLE_PARAMETERS)} differently")
    made = inspect.getsource(RequestResponseCycle.__init__)
    found += [f"RequestResponseCycle has no {name}" for name in sorted(CYCLE_STATE) if f"self.{name}" not in made]
    found += [f"FlowControl has no {name}" for name in sorted(FLOW) if not hasattr(FlowControl, name)]
    found += [f"ServerState has no {name}" for name in sorted(STATE) if not hasattr(ServerState(), name)]
    started = inspect.getsource(Server.startup)
    found += [f"a protocol is not made with {what}" for what in PROTOCOL_PARAMETERS if what not in started]
    if "connection.shutdown()" not in inspect.getsource(Server.shutdown):
        found.append("connections are not told of the end by shutdown()")
    return found


def check_fit() -> None:
    """Refuse to serve on another uvicorn: requests could be lost or answered in the wrong order.

    Raises:
        ConfigurationError: it is not one that fits.
    """
    if found := misfits():
        raise ConfigurationError(
            f"uvicorn {uvicorn.__version__} does not fit this version of Leadlight ({'; '.join(found)}). "
            "Install the versions in requirements.txt."
        )
