"""A bare connection, for what no library would send."""

import asyncio
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

PATIENCE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class RawAnswer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json"
        told: dict[str, Any] = json.loads(self.body)
        assert told["status"] == self.status
        assert told["detail"]
        return told


class Raw:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, host: str, port: int, receive_bytes: int | None = None) -> Self:
        sock = socket.socket()
        if receive_bytes is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (host, port))
        return cls(*await asyncio.open_connection(sock=sock, limit=receive_bytes or 2**16))

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def half_close(self) -> None:
        """Say that nothing more will be sent."""
        self._writer.write_eof()

    def close(self) -> None:
        self._writer.close()

    async def answer(self, *, without_body: bool = False) -> RawAnswer:
        """The next answer."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
            headers = dict(line.lower().split(": ", 1) for line in lines if line)
            status = int(first.split(" ")[1])
            length = 0 if without_body else int(headers.get("content-length", 0))
            return RawAnswer(status, headers, await self._reader.readexactly(length))

    async def line(self) -> bytes:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._reader.readline()

    async def ended(self) -> bytes:
        """What else comes until the server ends the connection, which it must."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            try:
                return await self._reader.read()
            except ConnectionResetError:
                return b""

    async def silent(self, seconds: float) -> bool:
        """Whether nothing comes for so long, not even the end."""
        try:
            async with asyncio.timeout(seconds):
                await self._reader.read(1)
        except TimeoutError:
            return True
        return False


def head(path: str, *headers: str, length: int | None = None, method: str = "POST") -> bytes:
    """A request's line and headers."""
    lines = [f"{method} {path} HTTP/1.1", "Host: collector.example", *headers]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def post(path: str, body: bytes, *headers: str) -> bytes:
    return head(path, *headers, length=len(body)) + body
