"""What the event log counts, whichever adapter runs."""

from prometheus_client import Counter

PUBLISHED = Counter("leadlight_log_records_published_total", "Records the log confirmed as durable.", ["topic"])
FAILED = Counter("leadlight_log_records_unconfirmed_total", "Records the log did not confirm in time.", ["topic"])
LOST = Counter(
    "leadlight_log_positions_lost_total",
    "Times a reader's stored position was outside what the log still has; it went on at the log's beginning.",
    ["topic", "reader"],
)
SKIPPED = Counter(
    "leadlight_log_records_skipped_total",
    "Records a reader never saw because the log had trimmed or lost them.",
    ["topic", "reader"],
)
REBUILDS = Counter("leadlight_log_rebuilds_total", "Kafka clients that were thrown away and built anew.", ["part"])
