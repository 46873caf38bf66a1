"""What a check hands over, and how findings are put in order: the cause first, its consequences with it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from doctor.catalogue import KINDS, Kind, Severity


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        id: the kind of fault, as in the catalogue.
        asked: the request that showed it.
        answered: what came back.
        prefix: the public prefix of the service it was found on, empty at the root.
        advice: what to change in just this case, where the catalogue cannot know it.
        explains: ids of other findings that are consequences of this one.
        worse: how bad it is here, where that is more than its kind alone says.
    """

    id: str
    asked: str
    answered: str
    prefix: str
    advice: str = ""
    explains: tuple[str, ...] = ()
    worse: Severity = Severity.RISKY

    @property
    def kind(self) -> Kind:
        return KINDS[self.id]

    @property
    def severity(self) -> Severity:
        """A cause is as bad as the worst of its consequences."""
        return max(self.kind.severity, self.worse, key=lambda severity: severity.rank)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Put the worst first, of these the root cause, and fold every finding that an earlier one explains into that one.

    Of several findings of one kind on one prefix the worst stays, or the first of them.
    """
    rank = {name: place for place, name in enumerate(KINDS)}
    first: dict[tuple[str, str], Finding] = {}
    worst_first = sorted(findings, key=lambda finding: (rank[finding.id], -finding.severity.rank))
    for finding in worst_first:
        first.setdefault((finding.id, finding.prefix), finding)
    kept: list[Finding] = []
    for finding in first.values():
        for place, cause in enumerate(kept):
            if finding.id in cause.kind.explains and finding.prefix == cause.prefix:
                worst = max(cause.severity, finding.severity, key=lambda severity: severity.rank)
                kept[place] = replace(cause, explains=(*cause.explains, finding.id), worse=worst)
                break
        else:
            kept.append(finding)
    return sorted(kept, key=lambda finding: -finding.severity.rank)
