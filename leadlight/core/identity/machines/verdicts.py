"""What an agent alone tells of who browses with it."""

from typing import Protocol

from msgspec import Struct

from leadlight.core.identity.machines.bots import Named
from leadlight.core.records import Agent


class KnowsAgents(Protocol):
    """What is known of agents; `Knowledge` is one."""

    def describe(self, user_agent: str, /) -> Agent: ...

    def named(self, user_agent: str, /) -> Named | None: ...


class AgentVerdict(Struct, frozen=True):
    """Of an agent that says nothing `bot` is False: silence names no machine."""

    bot: bool
    bot_name: str | None
    layers: tuple[str, ...]  # the patterns that name a machine, each with its source
    agent: Agent

    @property
    def device(self) -> str | None:
        return self.agent.device

    @property
    def browser(self) -> str | None:
        return self.agent.browser

    @property
    def system(self) -> str | None:
        return self.agent.system


def about_agent(text: str, knowledge: KnowsAgents) -> AgentVerdict:
    """Whether the agent names itself as a machine, by which patterns, and what it browses with."""
    named = knowledge.named(text)
    agent = knowledge.describe(text)
    if named is None:
        return AgentVerdict(False, None, (), agent)
    return AgentVerdict(True, named.name, named.patterns, agent)
