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
    """The static member `instance-group`. Its client id carries the process's token, so that others see whose it is."""

    def __init__(self, servers: Sequence[str], *, group: str, instance: str, token: str) -> None:
        self.instance_id = f"{instance}-{group}"
        self.client_id = f"{self.instance_id}#{token}"
        self._servers = list(servers)
        self._group = group
        self._instance = instance

    async def taken(self) -> bool:
        """Whether another process sits here now. If nobody can be asked: no."""
        try:
            async with asyncio.timeout(ASK_SECONDS):
                members = await self._members()
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("the group's members are not known", group=self._group, error=repr(error))
            return False
        return any(
            client_id != self.client_id and client_id.rpartition("#")[0] == self.instance_id for client_id in members
        )

    async def _members(self) -> list[str]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._servers, request_timeout_ms=int(ASK_SECONDS * 1000))
        try:
            await admin.start()
            return [
                client_id
                for answer in await admin.describe_consumer_groups([self._group])
                for _error, _group, _state, _type, _protocol, members, *_ in answer.groups
                for _member, client_id, *_ in members
            ]
        finally:
            await admin.close()

    def explanation(self) -> ConfigurationError:
        return ConfigurationError(
            f"Another process reads as {self._group!r} with the instance name {self._instance!r}, and has taken over. "
            "Each process needs a name of its own: set LEADLIGHT_INSTANCE (its default is the host's name)."
        )
