"""How often an address may sign in, and whether a run keeps to it (`limit_req` of proxy/gateway)."""

from loadtests.target import NotReadyError, Target
from loadtests.target_checks import EXEMPTION

PER_SECOND = 5
BURST = 20
SAFELY_PER_SECOND = 4.5


def check(target: Target, steadily: float, at_once: float) -> bool:
    """Whether the target limits sign-ins, as far as that was asked; a run that needs more is refused.

    `steadily` is how many sign-ins a run makes per second, `at_once` how many users come within
    one second. Asking uses up what the limit allows, so it is not asked for a run that keeps to the limit anyway.

    Raises NotReadyError.
    """
    if steadily <= SAFELY_PER_SECOND and at_once <= BURST:
        return True
    if not _is_limited(target):
        return False
    raise NotReadyError(
        f"This run signs in up to {max(steadily, at_once):.0f} times in a second, and "
        f"{target.url} lets an address do so {PER_SECOND} times: take fewer users, or exempt this "
        f"address with {EXEMPTION}."
    )


def _is_limited(target: Target) -> bool:
    # A grant that does not exist costs the service nothing, and the limit comes before it.
    answers = (target.post_form("/auth/token", grant_type="none") for _ in range(BURST * 2))
    return any(answer.status == 429 for answer in answers)
