"""A folder belongs to one process at a time."""

import fcntl
import os
from pathlib import Path


class Held(Exception):
    """Another process has the folder; `by` is its process id, as far as it told."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


def lock_folder(folder: Path) -> int:
    """Hold the folder until the descriptor is closed or the process ends.

    Raises:
        Held: another process does.
        OSError: the folder cannot be used.
    """
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise Held(holder) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
