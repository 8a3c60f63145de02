"""Charts that the server draws: figures turned into the paths of an SVG. Pure.

``templates/components/chart.html`` shows a ``Chart`` with its table, ``sparkline.html`` a
``Sparkline``. Lines, areas and bars stretch with the page (``WIDTH`` by ``HEIGHT`` units, whatever
the size on the screen), so all text stands beside them in HTML: evenly spaced, as the rules are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

WIDTH, HEIGHT = 720, 200
SPARK_WIDTH, SPARK_HEIGHT = 72, 20
#: How the series of a chart look, in their order (``static/css/charts.css``).
LOOKS = ("first", "second", "third")
#: Of the width that a bar has, the part that it fills.
BAR = 0.7

#: x and y, in whatever the caller measures: seconds, days, numbers.
Point = tuple[float, float]
Lines = Sequence[tuple[str, Sequence[Point]]]


@dataclass(frozen=True)
class Table:
    """What the chart shows, as text: the same figures for those who cannot see it.

    ``note`` says what to know before reading them.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class Drawn:
    """One series: its name, its look, and its path; ``area`` is what is filled below it."""

    label: str
    look: str
    path: str
    area: str = ""


@dataclass(frozen=True)
class Chart:
    """A drawing with everything that is said about it.

    ``rising`` are the labels of the rules from the top down, ``along`` those below, from the left.
    """

    title: str
    description: str
    table: Table
    drawn: Sequence[Drawn]
    rising: Sequence[str]
    along: Sequence[str]
    marked: Sequence[Drawn] = field(default=())

    width = WIDTH
    height = HEIGHT

    @property
    def rules(self) -> str:
        """The path of the level rules, one for each label beside them."""
        gaps = len(self.rising) - 1
        return "".join(f"M0 {_n(HEIGHT * place / gaps)}h{WIDTH}" for place in range(gaps + 1))


@dataclass(frozen=True)
class Sparkline:
    """A line of the size of a word. ``title`` says what it shows, for it has no labels."""

    title: str
    path: str

    width = SPARK_WIDTH
    height = SPARK_HEIGHT


def steps(
    title: str,
    description: str,
    series: Lines,
    *,
    until: float,
    along: Sequence[str],
    table: Table,
    marked: str = "",
) -> Chart:
    """Values that hold until the next one: each line starts at its first point and ends at
    ``until``. Where the first series is above the second, that is ``marked`` by this label.
    """
    start = min(points[0][0] for _, points in series)
    top = nice_top(max(y for _, points in series for _, y in points))
    x, y = _scale(start, until, WIDTH), _falling(top)

    first, *others = series
    drawn = [
        Drawn(label, look, _staircase([(x(at), y(value)) for at, value in points]))
        for look, (label, points) in zip(LOOKS, series, strict=False)
    ]
    above = _between(first[1], others[0][1], x, y) if marked and others else ""
    return Chart(
        title,
        description,
        table,
        drawn,
        rising=_rising(top),
        along=along,
        marked=[Drawn(marked, "marked", above)] if above else [],
    )


def lines(
    title: str, description: str, labels: Sequence[str], series: Sequence[tuple[str, Sequence[int]]]
) -> Chart:
    """Values at evenly spaced points, joined by lines."""
    top = nice_top(max(value for _, values in series for value in values))
    x, y = _scale(0, max(1, len(labels) - 1), WIDTH), _falling(top)
    drawn = [
        Drawn(label, look, _polyline([(x(at), y(value)) for at, value in enumerate(values)]))
        for look, (label, values) in zip(LOOKS, series, strict=False)
    ]
    return _labeled(title, description, labels, series, drawn, top)


def bars(
    title: str, description: str, labels: Sequence[str], series: Sequence[tuple[str, Sequence[int]]]
) -> Chart:
    """A bar for each label; several series stand on each other."""
    sums = [sum(values) for values in zip(*(values for _, values in series), strict=True)]
    top = nice_top(max(sums, default=0))
    y, slot = _falling(top), WIDTH / max(1, len(labels))
    standing_on = [0] * len(labels)
    drawn = []
    for look, (label, values) in zip(LOOKS, series, strict=False):
        path = ""
        for at, value in enumerate(values):
            if value:
                left, base = slot * (at + (1 - BAR) / 2), y(standing_on[at])
                standing_on[at] += value
                path += (
                    f"M{_n(left)} {_n(base)}V{_n(y(standing_on[at]))}h{_n(slot * BAR)}V{_n(base)}Z"
                )
        drawn.append(Drawn(label, look, "", area=path))
    return _labeled(title, description, labels, series, drawn, top)


def _labeled(
    title: str,
    description: str,
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[int]]],
    drawn: Sequence[Drawn],
    top: int,
) -> Chart:
    """A chart of values that each have a label; the table holds them all."""
    table = _table(labels, series)
    return Chart(title, description, table, drawn, rising=_rising(top), along=_some(labels))


def sparkline(title: str, values: Sequence[int]) -> Sparkline:
    """``values`` as a line from edge to edge, from nothing at the bottom to the most at the top."""
    x = _scale(0, max(1, len(values) - 1), SPARK_WIDTH)
    y = _scale(max(values, default=0) or 1, 0, SPARK_HEIGHT - 2)
    return Sparkline(title, _polyline([(x(at), 1 + y(value)) for at, value in enumerate(values)]))


def nice_top(most: float) -> int:
    """The least round number that is not below ``most`` and can be halved."""
    size = 1
    while True:
        for factor in (2, 4, 6, 8) if size == 1 else (1, 2, 3, 4, 6, 8):
            if factor * size >= most:
                return factor * size
        size *= 10


def _scale(low: float, high: float, length: float) -> Callable[[float], float]:
    """Where a value from ``low`` to ``high`` stands on ``length``."""
    whole = (high - low) or 1
    return lambda value: (value - low) / whole * length


def _falling(top: float) -> Callable[[float], float]:
    return lambda value: (top - value) / top * HEIGHT


def _n(value: float) -> str:
    """A coordinate, as short as it is exact enough."""
    return f"{value:.1f}".removesuffix(".0")


def _rising(top: int) -> list[str]:
    return [f"{top:,}", f"{top // 2:,}", "0"]


def _some(labels: Sequence[str]) -> Sequence[str]:
    """All labels where they have room, else the first, the middle and the last."""
    if len(labels) <= 7:
        return labels
    return (labels[0], labels[len(labels) // 2], labels[-1])


def _table(labels: Sequence[str], series: Sequence[tuple[str, Sequence[int]]]) -> Table:
    columns = zip(*(values for _, values in series), strict=True)
    rows = [
        (label, *(f"{value:,}" for value in values))
        for label, values in zip(labels, columns, strict=True)
    ]
    return Table(("", *(label for label, _ in series)), rows)


def _polyline(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points) if points else ""


def _staircase(points: Sequence[Point]) -> str:
    """A path that keeps its height until the next point, up to the right edge.

    Of the points that fall on one unit of the width, only the extremes and the last are drawn, so
    that a path is short whatever happened.
    """
    (x, y), *others = points
    path, at = f"M{_n(x)} {_n(y)}", y
    column: list[float] = []
    place = round(x)

    def draw() -> Iterator[str]:
        heights = [min(column), max(column), column[-1]] if len(column) > 2 else column
        for height in heights:
            yield f"V{_n(height)}"

    for x, y in others:
        if y == at:
            continue
        if column and round(x) != place:
            path += "".join(draw())
            column = []
        if not column:
            path += f"H{_n(x)}"
            place = round(x)
        column.append(y)
        at = y
    return path + "".join(draw() if column else ()) + f"H{WIDTH}"


def _between(
    upper: Sequence[Point],
    lower: Sequence[Point],
    x: Callable[[float], float],
    y: Callable[[float], float],
) -> str:
    """The path of what lies below ``upper`` and above ``lower``, both stairs: by units of the
    width, so that it is short as well.
    """
    high, low = dict(upper), dict(lower)
    above = below = 0.0
    columns: dict[int, Point] = {}
    for at in sorted({*high, *low}):
        above, below = high.get(at, above), low.get(at, below)
        columns[round(x(at))] = (above, below)
    return "".join(
        f"M{start} {_n(y(below))}V{_n(y(above))}H{end}V{_n(y(below))}Z"
        for (start, (above, below)), end in zip(columns.items(), [*columns, WIDTH][1:], strict=True)
        if above > below
    )
