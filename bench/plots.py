"""Plots of the page: SVG, with the same bytes for the same figures."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Draw = Callable[[Path], None]


def growth(
    axis: str,
    sizes: Sequence[int],
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
) -> Draw:
    """Requests per second and p99 in milliseconds against a size; each line has both.

    Args:
        axis: what the sizes are.
        lines: by name, the rates and the p99s, in the order of the sizes.
    """

    def draw(file: Path) -> None:
        with _figure(file, columns=2) as (rates, latencies):
            for name, (rate, p99) in lines.items():
                rates.plot(sizes, rate, marker="o", label=name)
                latencies.plot(sizes, p99, marker="o", label=name)
            for plot, title in ((rates, "requests per second"), (latencies, "p99, ms")):
                if sizes[-1] / sizes[0] > 10:
                    plot.set_xscale("log")
                else:
                    plot.set_xticks(sizes)
                plot.set_title(title, fontsize=10)
                plot.set_xlabel(axis)
                plot.set_ylim(bottom=0)
                plot.grid(alpha=0.3)
                plot.legend()

    return draw


def shares(parts: Mapping[str, float], unit: str) -> Draw:
    """One bar, in which each part is as long as it is large."""

    def draw(file: Path) -> None:
        with _figure(file, columns=1, height=2.2) as (bar,):
            left = 0.0
            for name, size in parts.items():
                bar.barh([0], [size], left=left, label=f"{name}: {size:.0f}")
                left += size
            bar.set_yticks([])
            bar.set_xlabel(unit)
            bar.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)

    return draw


@contextmanager
def _figure(file: Path, *, columns: int, height: float = 3.2) -> Iterator[Sequence[Axes]]:
    # A fixed salt and no date: a new run changes what it measured and nothing else.
    with rc_context({"svg.hashsalt": "gatehouse", "svg.fonttype": "none"}):
        figure = Figure(figsize=(9, height), layout="constrained")
        yield figure.subplots(1, columns, squeeze=False)[0]
        figure.savefig(file, format="svg", metadata={"Date": None})
