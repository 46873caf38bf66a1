"""What a crash or a restart of one part leaves standing."""

import os
import signal

import pytest

from testing.http import listens
from testing.processes import wait_until
from testing.stack import Stack


def new_item(stack: Stack, token: str) -> str:
    created = stack.call("POST", "/items/", token=token, json={"title": "Still here"})
    assert created.status == 201
    return f"/items/{created.json['id']}"


def test_a_worker_that_is_killed_is_replaced_while_the_other_answers(each_stack: Stack) -> None:
    token = each_stack.sign_in()
    master = each_stack.services["items"]
    wait_until(lambda: len(master.children) == 2, seconds=10, what="items has two workers")
    victim = master.children[0]
    os.kill(victim, signal.SIGKILL)
    wait_until(
        lambda: len(master.children) == 2 and victim not in master.children,
        seconds=10,
        what="the killed worker is replaced",
    )
    for _ in range(10):
        assert each_stack.call("GET", "/items/", token=token).status == 200


@pytest.mark.parametrize("service", ["auth", "items"])
def test_data_and_tokens_survive_a_crash_of_a_service(each_stack: Stack, service: str) -> None:
    token = each_stack.sign_in()
    item = new_item(each_stack, token)
    each_stack.services[service].kill()
    down = each_stack.get(f"/{service}/health/live")
    assert (down.status, down.json["code"]) == (502, "bad_gateway")
    each_stack.start(service)
    each_stack.wait_for(service)
    assert each_stack.call("GET", item, token=token).json["title"] == "Still here"
    assert each_stack.call("GET", "/auth/users/me", token=token).status == 200
    assert each_stack.call("GET", item, token=each_stack.sign_in()).status == 200


def test_items_starts_and_checks_tokens_while_auth_is_down(each_stack: Stack) -> None:
    token = each_stack.sign_in()
    item = new_item(each_stack, token)
    each_stack.services["auth"].stop()
    try:
        each_stack.restart("items")
        assert each_stack.call("GET", item, token=token).status == 200
    finally:
        each_stack.start("auth")
        each_stack.wait_for("auth")


def test_a_master_that_is_killed_takes_its_workers_with_it(each_stack: Stack) -> None:
    master = each_stack.services["items"]
    port = int(each_stack.items_url.rpartition(":")[2])
    os.kill(master.pid, signal.SIGKILL)
    try:
        wait_until(lambda: not listens(port), seconds=10, what="the port is free again")
    finally:
        master.stop()
        each_stack.start("items")
        each_stack.wait_for("items")
