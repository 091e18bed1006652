"""Where the brokers are."""

import re

from leadlight.errors import ConfigurationError

_BROKER = re.compile(r"(?P<host>[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>\d{1,5}))?")


def bootstrap_servers(url: str) -> list[str]:
    """The brokers of `kafka://host:port[,host:port]`, each as host:port.

    Raises:
        ConfigurationError: the URL names no broker, or says more than this.
    """
    servers = []
    for broker in url.removeprefix("kafka://").removesuffix("/").split(","):
        match = _BROKER.fullmatch(broker.strip())
        if match is None or int(match["port"] or 9092) > 65_535:
            raise ConfigurationError(
                f"LEADLIGHT_BUS_URL is {url!r}: {broker!r} is no broker. It must be 'kafka://host:port[,host:port]'."
            )
        servers.append(f"{match['host']}:{match['port'] or 9092}")
    return servers
