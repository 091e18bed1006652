"""What can go wrong, as a tree.

LeadlightError
├── ConfigurationError     the start cannot go on; the message says what to change
│   ├── DataFolderLocked   another process holds the data folder
│   └── LogDamaged         a file of the event log or of a spool is damaged
├── Outage                 something outside is away for now: retried, never dead-lettered
│   ├── LogUnavailable     the event log did not confirm
│   │   └── LogFull        its disk is full; or it is away, and the spool is full
│   └── StoreUnavailable   the database did not answer
├── RecordTooLarge         the log does not take a record of this size
├── PoisonRecord           one record cannot be processed, now or ever: dead-lettered with its reason
└── PositionLost           someone else moved a consumer's position: the batch changed nothing
"""

from pathlib import Path


class LeadlightError(Exception):
    """Every error that Leadlight raises on purpose."""


class ConfigurationError(LeadlightError):
    """The process cannot start as configured. The message says what to change."""


class DataFolderLocked(ConfigurationError):
    """Another process holds the data folder."""


class LogDamaged(ConfigurationError):
    """A file that held acknowledged records is damaged."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


class WrongUsage(ConfigurationError):
    """What somebody gave makes no sense, whatever the state of things: commands then end with 2."""


class Outage(LeadlightError):
    """Something outside is away for now. Retried; never the record's fault."""


class LogUnavailable(Outage):
    """The event log did not confirm in time. What was sent may still appear."""


class LogFull(LogUnavailable):
    """The event log's disk has no room, or it is away and the spool has none. The message may be shown to anyone: it
    names no path."""


class StoreUnavailable(Outage):
    """The database did not answer or broke the connection."""


class RecordTooLarge(LeadlightError):
    """The log does not take a record of this size."""


class PoisonRecord(LeadlightError):
    """This record cannot be processed, however often it is tried."""


class PositionLost(LeadlightError):
    """Another owner moved the position first; the transaction must change nothing."""
