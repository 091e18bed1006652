"""What asking outside comes to, in figures."""

from prometheus_client import Counter, Gauge, Histogram

ASKED = Counter(
    "leadlight_remote_asked_total", "Questions to sources outside, by what came of them.", ["source", "outcome"]
)
REMEMBERED = Counter(
    "leadlight_remote_remembered_total", "Questions that were spared: the answer was known.", ["source"]
)
SPARED = Counter(
    "leadlight_remote_not_asked_total",
    "Questions not asked: breaker open, budget used up, too many at once.",
    ["source", "why"],
)
LOST = Counter(
    "leadlight_remote_lost_total", "Connections not looked up because too many waited; the next event asks again."
)
WAITING = Gauge("leadlight_remote_waiting", "Connections that wait to be looked up.")
SECONDS = Histogram(
    "leadlight_remote_seconds",
    "Time that sources outside took.",
    ["source"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10),
)
SPENT = Counter("leadlight_provider_spent_total", "What questions have cost, in the budget's currency.", ["provider"])
LEFT = Gauge("leadlight_provider_budget_left", "Questions left this month.", ["provider"])
BREAKER = Gauge(
    "leadlight_remote_breaker", "0: the source answers; 1: it is being tried; 2: it is left alone.", ["source"]
)
