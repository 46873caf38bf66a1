"""Response times as HDR histograms: one for each row and block of time, merged exactly on the master.

Locust itself rounds times to two digits and knows nothing of the requests that a waiting user did not send
(coordinated omission). So every request is counted here too, from the moment when it was due:

- A user of the open model (`users/open_user.py`) says with every request how late it was sent (`late`).
- A user of the closed model says how often it would have asked (`expected_interval`): for an answer that took
  longer, those that it did not ask for meanwhile are added, as HdrHistogram's `record_corrected_value` does.

`context()` of the user carries both, and workers send their histograms with Locust's `report_to_master`.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

from loadtests import turns
from loadtests.assignment import assignment_of

if TYPE_CHECKING:  # Locust patches the standard library in every process that imports it.
    from locust.env import Environment

LONGEST_MICROSECONDS = 600_000_000
SIGNIFICANT_DIGITS = 3
BLOCKS, SHORTEST_SECONDS, FOREVER = 120, 1.0, 86_400.0
"""In so many blocks a run is cut, and how short they may be; one that has no end is taken for a day."""
NOT_OF_THE_LOAD = (" [prepare]", " [clean up]")
"""The rows of what users do before their first task and after their last one."""


@dataclass(frozen=True)
class Samples:
    """How often (`counts`: block, value) each of the `values` in milliseconds was seen, in rising order.

    `starts` are the blocks, in seconds since the epoch.
    """

    starts: NDArray[np.float64]
    values: NDArray[np.float64]
    counts: NDArray[np.int64]

    @classmethod
    def of_blocks(cls, blocks: Mapping[float, HdrHistogram]) -> "Samples":
        """What a histogram for each block holds."""
        starts = sorted(blocks)
        every = np.array([_counts(blocks[start]) for start in starts])
        (seen,) = np.nonzero(every.sum(axis=0))
        scale = new_histogram()
        values = [
            scale.get_highest_equivalent_value(scale.get_value_from_index(int(index))) / 1000
            for index in seen
        ]
        return cls(np.array(starts), np.array(values), every[:, seen])

    @property
    def total(self) -> int:
        """How many there are."""
        return int(self.counts.sum())

    def since(self, start: float) -> "Samples":
        """Those of the blocks from `start` on."""
        kept = self.starts >= start
        return Samples(self.starts[kept], self.values, self.counts[kept])

    def percentile(self, ratio: float) -> float:
        """The time in milliseconds that this part of them did not exceed; NaN where there are none."""
        return float(quantile(self.values, self.counts.sum(axis=0, keepdims=True), ratio)[0])

    def slower(self, milliseconds: float) -> int:
        """How many took so long or longer."""
        return int(self.counts[:, self.values >= milliseconds].sum())


def quantile(
    values: NDArray[np.float64], counts: NDArray[np.int64], ratio: float
) -> NDArray[np.float64]:
    """For each line of `counts`, the value that this part did not exceed; NaN where the line is empty."""
    if not counts.size:
        return np.full(len(counts), np.nan)
    cumulated = counts.cumsum(axis=1)
    totals = cumulated[:, -1]
    wanted = np.maximum(np.ceil(totals * ratio), 1)
    found = values[(cumulated >= wanted[:, None]).argmax(axis=1)]
    return np.where(totals > 0, found, np.nan)


def new_histogram() -> HdrHistogram:
    """From a microsecond to ten minutes, each value to a thousandth of itself."""
    return HdrHistogram(1, LONGEST_MICROSECONDS, SIGNIFICANT_DIGITS)


def _counts(histogram: HdrHistogram) -> NDArray[np.int64]:
    return np.frombuffer(histogram.counts, dtype=np.int64).copy()


class Latencies:
    """The response times of a run on one process, and on the master those of all."""

    def __init__(self) -> None:
        self.block_seconds = 1.0
        # Times in microseconds that no histogram holds yet, and the encoded histograms.
        self._new: dict[tuple[str, float], list[tuple[int, int]]] = defaultdict(list)
        self._new_as_sent: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._due: dict[str, dict[float, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._as_sent: dict[str, list[str]] = defaultdict(list)

    def attach(self, environment: "Environment") -> None:
        """Listen to the requests of this process, and to what workers report."""
        events = environment.events

        def start(**_: Any) -> None:
            run = assignment_of(environment)
            if run.side is not None:
                self.block_seconds = turns.SECONDS
            else:
                self.block_seconds = max((run.seconds or FOREVER) / BLOCKS, SHORTEST_SECONDS)
            for kept in (self._new, self._new_as_sent, self._due, self._as_sent):
                kept.clear()

        events.test_start.add_listener(start)  # type: ignore[no-untyped-call]
        events.request.add_listener(self.note)  # type: ignore[no-untyped-call]
        events.report_to_master.add_listener(self._report)  # type: ignore[no-untyped-call]
        events.worker_report.add_listener(self._merge)  # type: ignore[no-untyped-call]

    def note(
        self,
        *,
        request_type: str,
        name: str,
        response_time: float,
        start_time: float,
        context: Mapping[str, Any],
        **_: Any,
    ) -> None:
        """Count a request. `response_time` is in milliseconds, from when it was due."""
        row, late = f"{request_type} {name}", context.get("late", 0.0)
        due = start_time - late
        block = due // self.block_seconds * self.block_seconds
        taken, interval = round(response_time * 1000), context.get("expected_interval", 0.0)
        self._new[row, block].append((taken, 0 if late else round(interval * 1_000_000)))
        self._new_as_sent[row].append((round(taken - late * 1_000_000), 0))

    def due(self) -> dict[str, Samples]:
        """Every row, measured from when its requests were due."""
        self._encode()
        return {
            row: Samples.of_blocks({start: _decoded(all_) for start, all_ in blocks.items()})
            for row, blocks in self._due.items()
        }

    def as_sent(self) -> dict[str, Samples]:
        """Every row, measured from when its requests were sent: what Locust measures."""
        self._encode()
        return {
            row: Samples.of_blocks({0.0: _decoded(all_)}) for row, all_ in self._as_sent.items()
        }

    def encoded(self) -> dict[str, dict[str, list[str]]]:
        """The histograms as any HdrHistogram reads them: by row and the second at which their block begins."""
        self._encode()
        return {
            row: {f"{start:.1f}": all_ for start, all_ in blocks.items()}
            for row, blocks in self._due.items()
        }

    def _encode(self) -> list[tuple[str, float | None, str]]:
        """Put what is new into histograms, and return these."""
        scratch = new_histogram()
        made: list[tuple[str, float | None, str]] = []
        for (row, block), times in self._new.items():
            made.append((row, block, _encoded(scratch, times)))
        for row, times in self._new_as_sent.items():
            made.append((row, None, _encoded(scratch, times)))
        self._new.clear()
        self._new_as_sent.clear()
        self._add(made)
        return made

    def _add(self, made: list[tuple[str, float | None, str]]) -> None:
        for row, block, text in made:
            (self._as_sent[row] if block is None else self._due[row][block]).append(text)

    def _report(self, data: dict[str, Any], **_: Any) -> None:
        data["latencies"] = self._encode()
        self._due.clear()
        self._as_sent.clear()

    def _merge(self, data: dict[str, Any], **_: Any) -> None:
        self._add(data.get("latencies", []))


def _encoded(scratch: HdrHistogram, times: list[tuple[int, int]]) -> str:
    scratch.reset()
    for taken, interval in times:
        scratch.record_corrected_value(min(max(taken, 1), LONGEST_MICROSECONDS), interval)
    return str(scratch.encode().decode())


def _decoded(encoded: list[str]) -> HdrHistogram:
    merged = new_histogram()
    for text in encoded:
        merged.decode_and_add(text)
    return merged


def read(file: Path) -> dict[str, Samples]:
    """The rows of a `latencies.json`, measured from when their requests were due. Raises OSError, ValueError."""
    rows = json.loads(file.read_text(encoding="utf-8"))
    return {
        row: Samples.of_blocks({float(start): _decoded(all_) for start, all_ in blocks.items()})
        for row, blocks in rows.items()
    }


def of_the_load(samples: Mapping[str, Samples]) -> dict[str, Samples]:
    """The rows without those of preparing and cleaning up."""
    return {row: one for row, one in samples.items() if not row.endswith(NOT_OF_THE_LOAD)}


def together(samples: Iterable[Samples]) -> Samples:
    """All of them as one row."""
    several = list(samples) or [Samples(np.array([]), np.array([]), np.zeros((0, 0), np.int64))]
    starts = np.unique(np.concatenate([one.starts for one in several]))
    values = np.unique(np.concatenate([one.values for one in several]))
    counts = np.zeros((len(starts), len(values)), np.int64)
    for one in several:
        where = np.ix_(starts.searchsorted(one.starts), values.searchsorted(one.values))
        counts[where] += one.counts
    return Samples(starts, values, counts)
