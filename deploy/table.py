"""The table that `make ps` prints."""

from dataclasses import dataclass

HEADINGS = ("NAME", "STATE", "PID", "UPTIME", "RESTARTS", "READY")


@dataclass(frozen=True)
class Row:
    """One service or container; `trouble` is why it is not ready, None when it is."""

    name: str
    state: str
    pid: int | None = None
    uptime_s: int | None = None
    restarts: int | None = None
    trouble: str | None = "not running"


def render(rows: list[Row]) -> str:
    """Return the rows as columns of text."""
    cells = [
        HEADINGS,
        *(
            (
                row.name,
                row.state,
                "-" if row.pid is None else str(row.pid),
                "-" if row.uptime_s is None else duration(row.uptime_s),
                "-" if row.restarts is None else str(row.restarts),
                "yes" if row.trouble is None else f"no: {row.trouble}",
            )
            for row in rows
        ),
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def duration(seconds: int) -> str:
    """Return `seconds` in the two largest units: 75 is 1m 15s."""
    units = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    parts: list[str] = []
    for unit, size in units:
        count, seconds = divmod(seconds, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])
