"""A file of past traffic, read line by line from where it was left, in pieces that fit into a post."""

import gzip
import hashlib
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import cast

from msgspec.json import encode

from leadlight.core.imports.access_log import BadLine, Skip
from leadlight.core.imports.lines import READERS, Format, Past
from leadlight.core.intake.drops import Drop
from leadlight.errors import ConfigurationError

STDIN = "-"
LINE_BYTES = 64 * 1024
"""Of one line: twice what an event may have. A longer one is bad, and is passed over without being kept in memory."""

PIECE_EVENTS = 500
PIECE_BYTES = 400_000
"""A post takes 500 KB; the rest is for what is around the calls."""

PIECE_LINES = 2_000
"""Of a piece without any event: progress is kept also through a stretch of pictures."""

GZIP = b"\x1f\x8b"


@dataclass(slots=True)
class Piece:
    """Some lines' worth: what to post, and how far the file is read once that is confirmed."""

    calls: list[bytes] = field(default_factory=list)
    lines: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    bad: list[tuple[int, str]] = field(default_factory=list)  # line number, why
    position: int = 0
    digest: str = ""


class PastFile:
    """An opened file; gzip is recognised by its first bytes."""

    def __init__(self, name: str) -> None:
        """Open it.

        Raises:
            ConfigurationError: it cannot be read.
        """
        self.source = STDIN if name == STDIN else str(Path(name).absolute())
        try:
            self._raw = cast(BufferedReader, sys.stdin.buffer) if name == STDIN else Path(name).open("rb")  # noqa: SIM115
            self.size = 0 if name == STDIN else Path(name).stat().st_size
        except OSError as error:
            raise ConfigurationError(f"{name} cannot be read: {error.strerror or error}.") from error
        self._begin()

    def _begin(self) -> None:
        packed = self._raw.peek(2)[:2] == GZIP
        self._stream: gzip.GzipFile | BufferedReader = gzip.GzipFile(fileobj=self._raw) if packed else self._raw
        self._hash = hashlib.blake2b(digest_size=20)
        self.position = self.line = 0

    def __enter__(self) -> "PastFile":
        return self

    def __exit__(self, *_: object) -> None:
        if self.source != STDIN:
            self._raw.close()

    def read_bytes(self) -> int:
        """How much of the file on the disk has been read, for people who wait."""
        return 0 if self.source == STDIN else min(self.size, self._raw.tell())

    def pass_over(self, position: int, digest: str, lines: int) -> bool:
        """Go on behind the first `position` bytes, if they are still those that were read before."""
        left = position
        while left and (read := self._stream.read(min(left, 1 << 20))):
            self._hash.update(read)
            left -= len(read)
        if left or self._hash.hexdigest() != digest:
            return False
        self.position, self.line = position, lines
        return True

    def rewind(self) -> None:
        """Go back to the start."""
        self._raw.seek(0)
        self._begin()

    def pieces(self, form: Format, past: Past, check: Callable[[bytes], Drop | None]) -> Iterator[Piece]:
        """The rest of the file. `check` tells why a call would not be admitted.

        Raises:
            ConfigurationError: the file turned out to be damaged.
        """
        read = READERS[form]
        piece, size, damage = Piece(), 0, None
        lines = self._lines()
        while True:
            try:
                line = next(lines)
            except StopIteration:
                break
            except (OSError, EOFError, zlib.error) as error:
                damage = error
                break
            piece.lines += 1
            try:
                if line is None:
                    raise BadLine(f"longer than {LINE_BYTES} bytes")
                found = read(line, past)
                if isinstance(found, Skip):
                    piece.skipped[found.value] = piece.skipped.get(found.value, 0) + 1
                else:
                    call = encode(found)
                    if reason := check(call):
                        raise BadLine(f"not admitted: {reason.value}")
                    piece.calls.append(call)
                    size += len(call)
            except BadLine as error:
                piece.bad.append((self.line, str(error)))
            if len(piece.calls) >= PIECE_EVENTS or size >= PIECE_BYTES or piece.lines >= PIECE_LINES:
                yield self._stamped(piece)
                piece, size = Piece(), 0
        if piece.lines:
            yield self._stamped(piece)
        if damage is not None:
            raise ConfigurationError(
                f"{self.source} is damaged behind line {self.line}: {damage}. What comes before is imported."
            ) from damage

    def _stamped(self, piece: Piece) -> Piece:
        piece.position, piece.digest = self.position, self._hash.hexdigest()
        return piece

    def _lines(self) -> Iterator[bytes | None]:
        """Each line; None for one that is too long."""
        while line := self._stream.readline(LINE_BYTES):
            self._count(line)
            self.line += 1
            if len(line) < LINE_BYTES or line.endswith(b"\n"):
                yield line
                continue
            while (more := self._stream.readline(LINE_BYTES)) and not more.endswith(b"\n"):
                self._count(more)
            self._count(more)
            yield None

    def _count(self, read: bytes) -> None:
        self._hash.update(read)
        self.position += len(read)
