import os
import stat
from pathlib import Path

import pytest

from deploy.checkout import Checkout
from deploy.local.control import Supervisor, remove_socket_folder, socket_path


def test_the_socket_lies_in_the_checkout_where_its_path_is_short_enough() -> None:
    assert socket_path(Checkout(Path("/srv/app"))) == Path("/srv/app/var/run/supervisor.sock")


def test_a_checkout_with_a_long_path_has_its_socket_in_a_private_folder(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / ("deep" * 30))

    path = socket_path(checkout)

    assert len(os.fsencode(path)) < 99
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert socket_path(checkout) == path, "every command must find it again"
    assert socket_path(Checkout(tmp_path / ("hole" * 30))) != path, "checkouts must not share it"
    remove_socket_folder(checkout)
    remove_socket_folder(Checkout(tmp_path / ("hole" * 30)))
    assert not path.parent.exists()


@pytest.mark.parametrize("is_there", [True, False])
def test_a_socket_that_nobody_listens_on_is_no_supervisor(tmp_path: Path, is_there: bool) -> None:
    path = tmp_path / "s.sock"
    if is_there:
        path.touch()

    assert Supervisor(path).programs() is None
    Supervisor(path).shut_down()
