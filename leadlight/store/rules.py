"""Which rules hold for a site."""

from functools import cache
from importlib import resources

from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.scoring.rules import Rules, parse_rules


@cache
def default_rules() -> Rules:
    """The rules that every site starts with: `leadlight/core/scoring/default_rules.yaml`."""
    return parse_rules(resources.files("leadlight.core.scoring").joinpath("default_rules.yaml").read_text("utf-8"))


async def for_site(connection: AsyncConnection, site: str) -> Rules:
    """A site's rules. Every site has the default ones as long as a document of its own cannot be stored."""
    return default_rules()
