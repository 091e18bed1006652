"""The browser's files: leadlight.js, its lazily loaded parts, its frozen versions, and the list of them all."""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request, Response

from leadlight.logs import get_logger
from services.collector.pages.answers import CORS, problem_response
from services.collector.problems import Problem

log = get_logger(__name__)

STATIC = Path(__file__).parent.parent / "static"
SNIPPET = "leadlight.js"
MANIFEST = "leadlight.json"

FRESH_SECONDS = 3_600
STALE_SECONDS = 86_400
"""How long browsers use a file of no version without asking, and for how long after that while they ask."""

FROZEN_SECONDS = 31_536_000

NOT_BUILT = Problem(503, "Not built", "leadlight.js has not been built: run `make setup`.")

NAME = re.compile(r"leadlight(?:-[a-z0-9][a-z0-9.-]*)?\.(?:js|json)")
FROZEN = re.compile(r"leadlight(?:-[a-z]+)*-\d+\.\d+\.\d+[a-z0-9.-]*\.js")
"""A version in the name: these bytes never change, so browsers need not ask again."""

PACKED = {"br": ".br", "gzip": ".gz"}
"""Encoding -> the ending under which the build leaves a file packed; the first is preferred."""

TYPES = {".js": "text/javascript; charset=utf-8", ".json": "application/json"}


@dataclass(frozen=True, slots=True)
class File:
    """One file as it lies on the disk, ready to be sent in each encoding."""

    changed_ns: tuple[int, ...]  # when it, and each packed form of it, was last written
    bodies: Mapping[str, bytes]  # encoding -> bytes; always `identity`
    digest: str
    kind: str

    def etag(self, encoding: str) -> str:
        return f'"{self.digest}"' if encoding == "identity" else f'"{self.digest}-{encoding}"'

    def is_known(self, if_none_match: str) -> bool:
        """Whether the client has these bytes already, however they were packed for it."""
        tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        return "*" in tags or any(self.etag(encoding) in tags for encoding in self.bodies)


class Files:
    """The folder that the build writes, read again where it has changed, and one of frozen files of earlier versions.

    Pages that pin a version outlive updates of Leadlight: `keep` lays this version's frozen files aside for those to come.
    """

    def __init__(self, folder: Path = STATIC, kept: Path | None = None) -> None:
        self._folder = folder
        self._kept = kept
        self._read: dict[str, File] = {}

    def keep(self) -> None:
        """Lay this version's files aside. Those of the same name that pages have pinned already stay as they are.

        Raises OSError when the folder for them cannot be written.
        """
        if self._kept is None:
            return
        self._kept.mkdir(parents=True, exist_ok=True)
        for path in sorted(self._folder.glob("leadlight-*")):
            name = path.name.removesuffix(path.suffix) if path.suffix in PACKED.values() else path.name
            if not FROZEN.fullmatch(name):
                continue
            kept, bytes_now = self._kept / path.name, path.read_bytes()
            if not kept.exists():
                fresh = kept.with_name(f".{kept.name}.{os.getpid()}")
                fresh.write_bytes(bytes_now)
                fresh.replace(kept)
            elif name == path.name and kept.read_bytes() != bytes_now:
                log.warning(
                    "a version of the snippet was built again with other bytes: pages get those that were frozen first; "
                    "raise the version in js-snippet/package.json",
                    file=name,
                )

    def find(self, name: str) -> File | None:
        """The file of this name; None if the build made none."""
        if not NAME.fullmatch(name):
            return None
        path = self._place(name)
        try:
            changed_ns = tuple(form.stat().st_mtime_ns for form in _forms(path).values())
            known = self._read.get(name)
            if known is None or known.changed_ns != changed_ns:
                known = self._read[name] = _read(path, changed_ns)
        except OSError:
            self._read.pop(name, None)
            return None
        return known

    def names(self) -> list[str]:
        """What there is to be had, in order."""
        folders = [self._folder, *([self._kept] if self._kept else [])]
        return sorted(
            {path.name for folder in folders for path in folder.glob("leadlight*") if NAME.fullmatch(path.name)}
        )

    def _place(self, name: str) -> Path:
        if self._kept is not None and FROZEN.fullmatch(name) and (kept := self._kept / name).is_file():
            return kept
        return self._folder / name


def _forms(path: Path) -> dict[str, Path]:
    """Encoding -> where the file lies in it."""
    packed = {encoding: path.with_name(path.name + ending) for encoding, ending in PACKED.items()}
    return {"identity": path} | {encoding: form for encoding, form in packed.items() if form.is_file()}


def _read(path: Path, changed_ns: tuple[int, ...]) -> File:
    bodies = {encoding: form.read_bytes() for encoding, form in _forms(path).items()}
    return File(changed_ns, bodies, hashlib.sha256(bodies["identity"]).hexdigest()[:20], TYPES[path.suffix])


def best_encoding(accepted: str | None, available: Mapping[str, object]) -> str:
    """The encoding to send: the best that the client takes, by its q-values, then by our preference.

    What it doesn't take at all is sent plainly all the same: every browser can read that.
    """
    if not accepted:
        return "identity"
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weights[name] = next((_weight(text[2:]) for text in parameters if text.startswith("q=")), 1.0)
    others = weights.get("*", 0.0)
    candidates = [(weights.get(name, others), name) for name in PACKED if name in available]
    weight, best = max(candidates, key=lambda candidate: candidate[0], default=(0.0, "identity"))
    return best if weight > 0 and weight >= weights.get("identity", 0.0) else "identity"


def _weight(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def caching(name: str) -> str:
    if FROZEN.fullmatch(name):
        return f"public, max-age={FROZEN_SECONDS}, immutable"
    return f"public, max-age={FRESH_SECONDS}, stale-while-revalidate={STALE_SECONDS}"


def files_router(files: Files) -> APIRouter:
    router = APIRouter()

    @router.api_route("/leadlight{rest:path}", methods=["GET", "HEAD"])
    async def file(rest: str, request: Request) -> Response:
        name = "leadlight" + rest
        found = files.find(name)
        if found is None:
            return problem_response(NOT_BUILT if name == SNIPPET else _absent(files))
        encoding = best_encoding(request.headers.get("accept-encoding"), found.bodies)
        headers = {
            **CORS,
            "etag": found.etag(encoding),
            "cache-control": caching(name),
            "vary": "accept-encoding",
            "x-content-type-options": "nosniff",
        }
        if found.is_known(request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
        if encoding != "identity":
            headers["content-encoding"] = encoding
        body = found.bodies[encoding]
        return Response(body, media_type=found.kind, headers=headers)

    return router


def _absent(files: Files) -> Problem:
    there = ", ".join(f"/{name}" for name in files.names()) or "none: run `make setup`"
    return Problem(404, "Not found", f"There is no such file. There are: {there}.")
