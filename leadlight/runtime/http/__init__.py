"""The HTTP front: connections within limits, and a short way for the requests that come by the thousand."""

from leadlight.runtime.http.exchange import Answer, Direct, Exchange
from leadlight.runtime.http.front import Front
from leadlight.runtime.http.limits import Limits

__all__ = ["Answer", "Direct", "Exchange", "Front", "Limits"]
