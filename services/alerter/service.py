"""The alerter as a service: work in the background, and no paths of its own."""

from leadlight.runtime import Runtime
from leadlight.runtime.service import Service
from services.alerter.alerter import Alerter

PORT = 8005


def service(runtime: Runtime) -> Service:
    return Service(name="alerter", port=PORT, run=Alerter(runtime).run)
