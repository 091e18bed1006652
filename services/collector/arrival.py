"""What a request's headers and connection say about all of its calls."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from os import urandom
from typing import Any
from urllib.parse import urlsplit

from prometheus_client import Counter

from leadlight.core.intake.admit import Arrival, Whereabouts
from leadlight.core.intake.drops import Drop
from leadlight.core.intake.oddities import READ, oddities_of
from leadlight.core.intake.pace import Pace
from leadlight.core.intake.times import skew
from leadlight.core.privacy.forwarding import Proxies
from leadlight.core.privacy.levels import COMPANY_ONLY
from leadlight.core.privacy.policy import Policy
from leadlight.core.privacy.sealing import DAY_KEY_BYTES, NONCE_BYTES, DayKey
from leadlight.core.records import Channel
from leadlight.runtime import Runtime
from leadlight.runtime.daily_keys import LOOK_SECONDS, DailyKeys
from services.collector.door.cookie import cookie_id, is_same_site, set_cookie
from services.collector.door.countries import Countries, country_told
from services.collector.keys import Grant

Headers = dict[bytes, bytes]
"""By lower-case name; of a header that came twice, the last."""

AnswerHeaders = Sequence[tuple[bytes, bytes]]

Peer = tuple[str, int] | None
"""Address and port at the other end of the connection; None where the socket has none."""

REMEMBERED_PLACES = 4_096

ORIGIN_BYTES = 512
"""No page's origin is longer. What is remembered by headers must not grow with what strangers write into them."""

HOST_BYTES = 255
AGENT_BYTES = 2_048

REMEMBERED_HEADERS = 8_192

ODD_BYTES = 2_048
"""Of headers that are looked at together; what a stranger makes longer is not remembered."""

UNSEALED = Counter(
    "leadlight_collector_addresses_left_out_total",
    "Addresses left out because no key of the day was there to seal them.",
)


class Arrivals:
    """Tells of each post who it comes from. Whatever does not change from post to post is remembered."""

    def __init__(self, runtime: Runtime) -> None:
        self.keys = DailyKeys(runtime)
        self.countries = Countries(runtime.settings.data)
        self.countries.refresh()
        self._runtime = runtime
        self._proxies = Proxies(runtime.settings.trusted_proxies)
        self._oddities = Oddities()
        self._pace, self._server_pace, self._secret_pace = Pace(), Pace(), Pace()
        self._today = _Today(None, DayKey(date.min, urandom(DAY_KEY_BYTES)), self.countries)
        self._since = self._until = datetime.min.replace(tzinfo=UTC)
        self._public_host = (urlsplit(runtime.settings.public_url or "").hostname or "").encode()

    async def run(self) -> None:
        """Keep the keys of the days and the files of countries as they should be, until the process stops."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.keys.run())
            tasks.create_task(self._look_after())

    async def _look_after(self) -> None:
        while True:
            now = self._runtime.now()
            if await asyncio.to_thread(self.countries.refresh):
                self._until = now  # what was remembered may be wrong now
            if not self._since <= now < self._until:
                self._begin(now)  # also when nobody posts: yesterday's key is let go
            if not await self._runtime.pause(LOOK_SECONDS):
                return

    def of(self, grant: Grant, headers: Headers, peer: Peer, sent_at: Any, received_at: datetime) -> Arrival:
        """Who posted, when, and what they asked for. A browser tells itself apart by headers that no server library sends."""
        policy = policy_of(grant)
        today = self._today if self._since <= received_at < self._until else self._begin(received_at)
        error = skew(sent_at, received_at) if sent_at is not None else None
        origin = headers.get(b"origin")
        if origin is None and b"sec-fetch-site" not in headers:
            pace = (
                self._secret_pace if grant.secret else self._server_pace
            )  # no browser's flood holds up a server's word
            return Arrival(
                grant.site,
                received_at,
                Channel.SERVER,
                error,
                policy=policy,
                where=today.place(policy, None, None),
                locate=partial(today.place, policy, None),
                secret=grant.secret,
                pseudonym=today.pseudonym,
                too_fast=partial(pace.too_fast, time.monotonic()),
            )
        address, country = self._client(headers, peer, policy)
        where = today.place(policy, country, address)
        if address is not None and where.sealed is None:
            UNSEALED.inc()
        refusal = None
        if headers.get(b"sec-gpc") == b"1" or headers.get(b"dnt") == b"1":
            refusal = Drop.NO_CONSENT
        elif origin is not None and (len(origin) > ORIGIN_BYTES or not policy.takes_origin(origin)):
            refusal = Drop.FOREIGN_ORIGIN
        agent = headers.get(b"user-agent")
        return Arrival(
            grant.site,
            received_at,
            Channel.BROWSER,
            error,
            _agent(agent[:AGENT_BYTES]) if agent is not None else None,
            refusal,
            policy,
            where,
            None,  # what is stated of the address is not believed
            False,
            cookie_id(headers) if b"cookie" in headers else None,
            today.pseudonym,
            partial(self._pace.too_fast, time.monotonic()),
            self._oddities.of(headers),
        )

    def also_told(self, arrival: Arrival, headers: Headers, anonymous_id: str) -> AnswerHeaders:
        """What the answer to a browser's post says beside its outcome, once its admitted events are stored: the cookie
        with the anonymous id of the last.

        It is set when the page belongs to the same site as this host, and the visitor may be known again tomorrow.
        """
        origin = headers.get(b"origin")
        if origin is None or arrival.where.step <= COMPANY_ONLY or not is_same_site(headers):
            return ()
        host = headers.get(b"host", b"")[:HOST_BYTES]
        header = set_cookie(anonymous_id, origin, host, self._public_host)
        return () if header is None else ((b"set-cookie", header),)

    def _client(self, headers: Headers, peer: Peer, policy: Policy) -> tuple[str | None, str | None]:
        """The address of the browser, and the country if a proxy tells it."""
        if peer is None:
            return None, None
        if not self._proxies.trust(peer[0]):
            return self._proxies.client(peer[0], None, None), None
        address = self._proxies.client(peer[0], headers.get(b"x-forwarded-for"), headers.get(b"forwarded"))
        return address, country_told(headers) if policy.by_country else None

    def _begin(self, now: datetime) -> "_Today":
        """A new day, or a key that was still missing when it began: what was remembered with the old one is let go."""
        key = self.keys.of(now.date())
        if key is None:
            if self._today.day_key is None and self._today.stand_in.day == now.date():
                return self._today
            self._until = self._since  # asked anew with every post, until there is one
            self._today = _Today(None, DayKey(now.date(), urandom(DAY_KEY_BYTES)), self.countries)
            return self._today
        self._today = _Today(key, key, self.countries)
        self._since = datetime(now.year, now.month, now.day, tzinfo=UTC)
        self._until = self._since + timedelta(days=1)
        return self._today


class _Today:
    """What hangs on the key of the day. Without one, addresses are left out and a key of this process names visitors."""

    def __init__(self, day_key: DayKey | None, stand_in: DayKey, countries: Countries) -> None:
        self.day_key = day_key
        self.stand_in = stand_in
        self.pseudonym = stand_in.pseudonym
        self._countries = countries
        self.place = lru_cache(REMEMBERED_PLACES)(self._place)

    def _place(self, policy: Policy, country: str | None, address: str | None) -> Whereabouts:
        if address is None:
            return Whereabouts(step=policy.step_in(country))
        if policy.by_country and country is None:
            country = self._countries.of(address)
        return Whereabouts(
            address,
            None if self.day_key is None else self.day_key.seal(policy.site, address, urandom(NONCE_BYTES)),
            policy.step_in(country),
            policy.excluded_networks.holds(address),
        )


@lru_cache(4_096)
def policy_of(grant: Grant) -> Policy:
    """A grant is the same object for as long as nothing of it changes."""
    return Policy(grant.site, grant.settings)


class Oddities:
    """What is odd about browsers' headers. Few combinations are in use, so it is worked out once for each."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes | None, ...], tuple[str, ...]] = {}

    def of(self, headers: Headers) -> tuple[str, ...]:
        given = tuple(map(headers.get, READ))
        found = self._known.get(given)
        return self._work_out(given) if found is None else found

    def _work_out(self, given: tuple[bytes | None, ...]) -> tuple[str, ...]:
        headers = {name: value for name, value in zip(READ, given, strict=True) if value is not None}
        found = oddities_of(headers)
        if sum(map(len, headers.values())) <= ODD_BYTES:
            if len(self._known) >= REMEMBERED_HEADERS:
                self._known.clear()
            self._known[given] = found
        return found


@lru_cache(4_096)
def _agent(header: bytes) -> str:
    return header.decode("utf-8", "replace").replace("\x00", "\ufffd")
