"""Wait for what other processes do."""

import time
from collections.abc import Callable

# Most waits are over within seconds, and nobody should wait longer than they do. One that lasts is looked at
# less often, because each look may leave a line in somebody's log.
EAGER_FOR_S = 3
EAGER_PAUSE_S = 0.1
PATIENT_PAUSE_S = 0.5


def holds_within(
    seconds: float,
    condition: Callable[[], bool],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Look at `condition` until it holds or `seconds` are over, and return whether it held."""
    began = clock()
    while not condition():
        waited = clock() - began
        if waited > seconds:
            return False
        sleep(EAGER_PAUSE_S if waited < EAGER_FOR_S else PATIENT_PAUSE_S)
    return True
