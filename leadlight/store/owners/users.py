"""People who use the console: one-time sign-in links, and the sessions that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.errors import WrongUsage
from leadlight.store.database import insert
from leadlight.store.owners.keys import hashed
from leadlight.store.owners.sites import Site
from leadlight.store.tables import sessions, sign_ins, sites, users

ROLES = ("admin", "rep")
SIGN_IN_LIFETIME = timedelta(hours=24)
"""Long enough to be sent to a colleague in the evening, too short to be found in an old mail."""
SESSION_LIFETIME = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class User:
    """Someone who may sign in to one site's console."""

    site_id: str
    id: str
    email: str
    name: str | None
    role: str
    created_at: datetime
    last_seen_at: datetime | None


async def add(connection: AsyncConnection, *, site_id: str, id: str, email: str, role: str, now: datetime) -> User:
    """Add a user, or give one who is there already the role.

    Raises:
        WrongUsage: the e-mail address or the role makes no sense.
    """
    email = email.strip().casefold()
    local, at, domain = email.rpartition("@")
    if not local or not at or not domain or any(c.isspace() or c == "\x00" for c in email):
        raise WrongUsage(f"{email!r} is not an e-mail address.")
    if role not in ROLES:
        raise WrongUsage(f"{role!r} is no role: expected one of {', '.join(ROLES)}.")
    statement = insert(connection, users).values(site_id=site_id, id=id, email=email, role=role, created_at=now)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["site_id", "email"], set_={"role": statement.excluded.role})
    )
    row = await connection.execute(select(users).where(users.c.site_id == site_id, users.c.email == email))
    return _user(row.one())


async def list_for(connection: AsyncConnection, site_id: str) -> Sequence[User]:
    rows = await connection.execute(select(users).where(users.c.site_id == site_id).order_by(users.c.created_at))
    return [_user(row) for row in rows]


async def remove(connection: AsyncConnection, site_id: str, email: str) -> bool:
    """Take a user's access away at once, with open sessions and unused links; whether there was such a user."""
    email = email.strip().casefold()
    found = await connection.execute(select(users.c.id).where(users.c.site_id == site_id, users.c.email == email))
    user_id = found.scalar_one_or_none()
    if user_id is None:
        return False
    for table in (sessions, sign_ins):
        await connection.execute(delete(table).where(table.c.site_id == site_id, table.c.user_id == user_id))
    await connection.execute(delete(users).where(users.c.site_id == site_id, users.c.id == user_id))
    return True


async def nobody_signed_in(connection: AsyncConnection) -> bool:
    """Whether no user has ever opened the console."""
    seen = select(func.count()).select_from(users).where(users.c.last_seen_at.is_not(None))
    return (await connection.execute(seen)).scalar_one() == 0


async def add_sign_in(connection: AsyncConnection, user: User, *, token: str, now: datetime) -> None:
    """Make a one-time link's token good for `SIGN_IN_LIFETIME`."""
    await connection.execute(
        insert(connection, sign_ins).values(
            token_hash=hashed(token), site_id=user.site_id, user_id=user.id, expires_at=now + SIGN_IN_LIFETIME
        )
    )


async def may_redeem(connection: AsyncConnection, token: str, *, now: datetime) -> bool:
    """Whether the token would still sign somebody in; looking does not use it up."""
    statement = select(sign_ins.c.token_hash).where(
        sign_ins.c.token_hash == hashed(token), sign_ins.c.used_at.is_(None), sign_ins.c.expires_at > now
    )
    return (await connection.execute(statement)).one_or_none() is not None


async def redeem(connection: AsyncConnection, token: str, *, session: str, now: datetime) -> User | None:
    """Use a sign-in token up and open a session; None when it is unknown, used or expired."""
    used = await connection.execute(
        update(sign_ins)
        .where(sign_ins.c.token_hash == hashed(token), sign_ins.c.used_at.is_(None), sign_ins.c.expires_at > now)
        .values(used_at=now)
        .returning(sign_ins.c.site_id, sign_ins.c.user_id)
    )
    row = used.one_or_none()
    if row is None:
        return None
    site_id, user_id = row
    user = (
        await connection.execute(
            update(users)
            .where(users.c.site_id == site_id, users.c.id == user_id)
            .values(last_seen_at=now)
            .returning(*users.c)
        )
    ).one_or_none()
    if user is None:
        return None
    await connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
    await connection.execute(
        insert(connection, sessions).values(
            token_hash=hashed(session), site_id=site_id, user_id=user_id, expires_at=now + SESSION_LIFETIME
        )
    )
    return _user(user)


async def of_session(connection: AsyncConnection, session: str, *, now: datetime) -> User | None:
    """Who is signed in with this session token."""
    row = (
        await connection.execute(
            select(users)
            .join(sessions, (sessions.c.site_id == users.c.site_id) & (sessions.c.user_id == users.c.id))
            .where(sessions.c.token_hash == hashed(session), sessions.c.expires_at > now)
        )
    ).one_or_none()
    return None if row is None else _user(row)


async def sites_of(connection: AsyncConnection, email: str) -> Sequence[Site]:
    """The sites that this person may look at, by name."""
    rows = await connection.execute(
        select(sites)
        .join(users, users.c.site_id == sites.c.id)
        .where(users.c.email == email)
        .order_by(sites.c.name, sites.c.id)
    )
    return [Site(**row._mapping) for row in rows]


async def move_session(connection: AsyncConnection, session: str, *, email: str, site_id: str, now: datetime) -> bool:
    """Let a session look at another site, if the same person is a user there."""
    user = (
        await connection.execute(select(users.c.id).where(users.c.site_id == site_id, users.c.email == email))
    ).scalar_one_or_none()
    if user is None:
        return False
    moved = await connection.execute(
        update(sessions)
        .where(sessions.c.token_hash == hashed(session), sessions.c.expires_at > now)
        .values(site_id=site_id, user_id=user)
    )
    return moved.rowcount == 1


async def sign_out(connection: AsyncConnection, session: str) -> None:
    await connection.execute(delete(sessions).where(sessions.c.token_hash == hashed(session)))


def _user(row: Row[tuple[object, ...]]) -> User:
    given = row._mapping
    return User(
        site_id=given["site_id"],
        id=given["id"],
        email=given["email"],
        name=given["name"],
        role=given["role"],
        created_at=given["created_at"],
        last_seen_at=given["last_seen_at"],
    )
