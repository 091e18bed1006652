"""The disk under the embedded log, or under a spool: whether it has room, in words for the operator."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

from leadlight.errors import LogFull, LogUnavailable
from leadlight.logs import get_logger

log = get_logger(__name__)

LOW_BYTES = 32 * 1024 * 1024
"""Below this much free space the operator is warned, before a write has to fail."""

BEGIN_BYTES = 16 * 1024
"""What a new segment takes at least: a block of its own, one for its folder's entry, and some for the journal."""

REFUSED_SECONDS = 30.0
"""For so long a write that found no room counts as the state of the disk, should none come after it to show better."""

WARN_SECONDS = 60.0

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""A full disk, a used-up quota, and a limit on the size of files: the way out is the same."""


class Disk:
    """What the log's writes and the file system's own count tell of the room that is left."""

    def __init__(self, folder: Path, now: Callable[[], float], *, holds: str = "event log") -> None:
        self.holds = holds
        self._folder = folder
        self._now = now
        self._refused_at: float | None = None
        self._looked_at: float | None = None
        self._looking = threading.Lock()

    def refused(self, error: OSError) -> LogUnavailable:
        """Note a write that failed; what its publisher is told. Strangers read it too: it names no path."""
        if error.errno not in NO_ROOM:
            return LogUnavailable(f"The {self.holds} cannot be written: {error.strerror or error}.")
        self._refused_at = self._now()
        return LogFull(f"The {self.holds} cannot be written: its disk is full ({error.strerror}).")

    def written(self) -> None:
        """Note a write that succeeded, and warn of little room: once a minute at most."""
        self._refused_at = None
        self.warn_if_low()

    def warn_if_low(self) -> None:
        now = self._now()
        with self._looking:
            if self._looked_at is not None and 0 <= now - self._looked_at < WARN_SECONDS:
                return
            self._looked_at = now
        try:
            free = self._free_bytes()
        except OSError:
            return  # a folder that cannot be looked at is `problem`'s to tell
        if free < LOW_BYTES:
            log.warning(
                "the disk is almost full: free some space, or posts will be refused",
                folder=str(self._folder),
                free_mb=free // 1_000_000,
            )

    def problem(self) -> str | None:
        """Why the next write would fail for lack of room, if it would."""
        try:
            free = self._free_bytes()
        except OSError as error:
            return f"the folder {self._folder} cannot be used: {error.strerror or error}"
        just_refused = self._refused_at is not None and 0 <= self._now() - self._refused_at < REFUSED_SECONDS
        if free >= BEGIN_BYTES and not just_refused:
            return None
        return f"the disk of {self._folder} is full: {free // 1_000_000} MB free; posts are refused until there is room"

    def _free_bytes(self) -> int:
        disk = os.statvfs(self._folder)
        return disk.f_bavail * disk.f_frsize
