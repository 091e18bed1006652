"""Settings: one frozen object, and a clear word for every mistake."""

from pathlib import Path

import pytest

from leadlight.errors import ConfigurationError
from leadlight.runtime import read_secret
from leadlight.settings import read_settings


def test_nothing_needs_to_be_set() -> None:
    settings = read_settings({})
    assert settings.embedded
    assert settings.sqlite
    assert settings.host == "127.0.0.1"


def test_a_misspelt_variable_is_named_with_the_nearest_right_one() -> None:
    with pytest.raises(ConfigurationError, match=r"LEADLIGHT_DATABSE_URL.*LEADLIGHT_DATABASE_URL"):
        read_settings({"LEADLIGHT_DATABSE_URL": "x"})


def test_the_command_line_wins_over_the_environment() -> None:
    settings = read_settings({"LEADLIGHT_PORT": "9000", "LEADLIGHT_DATA": "/a"}, data=Path("/b"), port=None)
    assert (settings.port, settings.data) == (9000, Path("/b"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEADLIGHT_PORT", "http"),
        ("LEADLIGHT_PORT", "70000"),
        ("LEADLIGHT_PORT", "²"),
        ("LEADLIGHT_BUS_URL", "rabbit://x"),
        ("LEADLIGHT_DATABASE_URL", "mysql://x"),
        ("LEADLIGHT_SECRET", "short"),
        ("LEADLIGHT_PUBLIC_URL", "leads.shop.example"),
        ("LEADLIGHT_TRUSTED_PROXIES", "10.0.0.0/33"),
        ("LEADLIGHT_WEBHOOK_ALLOW", "office"),
        ("LEADLIGHT_SPOOL_BYTES", "much"),
        ("LEADLIGHT_SPOOL_BYTES", "10"),
        ("LEADLIGHT_RESOLVERS", "dns.example"),
        ("LEADLIGHT_RESOLVERS", "192.0.2.53:dns"),
        ("LEADLIGHT_RESOLVERS", "192.0.2.53:99999"),
        ("LEADLIGHT_LOG_LEVEL", "loud"),
        ("LEADLIGHT_LOG_FORMAT", "xml"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        read_settings({name: value})


def test_secrets_are_not_shown_when_settings_are() -> None:
    database = "postgresql+asyncpg://leadlight:hunter2@db.example/leadlight"
    given = {"LEADLIGHT_SECRET": "hunter2" * 8, "LEADLIGHT_DATABASE_URL": database}
    assert "hunter2" not in repr(read_settings(given))


def test_a_secret_file_cut_short_is_told_and_not_used(tmp_path: Path) -> None:
    settings = read_settings({}, data=tmp_path)
    kept = read_secret(settings)
    assert read_secret(settings) == kept
    (tmp_path / "secret").write_text("")
    with pytest.raises(ConfigurationError, match="backup"):
        read_secret(settings)


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("192.0.2.53", ("192.0.2.53",)),
        ("192.0.2.53:5353, 2001:db8::53", ("192.0.2.53:5353", "[2001:db8::53]")),
        ("[2001:db8::53]:5353", ("[2001:db8::53]:5353",)),
        ("off", None),
        ("", ()),
    ],
)
def test_name_servers_are_addresses_with_or_without_a_port_or_off(text: str, servers: tuple[str, ...] | None) -> None:
    assert read_settings({"LEADLIGHT_RESOLVERS": text}).resolvers == servers


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("1048576", 1 << 20), ("512MiB", 512 << 20), ("2 gib", 2 << 30), ("2048KiB", 2 << 20)]
)
def test_the_room_for_a_spool_is_read_in_the_units_people_write(text: str, size: int) -> None:
    assert read_settings({"LEADLIGHT_SPOOL_BYTES": text}).spool_bytes == size
