"""Who may import whom (`docs/architecture.md`).

Reads the source instead of importing it, because tools that import cannot tell our folder
``numbers`` from the standard-library module of that name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Each may import itself and those to its right, never those to its left.
APPS = ("porting", "telephony", "numbers", "licensing", "accounts", "config")
# Each room of an app may import itself and those to its left, in any app.
ROOMS = ("states", "models", "gates", "services")
INTERFACES = ("admin", "api", "api_urls", "forms", "openapi", "tasks", "urls", "views")
OUTER = (*INTERFACES, "management", "migrations", "templatetags")

SANDBOX = "telephony.sandbox"
SANDBOX_COMMAND = "telephony/management/commands/twilio_sandbox.py"
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
    carrier = ROOT / "numbers" / "carrier"

    paths = [path for path in modules(*APPS) if carrier not in path.parents]
    assert offenders(paths, ("twilio",)) == []


def test_the_sandbox_imports_nothing_of_ours() -> None:
    found = offenders(modules("telephony/sandbox"), APPS)

    assert [line for line in found if f" imports {SANDBOX}" not in line] == []


def test_nothing_of_ours_but_its_command_imports_the_sandbox() -> None:
    sandbox = ROOT / "telephony" / "sandbox"

    paths = [
        path
        for path in modules(*APPS)
        if sandbox not in path.parents and str(path.relative_to(ROOT)) != SANDBOX_COMMAND
    ]
    assert offenders(paths, (SANDBOX,)) == []


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
