"""The OpenAPI document is true: whatever it lets one send is answered as it says, and never by a failure."""

import json
import urllib.request
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.collector.ingest import PATHS
from services.collector.pages.reference import document
from tests.services.collector.front_door import basic
from tests.services.collector.fuzz.conftest import Installation

TRUE = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
schema = schemathesis.openapi.from_dict(document())


@pytest.mark.parametrize("known", [True, False])
@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_it_is_answered_as_described(case: schemathesis.Case[Any], installation: Installation, known: bool) -> None:
    headers = basic(installation.write_key if known else "wk_nobody")
    case.call_and_validate(base_url=installation.address, headers=headers, checks=TRUE, allow_redirects=False)


def test_it_is_served_and_names_every_path_that_takes_events(installation: Installation) -> None:
    with urllib.request.urlopen(installation.address + "/v1/openapi.json", timeout=10) as answer:
        served = json.load(answer)
    assert served == json.loads(json.dumps(document()))
    assert set(PATHS) <= set(served["paths"])
