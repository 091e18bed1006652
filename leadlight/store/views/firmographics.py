"""What is known of companies, as readers see it: one answer out of what each source says."""

from collections.abc import Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.companies import firmographics as known
from leadlight.core.objects import CompanyRef, Firmographics, FirmographicsSource
from leadlight.store.companies import facts

SHOWN = ("industry", "size", "country", "account", "owner", "note")


async def of_companies(
    connection: AsyncConnection, site: str, domains: Iterable[str]
) -> dict[str, Sequence[known.Firmographics]]:
    """What sources say of these companies, the most believed first."""
    return {**await facts.by_domains(connection, site, domains)}


def described(ref: CompanyRef, said: Sequence[known.Firmographics]) -> CompanyRef:
    """The company with what is known of it; called as the owner's list calls it."""
    if not said:
        return ref
    name = next((one.name for one in said if one.source == known.OWN_LIST and one.name), ref.name)
    return CompanyRef(ref.id, ref.domain, name, ref.method, ref.confidence, ref.evidence, taken_together(said))


def taken_together(said: Sequence[known.Firmographics]) -> Firmographics | None:
    """Each field from the first source that tells it, with what came from whom; None where none tells any."""
    values: dict[str, str] = {}
    from_whom: dict[str, list[str]] = {}
    for one in said:
        for field in (*SHOWN, "url"):
            value = getattr(one, field)
            shown = "website" if field == "url" else field
            if value is not None and shown not in values:
                values[shown] = value
                from_whom.setdefault(one.source, []).append(shown)
    if not values:
        return None
    sources = [
        FirmographicsSource(one.source, one.as_of, from_whom[one.source]) for one in said if one.source in from_whom
    ]
    return Firmographics(**values, sources=sources)
