import os
import socket
import sys
from pathlib import Path

import pytest

from deploy import ports, preflight
from deploy.errors import DeployError
from testing.ports import free_port

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def nginx_on(host: str, port: int) -> preflight.Listener:
    return preflight.Listener("nginx", "GATEHOUSE_BIND", host, port)


def test_a_free_port_is_not_refused() -> None:
    port = free_port()

    assert ports.refusal("127.0.0.1", port) is None
    preflight.check_ports([nginx_on("127.0.0.1", port)])


@linux_only
def test_a_taken_port_is_refused_with_its_holder_and_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(DeployError) as refused:
            preflight.check_ports([nginx_on("127.0.0.1", port)])

    assert f"Port {port}, which nginx needs, is taken by " in str(refused.value)
    assert f"(pid {os.getpid()})" in str(refused.value)
    assert "make up GATEHOUSE_PORT=" in str(refused.value)


@linux_only
def test_the_holder_is_found_on_every_address_and_in_both_families() -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        port = server.getsockname()[1]

        assert f"(pid {os.getpid()})" in (ports.holder(port) or "")
        assert ports.refusal("127.0.0.1", port) is not None


def test_a_holder_that_cannot_be_told_is_said_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        # As /proc shows it to a stranger: the socket is listed, but no process that may be looked into has it.
        (tmp_path / "net").mkdir()
        (tmp_path / "net" / "tcp").write_text(
            "  sl  local_address rem_address st tx rx tr tm uid to inode\n"
            f"   0: 0100007F:{port:04X} 00000000:0000 0A 0:0 0:0 0 0 0 4242 1\n"
        )

        assert ports.holder(port, proc=tmp_path) is None


def test_a_connection_is_not_taken_for_a_listener(tmp_path: Path) -> None:
    port = 8080
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text(
        "  sl  local_address rem_address st tx rx tr tm uid to inode\n"
        f"   0: 0100007F:{port:04X} 0100007F:9999 01 0:0 0:0 0 0 0 4242 1\n"
    )
    (tmp_path / "7" / "fd").mkdir(parents=True)
    (tmp_path / "7" / "comm").write_text("client\n")
    (tmp_path / "7" / "fd" / "3").symlink_to("socket:[4242]")

    assert ports.holder(port, proc=tmp_path) is None


def test_an_address_of_another_machine_is_refused_in_a_sentence() -> None:
    with pytest.raises(DeployError) as refused:
        preflight.check_ports([nginx_on("192.0.2.1", free_port())])

    assert str(refused.value).startswith(
        "GATEHOUSE_BIND is 192.0.2.1, but no network of this machine has that address. 127.0.0.1 is for"
    )
    assert "GATEHOUSE_PORT" not in str(refused.value)
