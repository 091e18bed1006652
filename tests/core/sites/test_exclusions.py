"""Which paths an owner leaves out."""

import pytest

from leadlight.core.sites.document import settings_of
from leadlight.core.sites.exclusions import exclusions_of

OURS = exclusions_of("shop", settings_of({"excluded_paths": ["/intern/*", "/preview"]}))


@pytest.mark.parametrize(
    "path",
    [
        "/intern/a",
        "/INTERN/A/",
        "/%69ntern/a",
        "//intern//a",
        "/a/../intern/b",
        "/./preview",
        "/preview/",
        "///preview",
    ],
)
def test_a_path_is_left_out_however_it_is_written(path: str) -> None:
    assert OURS.path(path)


@pytest.mark.parametrize("path", ["/", "//", "/intern", "/internal/a", "/previews", "/a/%2e%2e", "", None])
def test_others_are_not(path: str | None) -> None:
    assert not OURS.path(path)
