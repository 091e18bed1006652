"""A name server on loopback that speaks DNS over UDP and TCP, and misbehaves as it is told."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.reversename
import dns.rrset

UDP_BYTES = 512


class Mood(StrEnum):
    """How a name is answered that is not answered as it should be."""

    SILENT = "silent"
    GARBAGE = "garbage"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    FOREIGN = "foreign"  # an answer to another question


@dataclass
class NameServer:
    """What the server knows; may be changed at any time."""

    address: str  # host:port
    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    moods: dict[str, Mood] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # name, type, udp or tcp

    def call(self, address: str, *names: str, back: bool = True) -> None:
        """Give an address its names, and the names the address too unless told otherwise."""
        pointer = dns.reversename.from_address(address).to_text()
        self.records[pointer, "PTR"] = [f"{name}." for name in names]
        if back:
            for name in names:
                self.records[f"{name}.", "AAAA" if ":" in address else "A"] = [address]

    def alias(self, name: str, target: str) -> None:
        self.records[name, "CNAME"] = [target]

    def mood(self, name: str, mood: Mood) -> None:
        self.moods[name] = mood

    def answer(self, query: bytes, transport: str) -> bytes | None:
        """The reply to a message, if there is to be any."""
        try:
            asked = dns.message.from_wire(query)
        except dns.exception.DNSException:
            return None
        question = asked.question[0]
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind, transport))
        reply = dns.message.make_response(asked)
        reply.flags |= dns.flags.RA
        match self.moods.get(name):
            case Mood.SILENT:
                return None
            case Mood.GARBAGE:
                return query[:2] + b"\xff" * 40
            case Mood.SERVFAIL:
                reply.set_rcode(dns.rcode.SERVFAIL)
                return reply.to_wire()
            case Mood.REFUSED:
                reply.set_rcode(dns.rcode.REFUSED)
                return reply.to_wire()
            case Mood.FOREIGN:
                name = "elsewhere.example."
        found = self.records.get((name, kind))
        seen: set[str] = set()
        while found is None and (name, "CNAME") in self.records and name not in seen:
            seen.add(name)
            target = self.records[name, "CNAME"]
            reply.answer.append(dns.rrset.from_text(name, 300, "IN", "CNAME", *target))
            name = target[0]
            found = self.records.get((name, kind))
        if found:
            reply.answer.append(dns.rrset.from_text(name, 300, "IN", kind, *found))
        elif not reply.answer and not any(known == name for known, _ in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        wire = reply.to_wire(max_size=65535)
        if transport == "udp" and len(wire) > UDP_BYTES:
            cut = dns.message.make_response(asked)
            cut.flags |= dns.flags.TC | dns.flags.RA
            return cut.to_wire()
        return wire


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # on the default loop it is none by type

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._server.answer(data, "udp")
        if reply is not None:
            self._transport.sendto(reply, addr)


@asynccontextmanager
async def open_name_server() -> AsyncIterator[NameServer]:
    """A server on a free loopback port, the same over UDP and TCP."""
    loop = asyncio.get_running_loop()
    server = NameServer("")

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                reply = server.answer(await reader.readexactly(length), "tcp")
                if reply is not None:
                    writer.write(struct.pack("!H", len(reply)) + reply)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(converse, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(server), local_addr=("127.0.0.1", port))
    server.address = f"127.0.0.1:{port}"
    try:
        yield server
    finally:
        transport.close()
        listener.close()
