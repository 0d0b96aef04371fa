"""Ports of this machine: which one a URL names, and whether it is free."""

import socket
from urllib.parse import urlsplit

from wxlogin.errors import ConfigurationError


def port_of(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or {"http": 80, "https": 443}[parts.scheme]


def require_free(host: str, port: int, name: str) -> None:
    """Raises ConfigurationError where something listens on the port already.

    `name` is what chooses another port: a variable or an option.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise ConfigurationError(
                f"port {port} on {host} is taken or not allowed; choose another one "
                f"with {name}, such as {port + 10}"
            ) from None
