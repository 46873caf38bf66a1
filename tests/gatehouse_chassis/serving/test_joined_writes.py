"""Head and body leave in one write, and nothing that was written is kept back or left behind."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from gatehouse_chassis.serving.joined_writes import _JoiningTransport


class Wire:
    """A transport that remembers what was done with it."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def writelines(self, parts: list[bytes]) -> None:
        self.done.append(b"".join(parts))

    def write_eof(self) -> None:
        self.done.append("eof")

    def close(self) -> None:
        self.done.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.done


@pytest.fixture
async def wire() -> Wire:
    return Wire()


@pytest.fixture
async def transport(wire: Wire) -> Any:
    return _JoiningTransport(wire, asyncio.get_running_loop())  # type: ignore[arg-type]


async def test_head_and_body_are_one_write(transport: Any, wire: Wire) -> None:
    transport.write(b"head")
    transport.write(b"body")
    transport.write(b"head 2")
    transport.write(b"body 2")
    await asyncio.sleep(0)
    assert wire.done == [b"headbody", b"head 2body 2"]


async def test_the_head_of_a_stream_does_not_wait_for_its_body(transport: Any, wire: Wire) -> None:
    transport.write(b"head")
    await asyncio.sleep(0)
    assert wire.done == [b"head"]
    transport.write(b"part")
    await asyncio.sleep(0)
    assert wire.done == [b"head", b"part"]


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (lambda transport: transport.close(), "closed"),
        (lambda transport: transport.write_eof(), "eof"),
        (lambda transport: transport.writelines([b"a", b"b"]), b"ab"),
    ],
    ids=["close", "write_eof", "writelines"],
)
async def test_what_was_written_goes_before_what_comes_next(
    transport: Any, wire: Wire, end: Callable[[Any], None], told: object
) -> None:
    transport.write(b"last words")
    end(transport)
    await asyncio.sleep(0)
    assert wire.done == [b"last words", told]


async def test_the_rest_is_the_transports_own(transport: Any) -> None:
    assert not transport.is_closing()
    transport.close()
    assert transport.is_closing()
