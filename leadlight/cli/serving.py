"""`leadlight up` and `leadlight run`: put services together and keep them going."""

import contextlib
import os
import secrets
import shutil
import socket
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from uuid import uuid4

from leadlight.cli.output import say, show
from leadlight.cli.owners import new_write_key
from leadlight.cli.process import (
    forget_addresses,
    note_addresses,
    origin,
    prepare_data_folder,
    run,
    settings_for_command,
)
from leadlight.errors import ConfigurationError, StoreUnavailable
from leadlight.logs import configure_logs, get_logger
from leadlight.runtime import Runtime, open_runtime, serve, utc_now
from leadlight.runtime.networks.standing import look, notices
from leadlight.runtime.service import Service
from leadlight.settings import Settings, read_settings
from leadlight.store.database import Database
from leadlight.store.migrate import check_schema, migrate
from leadlight.store.owners import sites, users

log = get_logger(__name__)

ALL = ("collector", "identifier", "scorer", "alerter", "feed", "console")
DEFAULT_PORT = 8000
OWNER_EMAIL = "owner@localhost"
DEMO_NAME, DEMO_DOMAIN = "Fernhall (demo)", "fernhall.example"


def up(*, data: Path | None, host: str | None, port: int | None, demo_site: bool, as_json: bool) -> None:
    """Everything in one process on one port, and the demo site, as a foreign origin, on the next."""
    settings = read_settings(data=data, host=host, port=port)
    if not settings.embedded:
        raise ConfigurationError(
            "LEADLIGHT_BUS_URL names Kafka, but `leadlight up` is one process with a log of its own. "
            "Unset it, or start the services with `leadlight run`."
        )
    _configure_logs(settings)
    run(_up(settings, demo_site=demo_site, as_json=as_json))


async def _up(settings: Settings, *, demo_site: bool, as_json: bool) -> None:
    prepare_data_folder(settings)
    front = serve.listen(settings.host, DEFAULT_PORT if settings.port is None else settings.port)
    port = _port_of(front)
    settings = settings.with_port(port)
    home = settings.public_url or origin(settings.host, port)
    async with open_runtime(settings) as runtime:
        await migrate(runtime.database)
        shop, sign_in = await _first_run(runtime.database)
        listeners: list[serve.Listener] = [(serve.join(runtime, services := _services(runtime, ALL)), front)]
        demo_home = None
        if demo_site and shop is not None:
            from services.demosite.app import demo_site as demo_app

            side = _listen_next(settings.host, port + 1)
            demo_home = origin(settings.host, _port_of(side))
            listeners.append((demo_app(collector_origin=home, write_key=shop.write_key), side))
        addresses = {
            "console": home,
            "collector": home,
            "feed": f"{home}/api/v1",
            "docs": f"{home}/api/v1/docs",
            "demo_site": demo_home,
            "sign_in": sign_in and f"{home}/sign-in/{sign_in}",
        }

        def ready() -> None:
            noted = {name: value for name, value in addresses.items() if name != "sign_in"}
            note_addresses(settings, noted | {"local": origin(settings.host, port)})
            if as_json:
                show(addresses, as_json=True)
            else:
                _welcome(settings, addresses)
                _tell_of_data(settings)

        try:
            await serve.run(runtime, services, listeners, ready)
        finally:
            forget_addresses(settings)
    if not as_json:
        say("Stopped. All data are kept.")


async def _first_run(database: Database) -> tuple[sites.Site | None, str | None]:
    """The demo site, and a sign-in token while nobody has used one yet: made where they are missing."""
    async with database.begin() as connection:
        found = await sites.list_all(connection)
        now = utc_now()
        if not found:
            shop = await sites.add(
                connection,
                id=str(uuid4()),
                name=DEMO_NAME,
                domain=DEMO_DOMAIN,
                write_key=new_write_key(),
                now=now,
                demo=True,
            )
            found = [shop]
        demo = next((site for site in found if site.demo), None)
        if not await users.nobody_signed_in(connection):
            return demo, None
        token = secrets.token_urlsafe(32)
        for site in found[:1]:
            owner = await users.add(
                connection, site_id=site.id, id=str(uuid4()), email=OWNER_EMAIL, role="admin", now=now
            )
            await users.add_sign_in(connection, owner, token=token, now=now)
        return demo, token


def _welcome(settings: Settings, addresses: dict[str, str | None]) -> None:
    lines = [
        "",
        "Leadlight is ready.",
        "",
        f"  Console     {addresses['console']}/",
        f"  Sign in     {addresses['sign_in']}   (works once, for 24 hours)"
        if addresses["sign_in"]
        else "  Sign in     for a new link: leadlight user add EMAIL --site DOMAIN",
    ]
    if addresses["demo_site"]:
        lines.append(f"  Demo site   {addresses['demo_site']}/   (browse it and watch yourself in the console)")
    lines += [
        f"  Feed docs   {addresses['docs']}",
        f"  Collector   {addresses['collector']}/v1/batch",
        "",
        f"  A living console in a minute:  {_command()} demo     (and away again: {_command()} demo remove)",
        f"  Ctrl-C stops; starting again keeps all data in {settings.data}",
        "",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _tell_of_data(settings: Settings) -> None:
    """In a line each, what is not known for want of network data, or is old."""
    files, missing = look(settings.data, utc_now())
    if not files:
        say(f"  No network data yet: visitors' networks and places are unknown. To get them:  {_command()} data pull\n")
        return
    for found, do in notices(files, missing):
        say(f"  {found}.\n    -> {do}")


def _command() -> str:
    """This program as it can be typed here."""
    program = Path(sys.argv[0])
    if shutil.which("leadlight") == str(program):
        return "leadlight"
    with contextlib.suppress(ValueError):
        return str(program.relative_to(Path.cwd()))
    return str(program)


def run_services(names: Sequence[str], *, as_json: bool) -> None:
    """Some of the services in this process; they share a port, on which only HTTP services answer more than health."""
    settings = read_settings()
    _configure_logs(settings)
    run(_run_services(settings, names, as_json=as_json))


async def _run_services(settings: Settings, names: Sequence[str], *, as_json: bool) -> None:
    prepare_data_folder(settings)
    async with open_runtime(settings) as runtime:
        if settings.sqlite:
            await migrate(runtime.database)
        else:
            await _await_schema(runtime)
        services = _services(runtime, names)
        front = _listen_for(settings, services)
        address = origin(settings.host, _port_of(front))

        def ready() -> None:
            log.info("ready", services=list(names), address=address, instance=settings.instance)
            if as_json:
                show({"services": list(names), "address": address}, as_json=True)

        await serve.run(runtime, services, [(serve.join(runtime, services), front)], ready)


async def _await_schema(runtime: Runtime) -> None:
    """Wait for a database that is away; a wrong schema is the operator's to mend and ends the start."""
    while True:
        try:
            await check_schema(runtime.database)
        except StoreUnavailable as error:
            log.warning("waiting for the database", error=str(error))
            await runtime.pause(1.0)
        else:
            return


def topics(*, as_json: bool) -> None:
    settings = settings_for_command()
    if settings.embedded:
        show([], as_json=as_json, hint="The embedded log needs no topics. LEADLIGHT_BUS_URL=kafka://... names a Kafka.")
        return
    from leadlight.bus.topics import create_topics

    rows = [
        {
            "topic": report.name,
            "done": "created" if report.created else "changed" if report.changes else "as it should be",
            "partitions": report.partitions,
            "replicas": report.replicas,
        }
        for report in run(create_topics(settings.bus_url))
    ]
    show(rows, as_json=as_json)


def _services(runtime: Runtime, names: Sequence[str]) -> list[Service]:
    makers: list[Callable[[Runtime], Service]] = [import_module(f"services.{name}.service").service for name in names]
    return [make(runtime) for make in makers]


def _listen_for(settings: Settings, services: Sequence[Service]) -> socket.socket:
    """The port that was asked for, or the first HTTP service's own. Workers alone take any free one if theirs is busy."""
    speaking = [service for service in services if service.app is not None]
    port = (speaking or services)[0].port
    if settings.port is not None or speaking:
        return serve.listen(settings.host, settings.port or port)
    return _listen_next(settings.host, port)


def _listen_next(host: str, port: int) -> socket.socket:
    with contextlib.suppress(ConfigurationError):
        return serve.listen(host, port)
    return serve.listen(host, 0)


def _port_of(sock: socket.socket) -> int:
    port: int = sock.getsockname()[1]
    return port


def _configure_logs(settings: Settings) -> None:
    form = settings.log_format
    if "LEADLIGHT_LOG_FORMAT" not in os.environ and not sys.stderr.isatty():
        form = "json"
    configure_logs(level=settings.log_level, form=form)
