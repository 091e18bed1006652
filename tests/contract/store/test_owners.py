"""What owners state: sites, keys, users and webhooks."""

from datetime import UTC, datetime, timedelta

import pytest

from leadlight.errors import ConfigurationError
from leadlight.store.database import Database
from leadlight.store.owners import keys, sites, users, webhooks

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = b"s" * 32


async def add_site(database: Database, domain: str = "shop.example", name: str = "Shop") -> sites.Site:
    async with database.begin() as connection:
        return await sites.add(connection, id="site-1", name=name, domain=domain, write_key="wk-1", now=NOW)


async def test_a_site_is_found_by_id_domain_and_write_key(database: Database) -> None:
    site = await add_site(database, "https://www.Shop.example/start")
    async with database.read() as connection:
        assert site.domain == "shop.example"
        assert await sites.find(connection, site.id) == site
        assert await sites.find(connection, "WWW.shop.example") == site
        assert await sites.by_write_key(connection, site.write_key) == site
        assert await sites.by_write_key(connection, "wk-other") is None
        with pytest.raises(ConfigurationError, match=r"shop\.example"):
            await sites.find(connection, "nope.example")


async def test_a_domain_is_taken_once(database: Database) -> None:
    await add_site(database)
    with pytest.raises(ConfigurationError, match="there already"):
        await add_site(database)


@pytest.mark.parametrize(
    "domain", ["", "no domain", "-x.example", "a" * 70 + ".example", "b..example", "x\x00.example"]
)
async def test_what_is_no_domain_is_refused(database: Database, domain: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a domain"):
        await add_site(database, domain)


async def test_a_key_works_until_it_is_revoked_and_is_stored_as_a_hash_only(database: Database) -> None:
    site = await add_site(database)
    async with database.begin() as connection:
        await keys.add(
            connection, site_id=site.id, id="k", name="crm", key="llk_secret", scopes={"write", "read"}, now=NOW
        )
    async with database.read() as connection:
        key = await keys.verify(connection, "llk_secret")
        assert key is not None
        assert key.site_id == site.id
        assert key.scopes == frozenset({"read", "write"})
        assert await keys.verify(connection, keys.hashed("llk_secret")) is None
    async with database.begin() as connection:
        assert await keys.revoke(connection, site.id, "k", now=NOW)
        assert not await keys.revoke(connection, site.id, "k", now=NOW)
    async with database.read() as connection:
        assert await keys.verify(connection, "llk_secret") is None


async def test_a_sign_in_link_opens_one_session_once_and_in_time(database: Database) -> None:
    site = await add_site(database)
    async with database.begin() as connection:
        user = await users.add(connection, site_id=site.id, id="u", email=" Ann@Shop.example", role="rep", now=NOW)
        await users.add_sign_in(connection, user, token="t1", now=NOW)
        await users.add_sign_in(connection, user, token="t2", now=NOW)
    late = NOW + users.SIGN_IN_LIFETIME + timedelta(seconds=1)
    async with database.begin() as connection:
        assert await users.may_redeem(connection, "t1", now=NOW)
        signed_in = await users.redeem(connection, "t1", session="s1", now=NOW)
        assert signed_in is not None
        assert signed_in.email == "ann@shop.example"
        assert await users.redeem(connection, "t1", session="s2", now=NOW) is None
        assert await users.redeem(connection, "t2", session="s3", now=late) is None
        assert await users.redeem(connection, "unknown", session="s4", now=NOW) is None
    async with database.begin() as connection:
        assert (await users.of_session(connection, "s1", now=NOW)) is not None
        assert await users.of_session(connection, "s1", now=NOW + users.SESSION_LIFETIME) is None
        assert await users.of_session(connection, "s2", now=NOW) is None
        await users.sign_out(connection, "s1")
        assert await users.of_session(connection, "s1", now=NOW) is None


async def test_adding_a_user_again_changes_the_role_and_keeps_the_user(database: Database) -> None:
    site = await add_site(database)
    async with database.begin() as connection:
        first = await users.add(connection, site_id=site.id, id="u1", email="ann@shop.example", role="rep", now=NOW)
        again = await users.add(connection, site_id=site.id, id="u2", email="ANN@shop.example", role="admin", now=NOW)
        assert (again.id, again.role) == (first.id, "admin")
        assert [user.id for user in await users.list_for(connection, site.id)] == ["u1"]


async def test_a_webhook_secret_is_sealed_to_its_row_and_to_the_installation(database: Database) -> None:
    site = await add_site(database)
    signing = webhooks.new_secret(bytes(range(32)))
    sealed = webhooks.seal(signing, secret=SECRET, bound_to="w")
    async with database.begin() as connection:
        await webhooks.add(
            connection,
            site_id=site.id,
            id="w",
            url="https://crm.example/hook",
            types=frozenset({"visitor.hot"}),
            secret_sealed=sealed,
            now=NOW,
        )
        (hook,) = await webhooks.list_for(connection, [site.id])
    assert signing.encode() not in hook.secret_sealed
    assert webhooks.unseal(hook.secret_sealed, secret=SECRET, bound_to="w") == signing
    for secret, bound_to in [(b"x" * 32, "w"), (SECRET, "other")]:
        with pytest.raises(ConfigurationError, match="LEADLIGHT_SECRET"):
            webhooks.unseal(hook.secret_sealed, secret=secret, bound_to=bound_to)
    assert hook.wants("visitor.hot")
    assert not hook.wants("visitor.cold")
    async with database.begin() as connection:
        await webhooks.disable(connection, site.id, "w", reason="it answered 410", now=NOW)
        (hook,) = await webhooks.list_for(connection, [site.id])
    assert not hook.wants("visitor.hot")


@pytest.mark.parametrize(
    "url", ["", "crm.example/hook", "ftp://crm.example", "https://", "http://[::1", "https://me:pw@crm.example/"]
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        webhooks.check_url(url)
