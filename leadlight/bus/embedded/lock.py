"""A folder belongs to one process at a time."""

import fcntl
import os
import time
from pathlib import Path


class Held(Exception):
    """Another process has the folder; `by` is its process id, as far as it told."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


ATTEMPTS = 3
PATIENCE_SECONDS = 0.02
"""Somebody may only be looking whether the folder is locked, or be removing it."""


def lock_folder(folder: Path) -> int:
    """Hold the folder until the descriptor is closed or the process ends.

    Raises:
        Held: another process does.
        OSError: the folder cannot be used.
    """
    for attempt in range(ATTEMPTS):
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            if attempt == ATTEMPTS - 1:
                raise Held(holder) from None
            time.sleep(PATIENCE_SECONDS)
        else:
            if os.fstat(descriptor).st_ino == (folder / "lock").stat().st_ino:
                break
            os.close(descriptor)  # whoever held it has removed it
    else:
        raise Held("unknown")
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def is_locked(folder: Path) -> bool:
    """Whether a process holds the folder. Changes nothing."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
