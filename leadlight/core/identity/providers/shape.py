"""How one provider is asked and answers, as data: a new provider is a new description, not new code."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct, field

Paths = tuple[str, ...]
"""Where a value stands in an answer, as in `company.domain`; a number picks from a list. The first that is there counts."""

ADDRESS = "{address}"


class ShapeRefused(ValueError):
    """A description of a provider makes no sense. The message says what to change."""


class KeyPlace(StrEnum):
    """Where the key goes."""

    BEARER = "bearer"  # Authorization: Bearer KEY
    BASIC = "basic"  # account and key, as HTTP's Basic
    BASIC_TOKEN = "basic_token"  # Authorization: Basic KEY, the key as it is
    HEADER = "header"  # a header of the provider's own
    QUERY = "query"  # a parameter


class Charge(StrEnum):
    """What a provider takes money for."""

    CALL = "call"  # each question
    MATCH = "match"  # each company named


class Asking(Struct, frozen=True, forbid_unknown_fields=True):
    """The request. `{address}` stands for the visitor's address, in the path or in a parameter."""

    path: str
    key: KeyPlace
    method: str = "GET"
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    key_name: str = ""  # of the header or the parameter


class Confidence(Struct, frozen=True, forbid_unknown_fields=True):
    """How surely an answer is meant, from what the provider says of it."""

    otherwise: float
    path: Paths = ()
    values: dict[str, float] = field(default_factory=dict)  # what each word of the provider's is worth, in lower case
    scale: float = 0.0  # where it gives a number: its largest; 0 where it gives none
    most: float = 0.8  # nothing that a provider says is surer


class Telling(Struct, frozen=True, forbid_unknown_fields=True):
    """Where an answer says what, and which answers name no company."""

    domain: Paths
    confidence: Confidence
    name: Paths = ()
    industry: Paths = ()
    size: Paths = ()
    country: Paths = ()
    site: Paths = ()
    type: Paths = ()
    companies: tuple[str, ...] = ()  # the types that are companies; none given: all that are not below
    no_companies: tuple[str, ...] = ()  # the types that are not: the network's operator, a hoster ...
    not_if: Paths = ()  # flags that speak against any company: a VPN, a relay
    operator: Paths = ()  # whose network it is, by name or domain: no company of a visitor on an ISP's network


class Shape(Struct, frozen=True, forbid_unknown_fields=True):
    """One provider's interface."""

    name: str
    title: str  # as the provider calls itself
    request: Asking
    answer: Telling
    charged_for: Charge = Charge.CALL
    nothing: tuple[int, ...] = (404,)  # statuses that mean: nothing is known of this address
    later: tuple[int, ...] = (202,)  # statuses that mean: not yet, ask again


def parse_shape(document: Any) -> Shape:
    """Raises ShapeRefused, with the field and what is wrong with it."""
    try:
        shape = msgspec.convert(document, Shape)
    except msgspec.ValidationError as error:
        raise ShapeRefused(str(error)) from None
    asking, told = shape.request, shape.answer.confidence
    if ADDRESS not in asking.path and not any(ADDRESS in value for value in asking.query.values()):
        raise ShapeRefused(
            f"`request` names {ADDRESS} neither in `path` nor in `query`: the provider would not know whom"
        )
    if not asking.path.startswith("/"):
        raise ShapeRefused("`request.path` begins with a slash")
    if asking.method not in ("GET", "POST"):
        raise ShapeRefused("`request.method` is GET or POST")
    if asking.key in (KeyPlace.HEADER, KeyPlace.QUERY) and not asking.key_name:
        raise ShapeRefused(f"`request.key_name` is missing: how is the {asking.key} called?")
    if not all(0 <= value <= 1 for value in (told.otherwise, told.most, *told.values.values())):
        raise ShapeRefused("`answer.confidence` has numbers from 0 to 1")
    return shape


def path_of(shape: Shape, address: str) -> str:
    return shape.request.path.replace(ADDRESS, quote(address, safe=""))


def query_of(shape: Shape, address: str, key: str) -> Mapping[str, str]:
    query = {name: value.replace(ADDRESS, address) for name, value in shape.request.query.items()}
    return query | ({shape.request.key_name: key} if shape.request.key is KeyPlace.QUERY else {})


def pick(body: Any, paths: Paths) -> Any:
    """The first value that is there and is not empty; None where none is."""
    for path in paths:
        value = body
        for step in path.split("."):
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                value = None
                break
        if value is not None and value != "":
            return value
    return None
