"""Names of agents that look the same become the same, and can be searched.

Not undone on the way back: nothing asks for the invisible marks again.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations

from config.fields import folded
from config.text import tidy

LONGEST = 80


def tidy_names(apps: Any, schema_editor: Any) -> None:
    Agent = apps.get_model("telephony", "Agent")
    taken: set[tuple[int, str]] = set()
    for agent in Agent.objects.order_by("pk").iterator():
        wanted = tidy(agent.name)[:LONGEST] or "Agent"
        name, turn = wanted, 1
        while (agent.account_id, name.casefold()) in taken or (
            Agent.objects.filter(account_id=agent.account_id, name__iexact=name)
            .exclude(pk=agent.pk)
            .exists()
        ):
            turn += 1  # two agents looked the same; both stay
            name = f"{wanted[: LONGEST - 6]} ({turn})"
        taken.add((agent.account_id, name.casefold()))
        agent.name, agent.search_name = name, folded(name)
        agent.save(update_fields=["name", "search_name"])


class Migration(migrations.Migration):
    dependencies = [("telephony", "0002_searchable_names")]

    operations = [migrations.RunPython(tidy_names, migrations.RunPython.noop, elidable=True)]
