"""A reader's place in its group, which belongs to one process at a time."""

import asyncio
from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from leadlight.errors import ConfigurationError
from leadlight.logs import get_logger

log = get_logger(__name__)

ASK_SECONDS = 3.0


class Seat:
    """The static member `instance-group`. The group's coordinator gives each process that sits down an id of its own."""

    def __init__(self, servers: Sequence[str], *, group: str, instance: str) -> None:
        self.instance_id = f"{instance}-{group}"
        self._servers = list(servers)
        self._group = group
        self._instance = instance
        self._ours: str | None = None

    async def sat_down(self) -> None:
        """Remember the id that the coordinator gave us."""
        self._ours = await self._holder()

    async def taken(self) -> bool:
        """Whether another process sits here now. Nobody does after a session that ran out; if unsure: no."""
        holder = await self._holder()
        return None not in (holder, self._ours) and holder != self._ours

    async def _holder(self) -> str | None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._servers, request_timeout_ms=int(ASK_SECONDS * 1000))
        try:
            async with asyncio.timeout(ASK_SECONDS):
                await admin.start()
                answers = await admin.describe_consumer_groups([self._group])
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("the group's members are not known", group=self._group, error=repr(error))
            return None
        finally:
            await admin.close()
        members = [
            member_id
            for answer in answers
            for _error, _group, _state, _type, _protocol, members, *_ in answer.groups
            for member_id, *_ in members
        ]
        # The id is the member's name and 36 characters that are unique.
        return next((member for member in members if member[:-37] == self.instance_id), None)

    def explanation(self) -> ConfigurationError:
        return ConfigurationError(
            f"Another process reads as {self._group!r} with the instance name {self._instance!r}, and has taken over. "
            "Each process needs a name of its own: set LEADLIGHT_INSTANCE (its default is the host's name)."
        )
