"""A reader of the feed, as an integrator would write one."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

from tests.services.shop import READ_KEY


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> dict[str, Any]:
        """The refusal, after looking that it is a proper problem."""
        assert self.headers["Content-Type"] == "application/problem+json"
        told: dict[str, Any] = self.json
        assert told["status"] == self.status
        assert told["detail"]
        return told


@dataclass(frozen=True, slots=True)
class Told:
    """One server-sent event."""

    id: str
    event: str
    data: Any


class Follower:
    """An open stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.last_id = ""

    async def next(self) -> Told | None:
        """The next event; None when the server has closed."""
        fields: dict[str, str] = {}
        async for raw in self.response.content:
            line = raw.decode().removesuffix("\n")
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                self.last_id = fields.get("id", self.last_id)
                return Told(self.last_id, fields["event"], json.loads(fields["data"]))
            else:
                fields = {}
        return None

    async def until(self, event: str) -> list[Told]:
        """Everything up to the first event of this name, with it."""
        heard: list[Told] = []
        while not heard or heard[-1].event != event:
            told = await self.next()
            assert told is not None, f"the stream ended before {event}: {heard}"
            heard.append(told)
        return heard


class Reader:
    """Asks the feed with a key."""

    def __init__(self, address: str, client: aiohttp.ClientSession) -> None:
        self.address = address
        self.client = client

    @classmethod
    @asynccontextmanager
    async def at(cls, address: str, *, key: str = READ_KEY) -> AsyncIterator[Self]:
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}, timeout=timeout) as client:
            yield cls(address, client)

    async def ask(self, path: str, query: Mapping[str, object] = {}, *, headers: Mapping[str, str] = {}) -> Answer:
        given = {name.rstrip("_"): str(value) for name, value in query.items() if value is not None}
        async with self.client.get(f"{self.address}/api/v1{path}", params=given, headers=headers) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str, **query: object) -> Any:
        """What a good request is answered with."""
        answer = await self.ask(path, query)
        assert answer.status == 200, answer.body
        return answer.json

    async def walk(self, path: str, **query: object) -> AsyncIterator[dict[str, Any]]:
        """Every object of a list, page after page."""
        cursor = None
        while True:
            page = await self.get(path, cursor=cursor, **query)
            for each in page["data"]:
                yield each
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def visitor(self, anonymous_id: str) -> dict[str, Any]:
        (found,) = (await self.get("/visitors", anonymous_id=anonymous_id))["data"]
        return dict(found)

    @asynccontextmanager
    async def follow(self, last_id: str | None = None) -> AsyncIterator[Follower]:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        async with self.client.get(f"{self.address}/api/v1/stream", headers=headers) as response:
            assert response.status == 200, await response.read()
            yield Follower(response)
