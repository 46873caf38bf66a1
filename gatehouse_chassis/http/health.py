"""Liveness and readiness: the first says that the process runs, the second names what it waits for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

CHECK_TIMEOUT = 2.0
"""Seconds after which a check that has not answered counts as failed."""

_LOOK_AGAIN_AFTER = 0.05

ReadinessCheck = Callable[[], Awaitable[None]]
"""Returns when the thing is ready, raises when it is not; the error may have a word for it as `readiness`."""

log = logging.getLogger(__name__)


class Liveness(BaseModel):
    """The process answers."""

    status: str = "live"


class Readiness(BaseModel):
    """Whether the service can do its work, and what it lacks."""

    status: str = Field(description="`ready` or `not ready`")
    checks: dict[str, str] = Field(
        description="what was looked at: `ok`, or what is wrong with it; without `writes` a service is ready for "
        "readers"
    )


def health_routes(
    checks: Mapping[str, ReadinessCheck],
    *,
    told: Mapping[str, ReadinessCheck] | None = None,
    timeout: float = CHECK_TIMEOUT,
) -> APIRouter:
    """`/health/live` and `/health/ready`; the latter is 503 while any of `checks` fails.

    What is only `told` stands among them and does not count: a service without it still has readers.
    """
    asked = {**checks, **(told or {})}
    router = APIRouter(prefix="/health", tags=["health"])

    @router.get("/live")
    async def liveness() -> Liveness:
        """Whether the process runs. Restart it when this fails."""
        return Liveness()

    @router.get("/ready", response_model=Readiness, responses={503: {"model": Readiness}})
    async def readiness() -> JSONResponse:
        """Whether the service can do its work. Send it no requests while this fails."""
        states = await asyncio.gather(*(_state_of(*item, timeout) for item in asked.items()))
        results = dict(zip(asked, states, strict=True))
        ready = all(results[name] == "ok" for name in checks)
        body = Readiness(status="ready" if ready else "not ready", checks=results)
        return JSONResponse(body.model_dump(), 200 if ready else 503)

    return router


async def until_ready(checks: Mapping[str, ReadinessCheck], patience: float) -> None:
    """Waits until all of `checks` pass, but not for ever: a service that lacks something is live and says what.

    A worker that took requests any earlier would answer 503 to some of them, beside others that are ready.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await asyncio.gather(*map(_until_it_passes, checks.values()))


async def _until_it_passes(check: ReadinessCheck) -> None:
    while True:
        try:
            return await check()
        except Exception:  # /health/ready tells and logs the cause
            await asyncio.sleep(_LOOK_AGAIN_AFTER)


async def _state_of(name: str, check: ReadinessCheck, seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            await check()
    except Exception as error:
        # The cause can name hosts and users, so the log has it and the client does not.
        cause = f"{type(error).__name__}: {error}"
        log.warning("not_ready", extra={"check": name, "cause": cause})
        return getattr(error, "readiness", "does not answer")
    return "ok"
