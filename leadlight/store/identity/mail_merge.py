"""Mail merge: a site's key, and whom the keyed hashes of e-mail addresses stand for.

A hash names known contacts and uploaded people only: whoever makes one up names nobody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.intake.landings import merge_hash
from leadlight.errors import ConfigurationError
from leadlight.store import bulk
from leadlight.store.database import Database, insert
from leadlight.store.owners.webhooks import seal, unseal
from leadlight.store.tables import contacts, mail_merge_keys, mail_merge_people

KEY_PREFIX = "llm_"

AT_ONCE = 2_000
"""People in one transaction."""

_COLUMNS = ("site_id", "hash", "email")


@dataclass(frozen=True, slots=True)
class MergeKey:
    """What a site's mailings are keyed with. Its text, as it is shown, is the key."""

    site: str
    text: str
    made_at: datetime

    def hash_of(self, email: str) -> str:
        """Of a normalised e-mail address."""
        return merge_hash(self.text.encode(), email)


def new_key(random: bytes) -> str:
    """A key out of 32 random bytes, as owners copy it."""
    return KEY_PREFIX + random.hex()


async def find_key(connection: AsyncConnection, site: str, secret: bytes) -> MergeKey | None:
    """The site's key; None as long as nobody has asked for one.

    Raises:
        ConfigurationError: the installation's secret has changed since.
    """
    return (await _keys(connection, [site], secret)).get(site)


async def make_key(database: Database, site: str, secret: bytes, *, random: bytes, now: datetime) -> MergeKey:
    """The site's key, made now if there is none; and every contact under it."""
    sealed = seal(new_key(random), secret=secret, bound_to=_bound_to(site))
    async with database.begin() as connection:
        statement = insert(connection, mail_merge_keys).on_conflict_do_nothing()
        await connection.execute(statement, [{"site_id": site, "key_sealed": sealed, "made_at": now}])
        key = await find_key(connection, site, secret)
    assert key is not None
    await _add_contacts(database, key)
    return key


async def replace_key(database: Database, site: str, secret: bytes, *, random: bytes, now: datetime) -> MergeKey:
    """A new key in the place of one that leaked. What was mailed with the old one names nobody from now on."""
    key = MergeKey(site, new_key(random), now)
    sealed = seal(key.text, secret=secret, bound_to=_bound_to(site))
    async with database.begin() as connection:
        await bulk.upsert(
            connection, mail_merge_keys, ("site_id", "key_sealed", "made_at"), [(site, sealed, key.made_at)]
        )
        there = mail_merge_people.c
        rows = await connection.execute(select(there.email).where(there.site_id == site))
        emails = list(rows.scalars())
        await connection.execute(delete(mail_merge_people).where(there.site_id == site))
        for start in range(0, len(emails), AT_ONCE):
            await add_people(connection, key, emails[start : start + AT_ONCE])
    await _add_contacts(database, key)
    return key


async def add_people(connection: AsyncConnection, key: MergeKey, emails: Sequence[str]) -> None:
    """Let these people's hashes name them. Normalised addresses; who is there already stays."""
    rows = {(key.site, key.hash_of(email), email) for email in emails}
    await bulk.append(connection, mail_merge_people, _COLUMNS, sorted(rows))


async def remember(connection: AsyncConnection, secret: bytes, people: Iterable[tuple[str, str]]) -> None:
    """Let contacts be named by their hash, given as (site, normalised e-mail). Costs one query where no site has a key."""
    wanted = set(people)
    try:
        keys = await _keys(connection, {site for site, _ in wanted}, secret)
    except ConfigurationError:
        return  # the installation's secret has changed: the owner is told where the key is shown, and events go on
    for site, key in sorted(keys.items()):
        await add_people(connection, key, [email for its_site, email in wanted if its_site == site])


async def people_of(connection: AsyncConnection, asked: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Whom hashes stand for: e-mail by (site, hash), of those that stand for anybody."""
    rows = await bulk.select(connection, mail_merge_people, _COLUMNS, ("site_id", "hash"), set(asked))
    return {(site, hash): email for site, hash, email in rows}


async def count_people(connection: AsyncConnection, site: str) -> int:
    """How many people a hash can name."""
    there = select(func.count()).select_from(mail_merge_people).where(mail_merge_people.c.site_id == site)
    return (await connection.execute(there)).scalar_one()


async def _add_contacts(database: Database, key: MergeKey) -> None:
    after = ""
    while True:
        async with database.read() as connection:
            wanted = select(contacts.c.id, contacts.c.email).where(
                contacts.c.site_id == key.site, contacts.c.id > after
            )
            found = (await connection.execute(wanted.order_by(contacts.c.id).limit(AT_ONCE))).all()
        if not found:
            return
        async with database.begin() as connection:
            await add_people(connection, key, [email for _, email in found])
        after = found[-1].id


async def _keys(connection: AsyncConnection, sites: Iterable[str], secret: bytes) -> dict[str, MergeKey]:
    if not (wanted := sorted(sites)):
        return {}
    there = mail_merge_keys.c
    rows = await connection.execute(
        select(there.site_id, there.key_sealed, there.made_at).where(there.site_id.in_(wanted))
    )
    return {
        site: MergeKey(site, unseal(sealed, secret=secret, bound_to=_bound_to(site)), made_at)
        for site, sealed, made_at in rows
    }


def _bound_to(site: str) -> str:
    return f"mail merge {site}"
