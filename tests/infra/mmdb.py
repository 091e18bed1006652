"""Files in MaxMind's format with records that tests invent, as the makers of network data write them."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]


def mmdb(networks: Mapping[str, Any], database_type: str = "Invented", *, ip_version: int = 6) -> bytes:
    """A file that answers with these records; an IPv6 tree has IPv4 in its usual place."""
    writer = MMDBWriter(
        ip_version,
        database_type,
        languages=["en"],
        description="Invented for a test",
        ipv4_compatible=ip_version == 6,
        int_type="uint32",
    )
    for network, record in networks.items():
        writer.insert_network(IPSet([network]), record)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "invented.mmdb"
        writer.to_db_file(str(path))
        return path.read_bytes()
