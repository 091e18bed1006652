"""What is known offline, read once at the start: bot patterns, mail domains, public suffixes. Never the network."""

import json
import re
from functools import lru_cache
from pathlib import Path

from disposable_email_domains import blocklist as disposable
from publicsuffixlist import PublicSuffixList

from leadlight.core.identity.identify import Knowledge
from leadlight.core.identity.machines.agents import describe
from leadlight.core.identity.machines.bots import BotPatterns, Sources
from leadlight.core.identity.people.emails import MailDomains
from leadlight.errors import ConfigurationError

FOLDER = Path(__file__).parent
REMEMBERED_AGENTS = 8_192
"""To describe an agent takes some 0.2 ms, to look for the names of machines 5 us; most visitors share a few hundred."""

REMEMBERED_DOMAINS = 8_192


def load_knowledge(folder: Path = FOLDER) -> Knowledge:
    """Read the data files.

    Raises:
        ConfigurationError: one is missing or broken; the message says what makes it.
    """
    static, data = folder / "static", folder / "data"
    try:
        patterns = BotPatterns(sources_of_agents(static, data / "bots"))
        free = frozenset(json.loads((static / "free_email_domains.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, re.error) as error:
        raise ConfigurationError(
            f"The identifier's data in {static} cannot be read ({error}). `make setup` builds it."
        ) from error
    named = lru_cache(REMEMBERED_AGENTS)(patterns.named)
    suffixes = PublicSuffixList()

    def registrable(domain: str) -> str | None:
        found: str | None = suffixes.privatesuffix(domain)
        return found

    endings = PublicSuffixList(accept_unknown=False)

    def has_ending(label: str) -> bool:
        return endings.publicsuffix(f"any.{label}") is not None

    return Knowledge(
        describe=lru_cache(REMEMBERED_AGENTS)(describe),
        named=named,
        mail=MailDomains(
            registrable=lru_cache(REMEMBERED_DOMAINS)(registrable),
            free=free | _listed(data / "free_email_domains.txt"),
            disposable=frozenset(disposable) | _listed(data / "disposable_domains.txt"),
            relays=_listed(data / "relay_domains.txt"),
            hosted=_listed(data / "hosted_domains.txt"),
            services=_listed(data / "service_domains.txt"),
            offices=_listed(data / "office_names.txt"),
            has_ending=lru_cache(REMEMBERED_DOMAINS)(has_ending),
        ),
    )


def sources_of_agents(static: Path, own: Path) -> Sources:
    """What is known of agents: two npm packages' lists, and what they leave out."""

    def lines(name: str) -> list[str]:
        text = (own / f"{name}.txt").read_text(encoding="utf-8")
        return [line for line in text.splitlines() if line and not line.startswith("# ") and line != "#"]

    return Sources(
        isbot=json.loads((static / "bot_patterns.json").read_text(encoding="utf-8")),
        names=json.loads((static / "bot_names.json").read_text(encoding="utf-8")),
        more=lines("more"),
        shapes=[(words, pattern) for words, _, pattern in (line.partition("\t") for line in lines("shapes"))],
        people=lines("people"),
        broad=lines("broad"),
    )


def _listed(path: Path) -> frozenset[str]:
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return frozenset(line for line in lines if line and not line.startswith("#"))
