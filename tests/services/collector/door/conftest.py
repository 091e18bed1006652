from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from leadlight.core.sites.settings import SiteSettings
from leadlight.settings import Settings
from tests.services.collector.front_door import FrontDoor, open_front_door

Decided = Callable[..., AbstractAsyncContextManager[FrontDoor]]


@pytest.fixture
def decided(tmp_path: Path) -> Decided:
    """A collector behind a trusted proxy on this machine, whose site's owner has decided something."""

    def opened(**decisions: Any) -> AbstractAsyncContextManager[FrontDoor]:
        settings = Settings(data=tmp_path, trusted_proxies=(ip_network("127.0.0.0/8"),))
        return open_front_door(settings, decided=SiteSettings(**decisions))

    return opened
