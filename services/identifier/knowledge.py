"""What is known offline, read once at the start: bot patterns, mail domains, public suffixes. Never the network."""

import json
import re
from functools import lru_cache
from pathlib import Path

from publicsuffixlist import PublicSuffixList

from leadlight.core.identity.identify import Knowledge
from leadlight.core.identity.machines.agents import describe
from leadlight.core.identity.machines.bots import BotPatterns
from leadlight.core.identity.people.emails import MailDomains
from leadlight.errors import ConfigurationError

FOLDER = Path(__file__).parent
REMEMBERED_AGENTS = 8_192
"""A bot pattern search costs some 0.1 ms, and most visitors share a few hundred agents."""

REMEMBERED_DOMAINS = 8_192


def load_knowledge(folder: Path = FOLDER) -> Knowledge:
    """Read the data files.

    Raises:
        ConfigurationError: one is missing or broken; the message says what makes it.
    """
    static, data = folder / "static", folder / "data"
    try:
        patterns = BotPatterns(json.loads((static / "bot_patterns.json").read_text(encoding="utf-8")))
        free = frozenset(json.loads((static / "free_email_domains.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, re.error) as error:
        raise ConfigurationError(
            f"The identifier's data in {static} cannot be read ({error}). `make setup` builds it."
        ) from error
    suffixes = PublicSuffixList()

    def registrable(domain: str) -> str | None:
        found: str | None = suffixes.privatesuffix(domain)
        return found

    return Knowledge(
        describe=lru_cache(REMEMBERED_AGENTS)(describe),
        is_bot=lru_cache(REMEMBERED_AGENTS)(patterns.name),
        mail=MailDomains(
            registrable=lru_cache(REMEMBERED_DOMAINS)(registrable),
            free=free | _listed(data / "free_email_domains.txt"),
            disposable=_listed(data / "disposable_domains.txt"),
            relays=_listed(data / "relay_domains.txt"),
        ),
    )


def _listed(path: Path) -> frozenset[str]:
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return frozenset(line for line in lines if line and not line.startswith("#"))
