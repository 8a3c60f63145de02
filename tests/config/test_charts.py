"""Charts are figures turned into paths, with the same figures as text beside them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client

from config.charts import (
    HEIGHT,
    WIDTH,
    Chart,
    Point,
    Table,
    bars,
    lines,
    nice_top,
    sparkline,
    steps,
)

TABLE = Table(("Day", "Held"), [("Nov 1", "8")])


def stairs(*series: tuple[str, list[Point]], until: float = 100, marked: str = "") -> Chart:
    return steps(
        "Held", "From 8 to 9.", series, until=until, along=("Nov 1",), table=TABLE, marked=marked
    )


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 2), (1, 2), (3, 4), (8, 8), (9, 10), (27, 30), (31, 40), (100, 100), (100_001, 200_000)],
)
def test_a_chart_ends_at_a_round_number_that_can_be_halved(most: int, top: int) -> None:
    assert nice_top(most) == top


def test_a_stair_keeps_its_height_until_the_next_step_and_ends_at_the_edge() -> None:
    chart = stairs(("Held", [(0, 10), (50, 5), (60, 5)]))

    assert chart.drawn[0].path == f"M0 0H360V{HEIGHT // 2}H{WIDTH}"
    assert not chart.drawn[0].area  # a fill that the legend does not explain
    assert list(chart.rising) == ["10", "5", "0"]
    assert chart.rules == f"M0 0h{WIDTH}M0 100h{WIDTH}M0 200h{WIDTH}"


def test_what_is_above_is_marked_where_it_is() -> None:
    held, licensed = ("Held", [(0, 8.0), (25, 20), (75, 8)]), ("Licensed", [(0, 10.0), (50, 12)])

    chart = stairs(held, licensed, marked="Over")  # type: ignore[arg-type]

    assert [each.label for each in chart.marked] == ["Over"]
    assert chart.marked[0].path == "M180 100V0H360V100ZM360 80V0H540V80Z"
    assert stairs(("Held", [(0, 8)]), licensed, marked="Over").marked == []  # type: ignore[arg-type]


def test_a_path_stays_short_whatever_happened_and_shows_the_extremes() -> None:
    busy: list[Point] = [(minute, 10 + minute % 7) for minute in range(100_000)]
    busy[50_000] = (50_000, 40)

    chart = stairs(("Held", busy), ("Licensed", [(0, 5)]), until=100_000, marked="Over")

    assert len(chart.drawn[0].path) < 25_000
    assert "V0V" in chart.drawn[0].path or "V0H" in chart.drawn[0].path
    assert 1_000 < len(chart.marked[0].path) < 25_000  # over all the time, in however many steps


def test_lines_and_bars_bring_their_own_table() -> None:
    months = ["Oct", "Nov"]

    line = lines("Calls", "By month.", months, [("Calls", [0, 4]), ("Texts", [2, 1_000])])
    bar = bars("Minutes", "By month.", months, [("Free", [60, 40]), ("Charged", [0, 60])])

    assert list(line.table.rows) == [("Oct", "0", "2"), ("Nov", "4", "1,000")]
    assert line.drawn[1].path == f"M0 199.6L{WIDTH} 0"
    assert list(bar.table.head) == ["", "Free", "Charged"]
    # The second series stands on the first; a bar of nothing is not drawn.
    assert bar.drawn[0].area == "M54 200V80h252V200ZM414 200V120h252V200Z"
    assert bar.drawn[1].area == "M414 120V0h252V120Z"


def test_many_labels_are_thinned_and_few_are_kept() -> None:
    days = [f"Nov {day}" for day in range(1, 31)]

    assert list(lines("Calls", "", days, [("Calls", [0] * 30)]).along) == [
        "Nov 1", "Nov 16", "Nov 30"
    ]  # fmt: skip
    assert list(lines("Calls", "", days[:7], [("Calls", [0] * 7)]).along) == days[:7]


@pytest.mark.parametrize("values", [[], [0], [0, 0], [3], [1, 2, 3]])
def test_a_sparkline_of_anything_stays_inside(values: list[int]) -> None:
    heights = re.findall(r" ([\d.]+)", sparkline("Calls", values).path)

    assert len(heights) == len(values)
    assert all(1 <= float(height) <= 19 for height in heights)


def test_a_chart_says_what_it_shows_to_those_who_cannot_see_it() -> None:
    html = render_to_string(
        "components/chart.html", {"chart": stairs(("Held", [(0, 8)])), "id": "c"}
    )

    assert 'role="img" aria-labelledby="c-title c-text"' in html
    assert '<title id="c-title">Held</title>' in html
    assert '<desc id="c-text">From 8 to 9.</desc>' in html
    assert '<th scope="row">Nov 1</th><td class="figure">8</td>' in html
    assert "style=" not in html


def test_the_style_guide_shows_every_kind(client: Client, db: Any) -> None:
    page = client.get("/styleguide/").content.decode()

    assert page.count('<figure class="chart">') == 4
    assert 'class="spark"' in page
