"""The house holds: who imports whom, what is stored, what every room promises."""

import subprocess
import sys
from pathlib import Path

import grimp
import pytest
from django.apps import apps
from django.core.management import call_command

ROOT = Path(__file__).parents[1]
INNER = ("models", "pages", "api", "admin")


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("stadi", cache_dir=None)


def test_inner_files_are_imported_only_by_their_own_room_and_site(graph: grimp.ImportGraph):
    strays = []
    for module in graph.modules:
        parts = module.split(".")
        if len(parts) < 3 or parts[2] not in INNER:
            continue
        strays += [
            (other, module)
            for other in graph.find_modules_that_directly_import(module)
            if other.split(".")[1] not in (parts[1], "site")
        ]
    assert strays == []


def test_there_is_no_import_cycle(graph: grimp.ImportGraph):
    modules = sorted(graph.modules)
    cycles = [
        (a, b)
        for a in modules
        for b in graph.find_modules_directly_imported_by(a)
        if a < b and graph.chain_exists(importer=b, imported=a)
    ]
    assert cycles == []


def test_every_init_is_empty():
    filled = [p for p in (ROOT / "src").rglob("__init__.py") if p.read_text().strip()]
    assert filled == []


def test_every_module_opens_with_one_line_that_says_what_lives_there():
    silent = [
        p
        for p in (ROOT / "src").rglob("*.py")
        if p.name != "__init__.py" and "migrations" not in p.parts
        if not p.read_text("utf-8").startswith(('"""', "#!"))
    ]
    assert silent == []


@pytest.mark.django_db
def test_migrations_are_complete_and_linear():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    for app in apps.get_app_configs():
        folder = Path(app.path) / "migrations"
        if app.name.startswith("stadi.") and folder.is_dir():
            numbers = [p.name[:4] for p in folder.glob("0*.py")]
            assert len(numbers) == len(set(numbers)), app.name


def test_every_text_is_translated():
    check = [sys.executable, str(ROOT / "bin" / "messages"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_lock_names_an_index():
    locks = [*(ROOT / "requirements").glob("*.lock"), ROOT / "package-lock.json"]
    assert locks
    for lock in locks:
        words = lock.read_text("utf-8")
        assert "https://" not in words.replace("https://github.com", ""), lock.name
        assert '"resolved"' not in words, lock.name
