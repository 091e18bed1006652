"""Addresses that can be read again for two days by who holds the key, and then by nobody."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.privacy.sealing import CannotUnseal, DayKey, day_of, is_over

DAY = date(2026, 5, 4)
KEY, OTHER = DayKey(DAY, b"k" * 32), DayKey(DAY, b"o" * 32)


@given(st.ip_addresses(), st.binary(min_size=12, max_size=12))
def test_a_sealed_address_comes_out_as_it_went_in(address: object, nonce: bytes) -> None:
    sealed = KEY.seal("site-1", str(address), nonce)
    assert day_of(sealed) == DAY
    assert KEY.unseal("site-1", sealed) == str(address)
    assert str(address) not in sealed


@pytest.mark.parametrize(
    ("key", "site", "change"),
    [
        (OTHER, "site-1", str),
        (KEY, "site-2", str),
        (DayKey(date(2026, 5, 5), b"k" * 32), "site-1", str),
        (KEY, "site-1", lambda text: text[:-4] + "AAAA"),
        (KEY, "site-1", lambda text: text[:12]),
        (KEY, "site-1", lambda text: "198.51.100.7"),
        (KEY, "site-1", lambda text: text + "\u00e4"),
    ],
)
def test_another_key_site_day_or_a_changed_text_opens_nothing(key: DayKey, site: str, change: object) -> None:
    sealed = KEY.seal("site-1", "198.51.100.7", b"n" * 12)
    assert callable(change)
    with pytest.raises(CannotUnseal):
        key.unseal(site, change(sealed))


def test_a_day_is_over_when_its_key_is_48_hours_old() -> None:
    assert not is_over(DAY, datetime(2026, 5, 5, 23, 59, 59, tzinfo=UTC))
    assert is_over(DAY, datetime(2026, 5, 6, tzinfo=UTC))


def test_who_leaves_nothing_behind_is_one_visitor_for_one_day_on_one_site() -> None:
    told = KEY.pseudonym("site-1", "198.51.100.7", "Firefox")
    assert told == DayKey(DAY, b"k" * 32).pseudonym("site-1", "198.51.100.7", "Firefox")
    others = {
        told,
        OTHER.pseudonym("site-1", "198.51.100.7", "Firefox"),
        KEY.pseudonym("site-2", "198.51.100.7", "Firefox"),
        KEY.pseudonym("site-1", "198.51.100.8", "Firefox"),
        KEY.pseudonym("site-1", "198.51.100.7", "Chrome"),
        KEY.pseudonym("site-1", "198.51.100.7", None),
        KEY.pseudonym("site-1", None, "Firefox"),
        KEY.pseudonym("site-1", None, None),
    }
    assert len(others) == 8
