"""Commands by which owners state things: sites, keys, users, webhooks."""

import secrets
from typing import Annotated
from uuid import uuid4

import typer

from leadlight.cli.output import plain_name, show
from leadlight.cli.process import address_of, open_database, run, settings_for_command
from leadlight.core.sites.settings import Privacy
from leadlight.runtime import read_secret, utc_now
from leadlight.settings import Settings
from leadlight.store.owners import keys, site_settings, sites, users, webhooks

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")]
SiteOption = Annotated[str, typer.Option("--site", help="The site's id or its domain.")]

site_app = typer.Typer(help="Add and list sites.", no_args_is_help=True)
key_app = typer.Typer(help="Make, list and revoke secret keys for integrators.", no_args_is_help=True)
user_app = typer.Typer(help="Let people into the console.", no_args_is_help=True)
webhook_app = typer.Typer(help="Tell other systems of alerts.", no_args_is_help=True)


def new_write_key() -> str:
    return "wk_" + secrets.token_urlsafe(18)


def described(site: sites.Site, settings: Settings, privacy: Privacy = Privacy.IDENTIFIED) -> dict[str, object]:
    return {
        "id": site.id,
        "name": site.name,
        "domain": site.domain,
        "write_key": site.write_key,
        "snippet": sites.snippet(site, address_of(settings, "collector"), privacy),
    }


@site_app.command("add")
def add_site(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    domain: Annotated[str, typer.Option(help="Its domain, as in shop.example.")],
    as_json: AsJson = False,
) -> None:
    """Add a site and print the snippet to paste."""

    async def work() -> None:
        settings = settings_for_command()
        async with open_database(settings, create=True) as database, database.begin() as connection:
            site = await sites.add(
                connection,
                id=str(uuid4()),
                name=plain_name(name, "A site"),
                domain=domain,
                write_key=new_write_key(),
                now=utc_now(),
            )
        hint = (
            f"\nPaste the snippet into every page. To see the visitors: leadlight user add EMAIL --site {site.domain}"
        )
        show(described(site, settings), as_json=as_json, hint=hint)

    run(work())


@site_app.command("list")
def list_sites(as_json: AsJson = False) -> None:
    """List every site with its write key."""

    async def work() -> None:
        settings = settings_for_command()
        async with open_database(settings) as database, database.read() as connection:
            found = await sites.list_all(connection)
            wanted = await site_settings.of_sites(connection, [site.id for site in found])
        levels = {id: given.privacy for id, given in wanted.items()}
        rows = [described(site, settings, levels.get(site.id, Privacy.IDENTIFIED)) for site in found]
        show(rows, as_json=as_json, hint="" if rows else "No site yet: leadlight site add NAME --domain DOMAIN")

    run(work())


@key_app.command("add")
def add_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    site: SiteOption,
    scope: Annotated[str, typer.Option(help="read, write, ingest: one or more, separated by commas.")] = "read",
    as_json: AsJson = False,
) -> None:
    """Make a secret key and show it, once."""

    async def work() -> None:
        settings = settings_for_command()
        scopes = keys.parse_scopes(scope)
        key, id = keys.PREFIX + secrets.token_urlsafe(32), str(uuid4())
        async with open_database(settings) as database, database.begin() as connection:
            owner = await sites.find(connection, site)
            await keys.add(
                connection,
                site_id=owner.id,
                id=id,
                name=plain_name(name, "A key"),
                key=key,
                scopes=scopes,
                now=utc_now(),
            )
        show({"id": id, "key": key}, as_json=as_json, hint="\nKeep it now: it is not shown again.")

    run(work())


@key_app.command("list")
def list_keys(site: SiteOption, as_json: AsJson = False) -> None:
    """List a site's keys, without the keys themselves."""

    async def work() -> None:
        async with open_database(settings_for_command()) as database, database.read() as connection:
            owner = await sites.find(connection, site)
            found = await keys.list_for(connection, owner.id)
        rows = [
            {
                "id": key.id,
                "name": key.name,
                "scopes": ",".join(sorted(key.scopes)),
                "created_at": key.created_at.isoformat(),
                "last_used_at": key.last_used_at and key.last_used_at.isoformat(),
                "revoked_at": key.revoked_at and key.revoked_at.isoformat(),
            }
            for key in found
        ]
        show(rows, as_json=as_json)

    run(work())


@key_app.command("revoke")
def revoke_key(id: Annotated[str, typer.Argument()], site: SiteOption, as_json: AsJson = False) -> None:
    """Make a key useless, within two seconds."""

    async def work() -> bool:
        async with open_database(settings_for_command()) as database, database.begin() as connection:
            owner = await sites.find(connection, site)
            return await keys.revoke(connection, owner.id, id, now=utc_now())

    revoked = run(work())
    show({"id": id, "revoked": revoked}, as_json=as_json)
    raise typer.Exit(0 if revoked else 1)


@user_app.command("add")
def add_user(
    email: Annotated[str, typer.Argument(help="Who may sign in.")],
    site: SiteOption,
    role: Annotated[str, typer.Option(help="admin or rep.")] = "admin",
    as_json: AsJson = False,
) -> None:
    """Let somebody into a site's console: prints a one-time sign-in link, good for 24 hours. Repeat it for a new link."""

    async def work() -> None:
        settings = settings_for_command()
        token = secrets.token_urlsafe(32)
        async with open_database(settings) as database, database.begin() as connection:
            owner = await sites.find(connection, site)
            now = utc_now()
            user = await users.add(connection, site_id=owner.id, id=str(uuid4()), email=email, role=role, now=now)
            await users.add_sign_in(connection, user, token=token, now=now)
        link = f"{address_of(settings, 'console')}/sign-in/{token}"
        show({"id": user.id, "sign_in": link}, as_json=as_json)

    run(work())


@user_app.command("list")
def list_users(site: SiteOption, as_json: AsJson = False) -> None:
    """List who may sign in to a site's console."""

    async def work() -> None:
        async with open_database(settings_for_command()) as database, database.read() as connection:
            owner = await sites.find(connection, site)
            found = await users.list_for(connection, owner.id)
        rows = [
            {
                "id": user.id,
                "email": user.email,
                "role": user.role,
                "last_seen_at": user.last_seen_at and user.last_seen_at.isoformat(),
            }
            for user in found
        ]
        show(rows, as_json=as_json)

    run(work())


@user_app.command("remove")
def remove_user(email: Annotated[str, typer.Argument()], site: SiteOption, as_json: AsJson = False) -> None:
    """Take somebody's access away at once, wherever they are signed in."""

    async def work() -> bool:
        async with open_database(settings_for_command()) as database, database.begin() as connection:
            owner = await sites.find(connection, site)
            return await users.remove(connection, owner.id, email)

    removed = run(work())
    show({"email": email, "removed": removed}, as_json=as_json)
    raise typer.Exit(0 if removed else 1)


@webhook_app.command("add")
def add_webhook(
    url: Annotated[str, typer.Argument(help="Where alerts are posted to.")],
    site: SiteOption,
    types: Annotated[str | None, typer.Option(help="Event types, separated by commas; all by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Have alerts posted to an address; prints the secret that signs them, once."""

    async def work() -> None:
        settings = settings_for_command()
        id, signing = str(uuid4()), webhooks.new_secret(secrets.token_bytes(32))
        sealed = webhooks.seal(signing, secret=read_secret(settings), bound_to=id)
        async with open_database(settings) as database, database.begin() as connection:
            owner = await sites.find(connection, site)
            await webhooks.add(
                connection,
                site_id=owner.id,
                id=id,
                url=url,
                types=webhooks.parse_types(types),
                secret_sealed=sealed,
                now=utc_now(),
            )
        show({"id": id, "secret": signing}, as_json=as_json, hint="\nKeep the secret now: it is not shown again.")

    run(work())


@webhook_app.command("list")
def list_webhooks(site: SiteOption, as_json: AsJson = False) -> None:
    """List a site's webhook endpoints and whether they are alive."""

    async def work() -> None:
        async with open_database(settings_for_command()) as database, database.read() as connection:
            owner = await sites.find(connection, site)
            found = await webhooks.list_for(connection, [owner.id])
        rows = [
            {
                "id": hook.id,
                "url": hook.url,
                "types": None if hook.types is None else ",".join(sorted(hook.types)),
                "disabled": hook.disabled_reason,
            }
            for hook in found
        ]
        show(rows, as_json=as_json)

    run(work())


@webhook_app.command("remove")
def remove_webhook(id: Annotated[str, typer.Argument()], site: SiteOption, as_json: AsJson = False) -> None:
    """Stop telling an endpoint anything."""

    async def work() -> bool:
        async with open_database(settings_for_command()) as database, database.begin() as connection:
            owner = await sites.find(connection, site)
            return await webhooks.remove(connection, owner.id, id)

    removed = run(work())
    show({"id": id, "removed": removed}, as_json=as_json)
    raise typer.Exit(0 if removed else 1)
