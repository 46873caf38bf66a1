"""Free ports for the programs that cannot be told to choose one themselves."""

import socket

_given: set[int] = set()


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port on which nothing listens, never the same twice."""
    while True:
        with socket.socket() as probe:
            probe.bind((host, 0))
            port = int(probe.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port
