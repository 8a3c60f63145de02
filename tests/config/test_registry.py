"""Tables that apps fill when the process starts."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.registry import Registry, Unregistered


def test_entries_are_read_by_name_in_the_order_in_which_they_came() -> None:
    colors: Registry[int] = Registry("color", {"red": 1})

    colors.fill({"green": 2, "blue": 3})

    assert list(colors.items()) == [("red", 1), ("green", 2), ("blue", 3)]
    assert colors.get("pink") is None


def test_a_name_that_two_apps_register_stops_the_process() -> None:
    colors: Registry[int] = Registry("color", {"red": 1})

    with pytest.raises(ImproperlyConfigured, match="The color “red” is registered twice"):
        colors.fill({"red": 1})


def test_a_name_that_nobody_registered_is_refused_and_says_where_it_belongs() -> None:
    colors: Registry[int] = Registry("color")

    with pytest.raises(Unregistered, match=r"No color is called “red”.*catalog\.py"):
        colors["red"]
