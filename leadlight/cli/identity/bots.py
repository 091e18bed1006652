"""`leadlight bots`: who is kept apart as a machine and why, and what owners say of it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.cli.output import show
from leadlight.cli.owners import AsJson, SiteOption
from leadlight.cli.process import open_database, run, settings_for_command
from leadlight.core.objects import Visitor
from leadlight.runtime import utc_now
from leadlight.store.identity import machines
from leadlight.store.identity.machines import Lesson
from leadlight.store.owners import sites
from leadlight.store.views import visitor_objects
from leadlight.store.views.visitor_objects import VisitorFilter

BY = "command line"
MOST = 1_000

VisitorId = Annotated[str, typer.Argument(help="The visitor's id, as `leadlight bots list` and the console show it.")]
OnlyThis = Annotated[bool, typer.Option("--only-this", help="Learn nothing from it about others.")]

app = typer.Typer(
    help="List the visitors that are kept apart as bots, restore those that are people, mark those that are none, and see "
    "what the site has learnt from it.",
    no_args_is_help=True,
)


@app.command("list")
def list_bots(
    site: SiteOption,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="How many, the latest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List bots with the reasons and the evidence; latest first."""

    async def work() -> list[dict[str, object]]:
        async with open_database(settings_for_command()) as database, database.read() as connection:
            owner = await sites.find(connection, site)
            found, _ = await visitor_objects.page(
                connection, owner.id, VisitorFilter(bot=True), now=utc_now(), limit=limit, newest_first=True
            )
        return [_bot(visitor) for visitor in found]

    rows = run(work())
    if as_json:
        show(rows, as_json=True)
        return
    hint = "To say that one is a person: leadlight bots restore ID --site S" if rows else "No bots."
    show([{**row, **_joined(row)} for row in rows], as_json=False, hint=hint)


@app.command("restore")
def restore(id: VisitorId, site: SiteOption, only_this: OnlyThis = False, as_json: AsJson = False) -> None:
    """Say that a visitor is a person: all that is stored of them counts again, and the site learns from it.

    Events beyond what people can send are not stored, so of a visitor that was too fast these do not come back.
    """

    async def decide(connection: AsyncConnection, owner: str) -> Sequence[Lesson]:
        return await machines.restore(connection, owner, id, by=BY, now=utc_now(), learn=not only_this)

    _decide(site, id, "person", decide, as_json=as_json)


@app.command("mark")
def mark(id: VisitorId, site: SiteOption, only_this: OnlyThis = False, as_json: AsJson = False) -> None:
    """Say that a visitor is a bot: it is scored and told no more. Of one that looks like any other nothing is learnt."""

    async def decide(connection: AsyncConnection, owner: str) -> Sequence[Lesson]:
        return await machines.mark(connection, owner, id, by=BY, now=utc_now(), learn=not only_this)

    _decide(site, id, "machine", decide, as_json=as_json)


@app.command("undo")
def undo(id: VisitorId, site: SiteOption, as_json: AsJson = False) -> None:
    """Take back what was said of a visitor, and what was learnt from it."""

    async def work() -> bool:
        async with open_database(settings_for_command()) as database, database.begin() as connection:
            owner = await sites.find(connection, site)
            return await machines.undo(connection, owner.id, id, by=BY, now=utc_now())

    undone = run(work())
    show({"id": id, "undone": undone}, as_json=as_json)
    raise typer.Exit(0 if undone else 1)


@app.command("lessons")
def lessons(
    site: SiteOption,
    forget: Annotated[str | None, typer.Option(help="Unlearn the lesson of this id.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what the site has learnt from restored and marked visitors, or unlearn one of it."""

    async def work() -> tuple[bool, list[dict[str, object]]]:
        async with open_database(settings_for_command()) as database, database.begin() as connection:
            owner = await sites.find(connection, site)
            done = forget is None or await machines.forget(connection, owner.id, forget, by=BY, now=utc_now())
            return done, [_lesson(lesson) for lesson in await machines.lessons(connection, owner.id)]

    done, rows = run(work())
    show(rows, as_json=as_json, hint="" if rows else "Nothing learnt.")
    raise typer.Exit(0 if done else 1)


def _decide(
    site: str,
    id: str,
    decision: str,
    decide: Callable[[AsyncConnection, str], Awaitable[Sequence[Lesson]]],
    *,
    as_json: bool,
) -> None:
    async def work() -> Sequence[Lesson]:
        async with open_database(settings_for_command()) as database, database.begin() as connection:
            return await decide(connection, (await sites.find(connection, site)).id)

    learnt = [_lesson(lesson) for lesson in run(work())]
    if as_json:
        show({"id": id, "decision": decision, "lessons": learnt}, as_json=True)
    else:
        said = "; ".join(f"{lesson['about']} {lesson['label']}" for lesson in learnt) or "nothing"
        show({"id": id, "decision": decision, "learnt": said}, as_json=False, hint="The running scorer applies it.")


def _bot(visitor: Visitor) -> dict[str, object]:
    return {
        "id": visitor.id,
        "reasons": visitor.bot_reasons,
        "evidence": visitor.bot_evidence,
        "browser": visitor.agent.browser,
        "page_views": visitor.page_views,
        "last_seen_at": visitor.last_seen_at and visitor.last_seen_at.isoformat(),
    }


def _joined(row: dict[str, object]) -> dict[str, object]:
    return {name: ", ".join(value) for name, value in row.items() if isinstance(value, list)}


def _lesson(lesson: Lesson) -> dict[str, object]:
    return {
        "id": lesson.id,
        "about": lesson.about,
        "label": lesson.label,
        "says": lesson.says,
        "visitor": lesson.visitor_id,
        "learnt_from": lesson.learnt_from,
        "learnt_at": lesson.learnt_at.isoformat(),
    }
