"""Which paid services are asked, with which keys: read from a file, whose mistakes are named."""

from pathlib import Path
from typing import Any

import pytest

from leadlight.errors import ConfigurationError
from leadlight.settings import Settings
from services.identifier.remote.configuration import read_providers, shape_names
from tests.services.identifier.remote.service import PaidService, written


def test_the_providers_that_are_known_have_a_shape_each() -> None:
    assert shape_names() == ["ipinfo", "maxmind", "people_data_labs", "snitcher", "the_companies_api"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "nobody_knows"}, "no shape"),
        ({"url": "ftp://files.example"}, "`url`"),
        ({"url": "https://user:pw@api.example"}, "`url`"),
        ({"monthly_lookups": 0}, "monthly_lookups"),
        ({"monthly_lookups": "many"}, "monthly_lookups"),
        ({"key": "''"}, "key"),
        ({"key_file": "there"}, "one of"),
        ({"classes": "[hosting]"}, "hosting"),
        ({"classes": "[offices]"}, "classes"),
        ({"surprise": 1}, "surprise"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"path": "/v1/me"}, "address"),
        ({"name": "maxmind"}, "account"),
        ({"shape": "{request: 3}"}, "shape"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_provider_and_never_with_the_key(
    tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    (tmp_path / "providers.yaml").write_text(written(PaidService("https://api.example"), **fields), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message) as refused:
        read_providers(Settings(data=tmp_path))
    assert "a-secret-key" not in str(refused.value)


def test_a_key_may_stand_in_the_environment_or_in_a_file_of_its_own(tmp_path: Path) -> None:
    service = PaidService("https://api.example")
    text = written(service).replace("key: a-secret-key", "key_variable: IPINFO_TOKEN")
    (tmp_path / "providers.yaml").write_text(text, encoding="utf-8")
    assert read_providers(Settings(data=tmp_path), {"IPINFO_TOKEN": " from-outside "})[0].key == "from-outside"
    with pytest.raises(ConfigurationError, match="IPINFO_TOKEN"):
        read_providers(Settings(data=tmp_path), {})
    (tmp_path / "token").write_text("from-a-file\n", encoding="utf-8")
    text = written(service).replace("key: a-secret-key", "key_file: token")
    (tmp_path / "providers.yaml").write_text(text, encoding="utf-8")
    assert read_providers(Settings(data=tmp_path), {})[0].key == "from-a-file"


def test_without_a_file_nobody_is_asked(tmp_path: Path) -> None:
    assert read_providers(Settings(data=tmp_path)) == []
    with pytest.raises(ConfigurationError, match="no such file"):
        read_providers(Settings(data=tmp_path, providers=tmp_path / "elsewhere.yaml"))
