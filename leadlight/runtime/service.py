"""What a service is to the process that runs it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadlight.runtime.http.exchange import Direct

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

Problems = Mapping[str, str]
"""What keeps a service from being ready, by the part concerned; empty when it is."""


async def no_problems() -> Problems:
    return {}


@dataclass(frozen=True, slots=True)
class Service:
    """One of Leadlight's services, ready to be run alone or beside others in one process.

    `run` works in the background until the runtime is stopping. `app` answers the paths that begin with one of
    `prefixes`; an empty prefix takes what nobody else does. `direct` answers whole paths before `app` is asked.
    """

    name: str
    port: int  # where it listens when run alone and LEADLIGHT_PORT is not set
    run: Callable[[], Awaitable[None]] | None = None
    app: AsgiApp | None = None
    prefixes: tuple[str, ...] = ()
    direct: "Mapping[str, Direct]" = field(default_factory=dict)
    problems: Callable[[], Awaitable[Problems]] = no_problems
    covered: Callable[[], Problems] = dict
    """What may be away, by part, because this service makes up for it; with what the operator should know, if anything."""
