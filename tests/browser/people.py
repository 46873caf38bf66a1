"""People who come to Gatehouse for the first time."""

from tests.support.stack import Stack, User


def sign_up(stack: Stack, user: User, **profile: str) -> None:
    sent = {"username": user.username, "password": user.password, **profile}
    answer = stack.call("POST", "/auth/users", json=sent)
    assert answer.status == 201, answer.body
