"""What a collector's spool counts."""

from prometheus_client import Counter, Gauge

RECORDS = Gauge("leadlight_spool_records", "Events in this collector's spool, acknowledged and not yet in the log.")
BYTES = Gauge("leadlight_spool_bytes", "What the spool takes on the disk.")
LIMIT = Gauge("leadlight_spool_limit_bytes", "What the spool may take on the disk.")
OLDEST = Gauge("leadlight_spool_oldest_age_seconds", "Age of the spool's oldest event; 0 while it is empty.")
DRAINED = Counter("leadlight_spool_drained_total", "Events that went from the spool to the log.")
REFUSED = Counter("leadlight_spool_refused_total", "Posts that the spool refused, by reason.", ["reason"])
DEAD = Counter("leadlight_spool_dead_total", "Spooled events that the log does not take; they are dead letters.")
LOST = Counter("leadlight_spool_damaged_total", "Spooled events that could not be read back from the disk.")
