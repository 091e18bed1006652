"""The embedded event log."""

from leadlight.bus.embedded.bus import EmbeddedBus
from leadlight.bus.embedded.log import Sizes

__all__ = ["EmbeddedBus", "Sizes"]
