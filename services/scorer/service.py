"""The scorer: what identified events make of visitors, once, and which of it is told."""

from leadlight.core.records import IDENTIFIED_TOPIC
from leadlight.runtime import Runtime
from leadlight.runtime.service import Service
from leadlight.runtime.worker import Worker
from services.scorer.scoring import CONSUMER, Scoring

DEFAULT_PORT = 8004


def service(runtime: Runtime) -> Service:
    """Scores batches as they come and applies timed changes every second."""
    scoring = Scoring(runtime)
    worker = Worker(runtime, CONSUMER, (IDENTIFIED_TOPIC,), scoring.score, scoring.tick)
    return Service(CONSUMER, DEFAULT_PORT, run=worker.run)
