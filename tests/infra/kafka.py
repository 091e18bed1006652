"""A real Kafka broker for tests and benchmarks: one process, broker and controller combined, on loopback."""

import asyncio
import shutil
import signal
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.infra.parts import CACHE, PartBroken, PartMissing, Server, accepts, free_port, scratch_folder

JARS = CACHE / "kafka"
HEAP = "384m"


class KafkaBroker:
    """One broker with data of its own. Its methods block: from a coroutine, use `asyncio.to_thread`.

    Topics are never made by themselves; the group coordinator does not wait for late members. Like any broker it
    acknowledges before fsync: data survives the process, not the power.
    """

    def __init__(self, java: Path, jars: Path, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        controller_port = free_port()
        self._properties = folder / "server.properties"
        self._properties.write_text(server_properties(folder / "log", self.port, controller_port))
        self._java = [str(java), "-cp", f"{jars}/*", "-Dlog4j2.level=WARN"]
        flags = [f"-Xmx{HEAP}", f"-Xms{HEAP}", "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true"]
        command = [*self._java, *flags, "kafka.Kafka", str(self._properties)]
        self._server = Server("Kafka", command, folder=folder)

    @classmethod
    def create(cls) -> Self:
        """A broker with an empty log, not yet started.

        Raises:
            PartMissing: Java or Kafka's jars are not here.
        """
        java = shutil.which("java")
        if java is None:
            raise PartMissing("Kafka needs Java 17 or newer: install a JRE, on Debian openjdk-17-jre-headless")
        if not any(JARS.glob("kafka_*.jar")):
            raise PartMissing("Kafka is not in .cache/kafka: run scripts/test-parts (it needs Maven)")
        broker = cls(Path(java), JARS, scratch_folder("kafka"))
        broker._format()
        return broker

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """As `LEADLIGHT_BUS_URL` takes it."""
        return f"kafka://{self.bootstrap}"

    @property
    def running(self) -> bool:
        return self._server.running

    @property
    def pid(self) -> int:
        return self._server.pid

    def start(self) -> None:
        """Start and wait until the broker answers; on the port it had before."""
        self._server.launch(self._ready, within_seconds=120)

    def stop(self) -> None:
        """Let the broker shut down in order."""
        self._server.end(signal.SIGTERM, within_seconds=30)

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, no connection is closed in order."""
        self._server.end(signal.SIGKILL, within_seconds=10)

    def restart(self) -> None:
        """Stop in order and start with the same data; starts a killed one."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        self._server.pause()

    def resume(self) -> None:
        """Go on after `pause`."""
        self._server.resume()

    def remove(self) -> None:
        """End it and remove its data."""
        self._server.remove()

    def _format(self) -> None:
        cluster = uuid.uuid4().hex[:22]  # as long as Kafka's own ids, and never read as an option for a leading dash
        command = [*self._java, "-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format"]
        done = subprocess.run(
            [*command, "-t", cluster, "-c", str(self._properties)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise PartBroken(f"Kafka's log folder could not be formatted\n{done.stdout}{done.stderr}")

    def _ready(self) -> bool:
        if not accepts(self.port):
            return False
        with ThreadPoolExecutor(1) as thread:  # of its own, because the caller may have a running event loop
            return thread.submit(asyncio.run, self._answers()).result()

    async def _answers(self) -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5_000)
        try:
            await admin.start()
            return bool((await admin.describe_cluster())["brokers"])
        except (KafkaError, OSError):
            return False
        finally:
            await admin.close()


def server_properties(log: Path, port: int, controller_port: int) -> str:
    """The settings of a broker that is its own controller, small enough for a laptop."""
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(log),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        "offsets.topic.num.partitions": "4",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "2",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "2",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
        "num.network.threads": "2",
        "num.io.threads": "4",
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())
