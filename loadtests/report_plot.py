"""The plot of a run: rate, percentiles, users and, where it was measured, memory over time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH_INCHES, PANEL_INCHES = 9.0, 2.2
PERCENTILES = {"p50": "tab:green", "p95": "tab:orange", "p99": "tab:red"}


def draw(summary: Mapping[str, Any], path: Path) -> None:
    """Write the plot of a summary; the ending of `path` chooses the format. Raises OSError."""
    panels = [_rate, _percentiles, _users, *([_memory] if summary["memory"] else [])]
    figure = Figure(figsize=(WIDTH_INCHES, PANEL_INCHES * len(panels)), layout="constrained")
    all_axes = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    for panel, axes in zip(panels, all_axes, strict=True):
        axes.grid(alpha=0.3)
        panel(axes, summary)
        axes.set_ylim(bottom=0)
    all_axes[0].set_title(f"{summary['target']}, from {summary['started']} on", fontsize="medium")
    all_axes[-1].set_xlabel("seconds")
    all_axes[-1].set_xlim(0, max(summary["seconds"], 1))
    figure.savefig(path)


def _rate(axes: Axes, summary: Mapping[str, Any]) -> None:
    seconds = _column(summary, "seconds")
    axes.plot(seconds, _column(summary, "rate"), color="tab:blue", label="answered")
    axes.plot(seconds, _column(summary, "failed"), color="tab:red", label="failed")
    axes.set_ylabel("requests per second")
    axes.legend(loc="best", fontsize="small")


def _percentiles(axes: Axes, summary: Mapping[str, Any]) -> None:
    for name, color in PERCENTILES.items():
        axes.plot(_column(summary, "seconds"), _column(summary, name), color=color, label=name)
    axes.set_ylabel("milliseconds")
    axes.legend(loc="best", fontsize="small")


def _users(axes: Axes, summary: Mapping[str, Any]) -> None:
    axes.plot([0, *_column(summary, "seconds")], [0, *_column(summary, "users")], color="tab:gray")
    axes.set_ylabel("users")


def _memory(axes: Axes, summary: Mapping[str, Any]) -> None:
    for name, samples in summary["memory"]["series"].items():
        axes.plot(*zip(*samples, strict=True), label=name)
    axes.set_ylabel("memory in MB")
    figure = axes.get_figure()
    if figure:
        figure.legend(
            *axes.get_legend_handles_labels(),
            loc="outside lower center",
            ncols=5,
            fontsize="x-small",
        )


def _column(summary: Mapping[str, Any], name: str) -> list[float]:
    # A point without answers has no percentiles: the line has a gap there.
    return [float("nan") if point[name] is None else point[name] for point in summary["series"]]
