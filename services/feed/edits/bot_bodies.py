"""What is said of bots, as it is sent."""

import msgspec

from leadlight.core.objects import Time


class BotLesson(msgspec.Struct, frozen=True):
    """Something learnt from one visitor that holds for others of the site."""

    id: str
    about: str  # agent, network
    says: str  # person: it is no evidence; machine: it is
    label: str
    visitor: str
    learnt_from: str
    learnt_at: Time


class BotLessonList(msgspec.Struct, frozen=True):
    """What the site has learnt, latest first."""

    data: list[BotLesson]


class BotDecision(msgspec.Struct, frozen=True):
    """What was said of a visitor, and what the site learnt from it. `decision` is null when it was taken back."""

    visitor: str
    decision: str | None  # person, machine
    lessons: list[BotLesson]
