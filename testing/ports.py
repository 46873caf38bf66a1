"""Free ports for the programs that cannot be told to choose one themselves."""

import random
import socket

# Below the range from which the kernel takes the ports of outgoing connections: a port that is free now must
# still be free when a program that takes seconds to start listens on it.
_CANDIDATES = range(11_000, 32_000)

_given: set[int] = set()


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port on which nothing listens, never the same twice."""
    while True:
        port = random.choice(_CANDIDATES)
        if port not in _given and _is_free(host, port):
            _given.add(port)
            return port


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
