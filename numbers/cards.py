"""What apps above show of a number on its page, such as its texts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from accounts.actor import Actor
from accounts.registries import Card
from config.registry import Registry

from .models import PhoneNumber

#: By the name of the app: its card as of a moment, in a fixed number of queries.
NUMBER_CARDS: Registry[Callable[[PhoneNumber, Actor, datetime], Card]] = Registry(
    "card of a number"
)


def cards_of(number: PhoneNumber, actor: Actor, *, at: datetime) -> list[Card]:
    """Every app's card, in order."""
    found = [card(number, actor, at) for card in NUMBER_CARDS.values()]
    return sorted(found, key=lambda card: card.place)
