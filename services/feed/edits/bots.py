"""What owners' programs say of bots: which are people after all, which visitors are bots, and what is learnt from it."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import Depends, FastAPI, Query, Response

from leadlight.runtime import Runtime
from leadlight.store.identity import machines
from leadlight.store.owners.keys import Key
from services.feed import reference
from services.feed.edits.bot_bodies import BotDecision, BotLesson, BotLessonList
from services.feed.keyring import Keyring
from services.feed.problems import Problem

PERSON, MACHINE = machines.PERSON, machines.MACHINE


Learn = Annotated[bool, Query(description="Whether the site learns from it about others.")]


def add_bots(app: FastAPI, runtime: Runtime, keyring: Keyring) -> None:
    """Restore and mark visitors, take it back, and list and unlearn lessons."""

    writer, reader = keyring.holder_of("write"), keyring.holder_of("read")

    @app.post("/api/v1/visitors/{id}/restore", tags=["Bots"], **reference.answers(BotDecision, of_one=True))
    async def restore_visitor(key: Annotated[Key, Depends(writer)], id: str, learn: Learn = True) -> Response:
        """Say that a visitor who is kept apart as a bot is a person. All that is stored of them counts again.

        Needs the scope `write`. The agent or network that made a bot of them is no evidence on this site from then on.
        """
        try:
            async with runtime.database.begin() as connection:
                learnt = await machines.restore(
                    connection, key.site_id, id, by=_who(key), now=runtime.now(), learn=learn
                )
        except machines.NoSuchVisitor as error:
            raise Problem(HTTPStatus.NOT_FOUND, str(error)) from error
        return _answer(BotDecision(id, PERSON, _told(learnt)))

    @app.post("/api/v1/visitors/{id}/mark", tags=["Bots"], **reference.answers(BotDecision, of_one=True))
    async def mark_visitor(key: Annotated[Key, Depends(writer)], id: str, learn: Learn = True) -> Response:
        """Say that a visitor is a bot: it is not scored, told or named any more.

        Needs the scope `write`. Of a visitor with a common browser on a shared network nothing is learnt.
        """
        try:
            async with runtime.database.begin() as connection:
                learnt = await machines.mark(connection, key.site_id, id, by=_who(key), now=runtime.now(), learn=learn)
        except machines.NoSuchVisitor as error:
            raise Problem(HTTPStatus.NOT_FOUND, str(error)) from error
        return _answer(BotDecision(id, MACHINE, _told(learnt)))

    @app.delete("/api/v1/visitors/{id}/bot-decision", tags=["Bots"], **reference.answers(BotDecision, of_one=True))
    async def undo_bot_decision(key: Annotated[Key, Depends(writer)], id: str) -> Response:
        """Take back what was said of a visitor, and what was learnt from it. Needs the scope `write`."""
        async with runtime.database.begin() as connection:
            undone = await machines.undo(connection, key.site_id, id, by=_who(key), now=runtime.now())
        if not undone:
            raise Problem(HTTPStatus.NOT_FOUND, f"Nothing was said of visitor {id[:100]} on this key's site.")
        return _answer(BotDecision(id, None, []))

    @app.get("/api/v1/bot-lessons", tags=["Bots"], **reference.answers(BotLessonList))
    async def list_bot_lessons(key: Annotated[Key, Depends(reader)]) -> Response:
        """What the site has learnt from restored and marked visitors, latest first."""
        async with runtime.database.read() as connection:
            found = await machines.lessons(connection, key.site_id)
        return _answer(BotLessonList(_told(found)))

    @app.delete("/api/v1/bot-lessons/{id}", tags=["Bots"], **reference.answers(BotLessonList, of_one=True))
    async def forget_bot_lesson(key: Annotated[Key, Depends(writer)], id: str) -> Response:
        """Unlearn one lesson; the answer lists what is left. Needs the scope `write`."""
        async with runtime.database.begin() as connection:
            done = await machines.forget(connection, key.site_id, id, by=_who(key), now=runtime.now())
            left = await machines.lessons(connection, key.site_id)
        if not done:
            raise Problem(HTTPStatus.NOT_FOUND, f"There is no lesson {id[:100]} on this key's site.")
        return _answer(BotLessonList(_told(left)))


def _who(key: Key) -> str:
    return f"key {key.name}"


def _told(lessons: Sequence[machines.Lesson]) -> list[BotLesson]:
    return [BotLesson(x.id, x.about, x.says, x.label, x.visitor_id, x.learnt_from, x.learnt_at) for x in lessons]


def _answer(body: msgspec.Struct) -> Response:
    headers = {"Cache-Control": "private, no-store"}
    return Response(msgspec.json.encode(body), headers=headers, media_type="application/json")
