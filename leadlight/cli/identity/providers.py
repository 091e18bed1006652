"""`leadlight providers`: the paid services that are asked about companies, what they cost, and how they stand."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Annotated

import typer
from msgspec import to_builtins

from leadlight.cli.output import say, show
from leadlight.cli.owners import AsJson
from leadlight.cli.process import open_database, run, settings_for_command
from leadlight.core.identity.networks.addresses import special_rule
from leadlight.core.identity.networks.blocks import DOCUMENTATION
from leadlight.core.identity.providers.circuit import Breaker, Circuit
from leadlight.core.records import Network
from leadlight.errors import ConfigurationError, WrongUsage
from leadlight.runtime import utc_now
from leadlight.settings import Settings
from leadlight.store.companies import spend
from leadlight.store.companies.spend import MICROS, Month, Standing
from leadlight.store.database import Database
from services.identifier.knowledge import load_knowledge
from services.identifier.remote.configuration import ProviderSettings, read_providers
from services.identifier.remote.desk import Desk
from services.identifier.remote.names import reader_of_names
from services.identifier.remote.provider import Provider, open_client
from services.identifier.remote.reverse import NAME as REVERSE_DNS
from services.identifier.remote.reverse import ReverseDns

app = typer.Typer(
    help="Paid services that tell whose network an address is, as `providers.yaml` in the data folder names them.",
    no_args_is_help=True,
)


@app.command("status")
def show_status(as_json: AsJson = False) -> None:
    """Show each source outside: this month's questions and cost, what is left, and whether it answers."""

    async def work() -> None:
        settings, now = settings_for_command(), utc_now()
        providers = read_providers(settings)
        async with open_database(settings) as database, database.read() as connection:
            month = spend.month_of(now)
            used = await spend.used(connection, [one.name for one in providers], month=month)
            standings = await spend.standings(connection)
        rows = [_names_row(settings, standings.get(REVERSE_DNS))]
        rows += [_row(one, used[one.name], standings.get(f"provider:{one.name}"), month) for one in providers]
        hint = "" if providers else f"No paid service is set up. {settings.data / 'providers.yaml'} would name them."
        show(rows, as_json=as_json, hint=hint)

    run(work())


@app.command("test")
def ask_once(
    name: Annotated[str, typer.Argument(help="A provider of providers.yaml, or reverse_dns.")],
    address: Annotated[str, typer.Argument(help="The address to ask about.")],
    kind: Annotated[
        str, typer.Option("--class", help="What class of network to take it for; isp is doubted the most.")
    ] = "isp",
    as_json: AsJson = False,
) -> None:
    """Ask one source about one address, and show what is believed of its answer. Counts as a question of this month."""
    why = special_rule(address)
    if why is not None and why != DOCUMENTATION:
        raise WrongUsage(f"{address} is no address that somebody has: {why.partition(':')[2].replace('_', ' ')}.")

    async def work() -> None:
        settings = settings_for_command()
        async with open_database(settings) as database, AsyncExitStack() as stack:
            desk = await _desk(stack, settings, database, name)
            outcome = await desk.ask(address, Network(kind=kind))
        if outcome is None:
            why = desk.circuit.error or "its budget for this month is used up"
            raise ConfigurationError(f"{name} was not asked or did not answer: {why}{'' if why.endswith('?') else '.'}")
        result: dict[str, object] = {
            "provider": name,
            "address": address,
            "outcome": outcome.why,
            "company": to_builtins(outcome.answer) if outcome.answer else None,
            "facts": to_builtins(outcome.facts) if outcome.facts else None,
        }
        show(result, as_json=as_json)
        if outcome.answer is None:
            say("It names no company that would be believed.")

    run(work())


async def _desk(stack: AsyncExitStack, settings: Settings, database: Database, name: str) -> Desk:
    """A desk of its own for one question, whatever was of the source before."""
    mail = load_knowledge().mail
    if name == REVERSE_DNS:
        names = ReverseDns(settings.resolvers or (), reader_of_names(mail))
        stack.push_async_callback(names.close)
        return Desk(names, database, utc_now, circuit=Circuit())
    providers = read_providers(settings)
    chosen = next((one for one in providers if one.name == name), None)
    if chosen is None:
        known: Sequence[str] = [REVERSE_DNS, *(one.name for one in providers)]
        raise WrongUsage(f"There is no provider {name!r}. There are: {', '.join(known)}.")
    client = await stack.enter_async_context(open_client())
    return Desk(Provider(chosen, client, mail, utc_now), database, utc_now, circuit=Circuit(), provider=chosen)


def _names_row(settings: Settings, standing: Standing | None) -> dict[str, object]:
    off = settings.resolvers is None
    return {
        "name": REVERSE_DNS,
        "title": "off" if off else f"name servers: {', '.join(settings.resolvers or ()) or 'the system’s'}",
        **dict.fromkeys(("month", "calls", "matches", "calls_left", "spent", "budget")),
        **_standing(None if off else standing),
    }


def _row(provider: ProviderSettings, used: Month, standing: Standing | None, month: str) -> dict[str, object]:
    budget = provider.budget
    left = max(0, budget.calls - used.calls)
    if budget.micros is not None and budget.price_micros:
        left = min(left, max(0, budget.micros - used.spent_micros) // budget.price_micros)
    return {
        "name": provider.name,
        "title": provider.shape.title,
        "month": month,
        "calls": used.calls,
        "matches": used.matches,
        "calls_left": left,
        "spent": used.spent_micros / MICROS,
        "budget": None if budget.micros is None else budget.micros / MICROS,
        **_standing(standing),
    }


def _standing(standing: Standing | None) -> dict[str, object]:
    return {
        "breaker": standing.state if standing else Breaker.CLOSED.value,
        "error": standing.error or None if standing else None,
        "not_before": standing.not_before.isoformat(timespec="seconds") if standing and standing.not_before else None,
    }
