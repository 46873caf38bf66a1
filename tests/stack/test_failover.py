"""The primary of PostgreSQL becomes a replica under the running stack, and is the primary again."""

from testing.http import Answer, send
from testing.postgres import PostgreSQL
from testing.processes import wait_until
from testing.stack import Stack


def test_writes_are_an_outage_while_reads_go_on_and_come_back_by_themselves(
    stack_on_postgresql: Stack, postgresql_of_the_stack: PostgreSQL
) -> None:
    stack, server = stack_on_postgresql, postgresql_of_the_stack
    token = stack.sign_in()
    acknowledged, statuses = [], set()

    def write(title: str) -> int:
        answer = stack.call("POST", "/items/", token=token, json={"title": title})
        if answer.status == 201:
            acknowledged.append(title)
        return answer.status

    def sign_in() -> Answer:
        user = stack.demo
        return stack.token_request(
            grant_type="password", username=user.username, password=user.password
        )

    def writes_are(state: str) -> bool:
        ready = [send(url, "/health/ready") for url in stack.urls.values()]
        return all(
            answer.status == 200 and answer.json["checks"]["writes"] == state for answer in ready
        )

    assert write("before the failover") == 201
    for service in ("auth", "items"):
        server.refuse_writes(service)
    wait_until(
        lambda: writes_are("refused"), seconds=10, what="readiness says that writes are refused"
    )
    for number in range(20):
        assert write(f"during the failover {number}") == 503
        refused = sign_in()
        assert (refused.status, refused.json["error"]) == (503, "temporarily_unavailable")
        assert refused.headers["Retry-After"]
        statuses.add(stack.call("GET", "/items/", token=token).status)
    assert statuses == {200}

    for service in ("auth", "items"):
        server.run(f'ALTER DATABASE "{service}" RESET default_transaction_read_only')
    wait_until(lambda: write("after the failover") == 201, seconds=5, what="items writes again")
    wait_until(lambda: sign_in().status == 200, seconds=5, what="auth signs in again")
    # Of every connection of each worker.
    assert {write(f"after the failover {number}") for number in range(40)} <= {201, 503}
    wait_until(lambda: writes_are("ok"), seconds=5, what="readiness says that writes work")
    items = stack.call("GET", "/items/?limit=100", token=token).json["items"]
    titles = [item["title"] for item in items if "failover" in item["title"]]
    assert sorted(titles) == sorted(acknowledged)
