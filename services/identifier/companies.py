"""Which company each event's connection tells of: what is new is written down at once, the rest is remembered."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime, timedelta

from prometheus_client import Counter

from leadlight.core.identity.companies.chain import graph_is_barred
from leadlight.core.identity.companies.methods import Method
from leadlight.core.records import CompanyClaim, Identified
from leadlight.runtime import Runtime
from leadlight.store.identity import connections
from leadlight.store.identity.connections import claim_of
from leadlight.store.identity.sources import Connection, Host
from leadlight.store.identity.uses import Sighted, Use, hour_of

LOOK_UPS = Counter(
    "leadlight_identifier_connections_total", "Events by where their connection's company was known from.", ["known"]
)

REMEMBERED = 65_536
"""Uses and sightings known to be stored, and verdicts: some 20 MB."""

TRUSTED = timedelta(seconds=30)
"""How long a verdict is remembered. What was learnt meanwhile reaches the visitor all the same: the scorer believes the
stored claims, and whoever learns renews those."""


class Lately:
    """Keys that were met lately, the oldest of which are forgotten."""

    def __init__(self) -> None:
        self._values: OrderedDict[Hashable, object] = OrderedDict()

    def get(self, key: Hashable) -> object:
        return self._values.get(key)

    def put(self, key: Hashable, value: object) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > REMEMBERED:
            self._values.popitem(last=False)


class Companies:
    """The company claims of connections. Claims are made in the database, under its lock, before a record is published:
    whoever reads the record finds them."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.forget()

    def forget(self) -> None:
        """Write everything down anew as it is met: the data on networks have changed."""
        self._stored = Lately()
        self._verdicts = Lately()

    async def of(self, found: Sequence[Identified], over: Sequence[Connection | None]) -> list[CompanyClaim | None]:
        """What the connection of each event tells of its company."""
        now = self._runtime.now()
        met = [
            (one, connection)
            for one, connection in zip(found, over, strict=True)
            if connection is not None and not one.event.of_recipient
        ]
        uses = [use for use in (_use(*each) for each in met) if not self._is_stored(use)]
        sighted = [one for one in (_sighted(*each) for each in met) if one is not None and not self._was_seen(one)]
        claims: dict[tuple[str, str, str], CompanyClaim | None] = {}
        if uses or sighted:
            async with self._runtime.database.begin() as tx:
                claims = await connections.save(tx, uses, sighted, now=now)
            for use in uses:
                self._stored.put(hash((use.key, use.last_at)), True)
                claim = claims.get(use.key)
                if claim is None or claim.method != Method.VISITOR_CORRECTION:
                    self._verdicts.put(use.connection.key, (now, claim))
            for each in sighted:
                self._stored.put(hash(each.row), True)
        told = await self._remembered([each for one, each in met if _key(one, each) not in claims], now)
        LOOK_UPS.labels("new").inc(len(claims))
        return [
            None
            if connection is None or one.event.of_recipient
            else claims.get(_key(one, connection), told.get(connection.key))
            for one, connection in zip(found, over, strict=True)
        ]

    def _is_stored(self, use: Use) -> bool:
        return self._stored.get(hash((use.key, use.last_at))) is not None

    def _was_seen(self, sighted: Sighted) -> bool:
        return self._stored.get(hash(sighted.row)) is not None

    async def _remembered(self, wanted: Iterable[Connection], now: datetime) -> dict[Host, CompanyClaim | None]:
        told: dict[Host, CompanyClaim | None] = {}
        asked: dict[Host, Connection] = {}
        number = 0
        for connection in wanted:
            number += 1
            known = self._verdicts.get(connection.key)
            if isinstance(known, tuple) and now - known[0] < TRUSTED:
                told[connection.key] = known[1]
            else:
                asked[connection.key] = connection
        if asked:
            async with self._runtime.database.read() as connection_:
                found = await connections.verdicts(connection_, asked.values(), now=now)
            for key, resolution in found.items():
                told[key] = claim_of(key[0], resolution.answer) if resolution.answer is not None else None
                self._verdicts.put(key, (now, told[key]))
        LOOK_UPS.labels("memory").inc(number - len(asked))
        LOOK_UPS.labels("database").inc(len(asked))
        return told


def _key(one: Identified, connection: Connection) -> tuple[str, str, str]:
    site, host = connection.key
    return (site, one.event.visitor, host)


def _use(one: Identified, connection: Connection) -> Use:
    hour = hour_of(one.event.occurred_at)
    return Use(one.event.visitor, connection, hour, hour)


def _sighted(one: Identified, connection: Connection) -> Sighted | None:
    """A person who introduced themselves, if that can tell anything of others on the same connection."""
    contact, company = one.contact, one.company
    if contact is None or one.bot_reasons or graph_is_barred(connection.network):
        return None
    domain = company.domain if company is not None and company.method == Method.WORK_EMAIL else ""
    return Sighted(connection, domain, contact.id, one.event.visitor, one.event.occurred_at.date())
