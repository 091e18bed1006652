"""The proxy of the compose file joins the services to one origin: the path decides."""

import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.infra.parts import ROOT, PartMissing, Server, accepts, free_port, missing, scratch_folder


class Upstream(BaseHTTPRequestHandler):
    """Says which service it stands for, and what the proxy told it of the client."""

    name: str

    def do_GET(self) -> None:
        body = f"{self.name} {self.headers['X-Forwarded-For']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def upstream(name: str) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), type(name, (Upstream,), {"name": name})) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    program = shutil.which("caddy")
    if program is None:
        missing(PartMissing("Caddy is not installed: install it, on Debian the package caddy"))
    port, folder = free_port(), scratch_folder("caddy")
    with ExitStack() as upstreams:
        environment = {
            name.upper(): upstreams.enter_context(upstream(name)) for name in ("collector", "feed", "console")
        }
        environment |= {"ADDRESS": f"http://127.0.0.1:{port}", "HOME": str(folder)}
        configuration = ["--config", str(ROOT / "deploy/Caddyfile"), "--adapter", "caddyfile"]
        proxy = Server("Caddy", [program, "run", *configuration], folder=folder, environment=environment)
        try:
            proxy.launch(lambda: accepts(port), within_seconds=20)
            yield f"http://127.0.0.1:{port}"
        finally:
            proxy.remove()


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v1/batch", "collector"),
        ("/v1/projects/key/settings", "collector"),
        ("/leadlight.js", "collector"),
        ("/leadlight-1.js", "collector"),
        ("/l/token", "collector"),
        ("/readyz", "collector"),
        ("/api/v1/visitors", "feed"),
        ("/api/v1/openapi.json", "feed"),
        ("/", "console"),
        ("/visitors/1", "console"),
        ("/static/console.css", "console"),
    ],
)
def test_the_path_decides_which_service_answers(origin: str, path: str, service: str) -> None:
    with urllib.request.urlopen(origin + path, timeout=10) as answer:
        name, client = answer.read().decode().split()
    assert name == service
    assert client == "127.0.0.1"


def test_a_client_cannot_say_it_is_someone_else(origin: str) -> None:
    claim = urllib.request.Request(origin + "/v1/batch", headers={"X-Forwarded-For": "192.0.2.7"})
    with urllib.request.urlopen(claim, timeout=10) as answer:
        assert answer.read() == b"collector 127.0.0.1"


def test_figures_stay_inside(origin: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(origin + "/metrics", timeout=10)
    assert refused.value.code == 404
    refused.value.close()
