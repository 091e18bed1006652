"""What every figure is read with: the machine, the interpreter and its build, and who spent the processor's time."""

import platform
import sysconfig
from collections import Counter
from collections.abc import Iterable, Sequence

import psutil

LOAD_ITSELF = "load"


def described() -> str:
    """One line on the machine and the interpreter."""
    built = sysconfig.get_config_var("CONFIG_ARGS") or ""
    optimised = "--enable-optimizations" in built
    return (
        f"{platform.processor() or platform.machine()}, {psutil.cpu_count()} cores, "
        f"CPython {platform.python_version()} {'with' if optimised else 'without'} --enable-optimizations"
    )


def percentile(values: Iterable[float], share: float) -> float:
    """The value below which `share` (0-1) of them lie; the nearest one that was measured."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Spent:
    """CPU seconds of this process's descendants, by what they are: a service, leadlight (all services in one), kafka,
    postgres; and `load`, this process."""

    def __init__(self) -> None:
        self._before = self._now()

    def since(self) -> Counter[str]:
        """Seconds spent since the start, by kind."""
        spent: Counter[str] = Counter()
        for (kind, pid), seconds in self._now().items():
            spent[kind] += max(0.0, seconds - self._before.get((kind, pid), 0.0))  # type: ignore[assignment]
        return spent

    def _now(self) -> dict[tuple[str, int], float]:
        me = psutil.Process()
        seconds: dict[tuple[str, int], float] = {}
        for process in [me, *me.children(recursive=True)]:
            try:
                times = process.cpu_times()
                kind = LOAD_ITSELF if process.pid == me.pid else _kind(process.cmdline(), process.name())
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
            seconds[kind, process.pid] = times.user + times.system
        return seconds


def _kind(command: Sequence[str], name: str) -> str:
    if "java" in name:
        return "kafka"
    if name == "postgres" or (command[:1] and command[0].startswith("postgres")):
        return "postgres"
    if len(command) > 2 and command[1].endswith("/leadlight"):
        return " ".join(word for word in command[3:] if command[2] == "run") or "leadlight"
    return name
