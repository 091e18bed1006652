"""What the identifier tells of its work."""

from collections import Counter as Numbers
from collections.abc import Sequence

from prometheus_client import Counter

from leadlight.core.records import Identified

VERDICTS = Counter("leadlight_identifier_verdicts_total", "Events by what they told of their sender.", ["verdict"])
NETWORKS = Counter(
    "leadlight_identifier_networks_total",
    "Events by the class of the network that they came over and the method that named their company.",
    ["class", "method"],
)


def count(found: Sequence[Identified]) -> None:
    verdicts: Numbers[str] = Numbers()
    networks: Numbers[tuple[str, str]] = Numbers()
    for one in found:
        verdicts["bot" if one.bot_reasons else "contact" if one.contact else "anonymous"] += 1
        verdicts["company"] += one.company is not None
        networks[one.network.kind, one.company.method if one.company is not None else "none"] += 1
    for verdict, number in verdicts.items():
        VERDICTS.labels(verdict).inc(number)
    for labels, number in networks.items():
        NETWORKS.labels(*labels).inc(number)
