"""Who is whom by command, beside the running product."""

import json
import time
from pathlib import Path
from typing import Any

from tests.services.cli.command import leadlight
from tests.services.cli.running import up
from tests.services.cli.test_up import fetch

SITE = ("--site", "shop.example")
ADA, BO = "ada@mill.example", "bo@dairy.example"


def test_contacts_are_merged_taken_apart_and_taken_off_a_browser(tmp_path: Path, free_port: int) -> None:
    with up(tmp_path, "--port", str(free_port), "--no-demo-site") as running:
        site = leadlight(tmp_path, "site", "add", "Shop", "--domain", "shop.example", "--json").json
        key = leadlight(tmp_path, "key", "add", "crm", *SITE, "--json").json["key"]

        def visitors() -> dict[str, Any]:
            _, body = fetch(f"{running['feed']}/visitors", Authorization=f"Bearer {key}")
            return {one["anonymous_id"]: one for one in json.loads(body)["data"]}

        def until(wanted: dict[str, str | None]) -> dict[str, Any]:
            end = time.monotonic() + 30
            while True:
                found = visitors()
                if {name: (one["contact"] or {}).get("email") for name, one in found.items()} == wanted:
                    return found
                assert time.monotonic() < end, found
                time.sleep(0.2)

        def says(who: str, email: str) -> dict[str, Any]:
            return {"type": "identify", "anonymousId": who, "traits": {"email": email}}

        batch = {"writeKey": site["write_key"], "batch": [says("laptop", ADA), says("phone", BO)]}
        assert fetch(f"{running['collector']}/v1/batch", batch)[0] == 200
        phone = until({"laptop": ADA, "phone": BO})["phone"]["id"]

        done = leadlight(tmp_path, "contacts", "merge", BO, ADA, *SITE, "--json").json
        assert (done["emails"], done["visitors"]) == ([ADA, BO], 2)
        until({"laptop": ADA, "phone": ADA})
        [merge] = leadlight(tmp_path, "contacts", "merges", *SITE, "--json").json
        assert (merge["contact_email"], merge["into_email"], merge["by"]) == (BO, ADA, "command line")
        again = leadlight(tmp_path, "contacts", "merge", BO, ADA, *SITE)
        assert (again.code, again.out) == (2, "")
        assert "one person already" in again.err
        assert BO in leadlight(tmp_path, "contacts", "merges", *SITE).out

        undone = leadlight(tmp_path, "contacts", "unmerge", BO, *SITE)
        assert undone.code == 0
        until({"laptop": ADA, "phone": BO})
        assert leadlight(tmp_path, "contacts", "merges", *SITE, "--json").json == []

        taken = leadlight(tmp_path, "contacts", "withdraw", phone, BO, *SITE)
        assert taken.code == 0
        assert f"leadlight contacts restore {phone} {BO}" in taken.err
        until({"laptop": ADA, "phone": None})
        assert leadlight(tmp_path, "contacts", "restore", phone, BO, *SITE, "--json").json["claims"] == 1
        until({"laptop": ADA, "phone": BO})
        nobody = leadlight(tmp_path, "contacts", "withdraw", phone, "cy@mill.example", *SITE)
        assert nobody.code == 2
        assert "no such contact" in nobody.err
