"""Coroutines that run for ever, beside a test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any


@asynccontextmanager
async def beside(work: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """`work` beside the block, as an application runs it."""
    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool], *, seconds: float = 5) -> None:
    """Waits until it is so, and fails when it is not in time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.001)
