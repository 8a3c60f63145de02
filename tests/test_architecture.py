"""Who may import whom (`docs/architecture.md`).

Reads the source instead of importing it, because tools that import cannot tell our folder
``numbers`` from the standard-library module of that name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Each may import itself and those to its right, never those to its left.
APPS = ("demo", "porting", "telephony", "numbers", "licensing", "accounts", "carrier", "config")
# Each room of an app may import itself and those to its left, in any app.
ROOMS = ("states", "models", "gates", "services", "actions")
INTERFACES = ("activity", "adapter", "admin", "api", "api_auth", "api_urls", "catalog",
              "coming_from", "context_processors", "filters", "forms", "hooks", "listing",
              "looking", "openapi", "overview", "paging", "tasks", "timeline", "urls", "views",
              "web")  # fmt: skip
OUTER = (*INTERFACES, "apps", "management", "migrations", "templatetags")

SANDBOX = "twilio_sandbox"
#: Where everything is put together; it has to name all of it.
COMPOSITION = {"config/settings.py", "config/urls.py", "config/api_urls.py"}
QUEUE_DOORS = {"config/jobs.py", "config/management/commands/run_worker.py"}


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def inner_modules() -> list[Path]:
    """Everything in the apps that is no interface: the rules, and what they stand on."""
    return [path for path in modules(*APPS) if room(path) not in OUTER]


def room(path: Path) -> str:
    """``services`` for ``numbers/services.py`` and for ``numbers/services/release.py``."""
    return path.relative_to(ROOT).parts[1].removesuffix(".py")


@cache
def imports(path: Path) -> frozenset[str]:
    """The dotted names that a module imports, with relative imports spelled out."""
    return frozenset(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def is_within(name: str, package: str) -> bool:
    """Whether ``name`` is ``package`` or below it; bare ``numbers`` is the standard library's."""
    return (name == package != "numbers") or name.startswith(f"{package}.")


def offenders(paths: list[Path], forbidden: tuple[str, ...]) -> list[str]:
    """``file imports name`` for each import of something at or below a forbidden name."""
    return sorted(
        {
            f"{path.relative_to(ROOT)} imports {name}"
            for path in paths
            for name in imports(path)
            if any(is_within(name, package) for package in forbidden)
        }
    )


@pytest.mark.parametrize("app", APPS)
def test_a_lower_app_never_imports_a_higher_one(app: str) -> None:
    higher = APPS[: APPS.index(app)]

    assert offenders(modules(app), higher) == []


def test_rules_know_nothing_of_the_interfaces() -> None:
    interfaces = tuple(f"{app}.{name}" for app in APPS for name in INTERFACES)

    assert offenders(inner_modules(), interfaces) == []


@pytest.mark.parametrize("name", ROOMS)
def test_inside_an_app_imports_point_inwards(name: str) -> None:
    further_out = ROOMS[ROOMS.index(name) + 1 :]

    paths = [path for path in modules(*APPS) if room(path) == name]
    assert offenders(paths, tuple(f"{app}.{each}" for app in APPS for each in further_out)) == []


def test_only_the_job_door_and_the_worker_touch_the_queue() -> None:
    paths = [path for path in modules(*APPS) if str(path.relative_to(ROOT)) not in QUEUE_DOORS]

    assert offenders(paths, ("django_q",)) == []


def test_only_the_carrier_knows_the_twilio_client() -> None:
    paths = modules(*(app for app in APPS if app != "carrier"))

    assert offenders(paths, ("twilio",)) == []


def test_inside_the_carrier_only_the_transport_reaches_twilio() -> None:
    wire = ("bodies.py", "http.py", "transport.py")
    paths = [path for path in modules("carrier") if path.name not in wire]

    assert offenders(paths, ("twilio", "requests")) == []


def test_topics_of_the_carrier_do_not_know_each_other() -> None:
    topics = ("accounts", "numbers")

    for topic in topics:
        others = tuple(f"carrier.{name}" for name in (*topics, "client") if name != topic)
        assert offenders([ROOT / "carrier" / f"{topic}.py"], others) == []


def test_the_sandbox_imports_nothing_of_ours() -> None:
    assert offenders(modules(SANDBOX), APPS) == []


def test_nothing_of_ours_imports_the_sandbox() -> None:
    assert offenders(modules(*APPS), (SANDBOX,)) == []


def test_the_reader_of_imports_sees_every_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    module = tmp_path / "numbers" / "services" / "release.py"
    module.parent.mkdir(parents=True)
    module.write_text(
        "import accounts.models\n"
        "from licensing import gates\n"
        "from . import swap\n"
        "from ..models import Number\n"
        "def later():\n"
        "    import telephony.models as models\n"
    )

    assert imports(module) == {
        "accounts.models",
        "licensing",
        "licensing.gates",
        "numbers.services",
        "numbers.services.swap",
        "numbers.models",
        "numbers.models.Number",
        "telephony.models",
    }


# --- The one door to the event log -----------------------------------------------------------

EVENT_DOOR = "accounts/services/events.py"
_INSERTS = {"bulk_create", "create", "get_or_create", "update_or_create"}
_INSERTS |= {f"a{name}" for name in _INSERTS}
_TABLE = re.compile(r"\b(INTO|UPDATE|FROM) \W?accounts_event\b", re.IGNORECASE)


def writes_events(source: str) -> list[int]:
    """The lines that make an event, insert one, or know its table."""
    return sorted(
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Call) and _makes_event(node.func))
        or (isinstance(node, ast.Attribute) and node.attr == "_meta" and _is_event(node.value))
        or (isinstance(node, ast.Constant) and _TABLE.search(str(node.value)))
    )


def _makes_event(function: ast.expr) -> bool:
    """``Event(…)``, ``Event.objects.create(…)``, ``account.events.bulk_create(…)`` and so on."""
    if not isinstance(function, ast.Attribute) or _is_event(function):
        return _is_event(function)
    names = {
        each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "")
        for each in ast.walk(function.value)
    }
    return function.attr in _INSERTS and bool(names & {"Event", "events"})


def _is_event(node: ast.expr) -> bool:
    return "Event" in (getattr(node, "id", ""), getattr(node, "attr", ""))


def test_events_are_written_through_one_door() -> None:
    paths = [path for path in modules(*APPS) if room(path) not in ("migrations", "models")]
    writers = {
        str(path.relative_to(ROOT)): lines
        for path in paths
        if (lines := writes_events(path.read_text(encoding="utf-8")))
    }

    assert set(writers) == {EVENT_DOOR}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("Event(account_id=1).save()", True),
        ("models.Event(account_id=1)", True),
        ("Event.objects.create(type='x')", True),
        ("Event.objects.using('x').bulk_create(rows)", True),
        ("account.events.get_or_create(type='x')", True),
        ("cursor.execute('INSERT INTO accounts_event VALUES (1)')", True),
        ("table = Event._meta.db_table", True),
        ("Event.objects.filter(type='x').count()", False),
        ("Number.objects.create(label='x')", False),
        ("record('number.kept', subject=about)", False),
    ],
)
def test_writers_of_events_are_seen(source: str, found: bool) -> None:
    assert bool(writes_events(source)) == found


# --- What is below names nothing above -------------------------------------------------------

_QUOTED = re.compile(r"""["']([a-z_]+):[a-z_]""")
#: Django's admin names a page after the model.
_ADMIN = re.compile(r"""admin:([a-z]+)_""")


def names_above(text: str, app: str) -> set[str]:
    """The apps above ``app`` of which ``text`` names a page."""
    named = {*_QUOTED.findall(text), *_ADMIN.findall(text)}
    return named & set(APPS[: APPS.index(app)])


@pytest.mark.parametrize("app", APPS)
def test_no_app_names_a_page_of_an_app_above_it(app: str) -> None:
    offenders = {
        str(path.relative_to(ROOT)): names
        for path in (ROOT / app).rglob("*.py")
        if str(path.relative_to(ROOT)) not in COMPOSITION
        and (names := names_above(path.read_text(encoding="utf-8"), app))
    }

    assert offenders == {}


def test_the_pages_of_accounts_name_no_page_of_an_app_above_them() -> None:
    folders = ["account", "accounts", "admin", "allauth", "mfa"]
    pages = [path for each in folders for path in (ROOT / "templates" / each).rglob("*.html")]
    pages += (ROOT / "templates").glob("*.html")

    offenders = {
        str(path.relative_to(ROOT)): names
        for path in pages
        if (names := names_above(path.read_text(encoding="utf-8"), "accounts"))
    }
    assert len(pages) > 30
    assert offenders == {}


#: Templates that link to a page of the next app up. No code does, and no others.
LINKS_UP = {
    "licensing/eligibility.html": {"numbers"},
    "licensing/manage.html": {"numbers"},
    "numbers/assign.html": {"telephony"},
    "numbers/detail.html": {"telephony"},
    "numbers/rows.html": {"telephony"},
}


def test_the_templates_that_link_up_are_known() -> None:
    templates = ROOT / "templates"
    found = {
        str(path.relative_to(templates)): names
        for app in ("licensing", "numbers", "telephony")
        for path in (templates / app).rglob("*.html")
        if (names := names_above(path.read_text(encoding="utf-8"), app))
    }

    assert found == LINKS_UP


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("reverse('numbers:list')", {"numbers"}),
        ('{% to "telephony:agent" 7 %}', {"telephony"}),
        ("admin:licensing_charge_changelist", {"licensing"}),
        ('"accounts:settings"', set()),
        ("# about numbers: they ring", set()),
    ],
)
def test_names_of_pages_are_seen(text: str, named: set[str]) -> None:
    assert names_above(text, "accounts") == named


# --- One way to compare addresses of people --------------------------------------------------

#: How databases and Python compare without case: letters of other alphabets become ours.
_LOOSE = re.compile(r"email\w*(__iexact|\)?\.(lower|casefold|upper)\()|\"=[a-z_]*email\"")


def test_addresses_of_people_are_compared_in_one_way() -> None:
    loose = {
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in modules(*APPS)
        if (found := _LOOSE.search(path.read_text(encoding="utf-8")))
    }

    assert loose == set()


def test_each_account_of_the_browser_tests_is_one_file_s() -> None:
    """Their order is another one every time, so a file must not meet what another has done."""
    homes = re.compile(r'homes\["(\w+)"\]|\("(acme|blue)", (?:True|False)\)')
    used: dict[str, set[str]] = {}
    for file in (ROOT / "tests" / "e2e").glob("test_*.py"):
        for one, other in homes.findall(file.read_text(encoding="utf-8")):
            used.setdefault(one or other, set()).add(file.name)

    assert {name: files for name, files in used.items() if len(files) > 1} == {}
    assert len(used) > 5
