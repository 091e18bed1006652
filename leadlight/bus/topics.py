"""The topics of this version, with their settings and the readers that trimming waits for."""

from dataclasses import dataclass

DAY_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Topic:
    """A named strand of records. The number of partitions is fixed at creation; the embedded log has one."""

    name: str
    readers: tuple[str, ...]
    partitions: int = 12
    retention_seconds: int = 7 * DAY_SECONDS


EVENTS = Topic("leadlight.events.v1", readers=("identifier",))
IDENTIFIED = Topic("leadlight.identified.v1", readers=("scorer",))
TOPICS = (EVENTS, IDENTIFIED)
