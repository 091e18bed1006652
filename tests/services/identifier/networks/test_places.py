"""What an event's address tells of its network and place, from sealed address to record, with files that come and change."""

import asyncio
from pathlib import Path

from leadlight.core.records import Place
from leadlight.runtime import Runtime
from leadlight.runtime.daily_keys import DailyKeys
from tests.infra.mmdb import mmdb
from tests.services.cli.command import leadlight
from tests.services.identifier.companies.test_companies import keys, over, runtime
from tests.services.identifier.test_identifier import event, identified, publish, running, settled

__all__ = ["keys", "runtime"]

HOME, PHONE, TUNNEL, RELAYED = "203.0.113.9", "203.0.113.70", "203.0.113.140", "198.51.100.9"
LEEDS = {
    "country": {"iso_code": "GB"},
    "subdivisions": [{"names": {"en": "England"}}],
    "city": {"names": {"en": "Leeds"}},
    "location": {"accuracy_radius": 20},
    "autonomous_system_number": 64500,
    "autonomous_system_organization": "Moor Fibre",
}


def put(data: Path, networks: dict[str, object]) -> None:
    (data / "networks").mkdir(exist_ok=True)
    fresh = data / "networks" / ".fresh"
    fresh.write_bytes(mmdb(networks, "Invented-City"))
    fresh.replace(data / "networks" / "city.mmdb")


async def test_a_place_is_told_as_exactly_as_its_network_lets_one_believe(runtime: Runtime, keys: DailyKeys) -> None:
    data = runtime.settings.data
    put(
        data,
        {
            "203.0.113.0/26": LEEDS | {"user_type": "residential"},
            "203.0.113.64/26": LEEDS | {"user_type": "cellular"},
            "203.0.113.128/26": LEEDS | {"is_anonymous_vpn": True},
        },
    )
    egress = data / "egress.csv"
    egress.write_text("198.51.100.0/28,DE,DE-BE,Berlin,\n")
    assert leadlight(data, "data", "add", str(egress)).code == 0
    addresses = {
        "home": HOME,
        "phone": PHONE,
        "vpn": TUNNEL,
        "relay": RELAYED,
        "mapped": f"::ffff:{HOME}",
        "lan": "10.0.0.7",
    }
    found = await settled(
        runtime, [over(keys, address, event(name, visitor=name)) for name, address in addresses.items()]
    )
    told = {one.event.id: (one.network.kind, one.place) for one in found}
    assert told == {
        "home": ("isp", Place("GB", "England", "Leeds", 20)),
        "mapped": ("isp", Place("GB", "England", "Leeds", 20)),
        "phone": ("mobile", Place("GB")),
        "vpn": ("vpn", Place()),
        "relay": ("relay", Place("DE", "BE", None, 250)),
        "lan": ("unknown", Place()),
    }
    assert {one.network.rule for one in found if one.event.id == "relay"} == {"range:private-relay"}


async def test_a_running_identifier_takes_up_data_that_come_late(runtime: Runtime, keys: DailyKeys) -> None:
    async with running(runtime):
        await publish(runtime, [over(keys, HOME, event("m-1", visitor="one"))])
        [before] = await identified(runtime, 1)
        assert before.place == Place()
        put(runtime.settings.data, {"203.0.113.0/24": LEEDS})
        number = 1
        async with asyncio.timeout(30):
            while True:
                number += 1
                await publish(runtime, [over(keys, HOME, event(f"m-{number}", visitor="one"))])
                after = (await identified(runtime, number))[-1]
                if after.place.city == "Leeds":
                    break
                await asyncio.sleep(0.5)
    assert after.network.asn == 64500
