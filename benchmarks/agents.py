"""How many agents a second are looked at: the names of machines, device and browser, and both remembered."""

import csv
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import described as this_machine
from leadlight.core.identity.machines.agents import describe
from leadlight.core.identity.machines.bots import BotPatterns
from services.identifier.knowledge import FOLDER, load_knowledge, sources_of_agents

LABELLED = Path(__file__).parents[1] / "evaluation" / "agents.csv"
ROUNDS = 5


def rate(work: Callable[[str], object], agents: list[str]) -> float:
    """Agents a second, of the best round."""
    best = 0.0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for agent in agents:
            work(agent)
        best = max(best, len(agents) / (time.perf_counter() - began))
    return best


def main() -> None:
    print(this_machine())
    with LABELLED.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    people = [row["input"] for row in rows if row["bot"] == "no"]
    machines = [row["input"] for row in rows if row["bot"] == "yes"]
    patterns = BotPatterns(sources_of_agents(FOLDER / "static", FOLDER / "data" / "bots"))
    known = load_knowledge()
    describe("")
    cold = people + machines
    began = time.perf_counter()
    for agent in cold:
        describe(agent)
    fresh = len(cold) / (time.perf_counter() - began)
    for label, figure in (
        ("people's agents, looked for machines' names", rate(patterns.named, people)),
        ("machines' agents, with the name told", rate(patterns.named, machines)),
        ("device, browser and system of agents never seen", fresh),
        ("agents that are remembered", rate(known.named, people + machines)),
    ):
        print(f"{label:<50} {figure:>12,.0f}/s")


if __name__ == "__main__":
    main()
