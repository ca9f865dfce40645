"""The benchmark's table: printed line by line as it is measured, and kept for --json. Knows not what it measures."""

from __future__ import annotations

import math
import statistics
import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `budget`: what the p99 may be at most (docs/promises.md)."""

    what: str
    n: int
    p50: float
    p99: float
    worst: float
    unit: str
    relay: float | None
    """The p50 as a multiple of the relay's p50 in this run."""
    budget: float | None

    @property
    def kept(self) -> bool:
        return self.budget is None or self.p99 <= self.budget


class Table:
    """Rows in the order in which they were measured; `quiet` prints none of them."""

    def __init__(self, quiet: bool) -> None:
        self.rows: list[Row] = []
        self.relay_ms: float | None = None
        """The p50 of the relay, once it is known."""
        self._quiet = quiet
        self._lost = False

    @property
    def kept(self) -> bool:
        """Whether nothing was lost and every budget was kept."""
        return not self._lost and all(row.kept for row in self.rows)

    def title(self, text: str) -> None:
        """What the lines below it are about."""
        self.say(f"\n{text:58}{'n':>6}{'p50':>9}{'p99':>9}{'max':>9}{'× relay':>9}  budget")

    def times(self, what: str, times_ms: list[float], budget: float | None = None) -> Row:
        """Many measurements of one thing, in milliseconds."""
        ordered = sorted(times_ms)
        p50, p99 = statistics.median(ordered), ordered[math.ceil(0.99 * len(ordered)) - 1]
        relay = p50 / self.relay_ms if self.relay_ms else None
        row = Row(what, len(ordered), p50, p99, ordered[-1], "ms", relay, budget)
        ratio = f"{row.relay:9.1f}" if row.relay else " " * 9
        bound = "" if budget is None else f"  {budget:g} ms" + ("" if row.kept else " MISSED")
        self.say(f"  {what:56}{row.n:6}{p50:9.2f}{p99:9.2f}{row.worst:9.2f}{ratio}{bound}")
        self.rows.append(row)
        return row

    def figure(self, what: str, value: float, unit: str) -> None:
        """One figure."""
        self.say(f"  {what:62}{value:9.2f} {unit}")
        self.rows.append(Row(what, 1, value, value, value, unit, None, None))

    def lose(self, what: str) -> None:
        """Something that was waited for never came."""
        self._lost = True
        print(f"LOST: {what}", file=sys.stderr)

    def say(self, line: str) -> None:
        """A line that is not a measurement."""
        if not self._quiet:
            print(line, flush=True)
