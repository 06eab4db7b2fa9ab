"""`stadi try` and `stadi audit`: what they show, what they hide, what they leave behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stadi.kit.service import Plugin
from stadi.offers.actions.auditing import Audit, Checked
from stadi.offers.actions.trying import BANDS, Difference, Money, Part, Told, Tried
from stadi.offers.plugins import load
from stadi.site import audit, trial
from stadi.site.postgres import launcher as postgres

ROOT = Path(__file__).parents[2]
SMALL = range(1, 10)


@pytest.fixture(scope="module")
def made() -> Plugin:
    return load("stadi.services.preschool")


def _money(counts: list[int]) -> Money:
    return Money(
        people=sum(counts), cents=77_700, quarters=(1, 2, 3), most=12_345, sizes=(*counts,)
    )


few = st.integers(0, 30)


@st.composite
def trials(draw: Any) -> Tried:
    """Trials of small cities: everybody is in one area, has one answer now and one before."""
    parts = []
    sums = dict.fromkeys(("kept", "newly", "no_longer", "neither"), 0)
    for area in ("", "00100", "00120", "00130"):
        of = {name: draw(few) for name in sums}
        sums = {name: sums[name] + of[name] for name in sums}
        parts.append(
            Part(
                area=area,
                residents=sum(of.values()),
                before=of["kept"] + of["no_longer"],
                yes=of["kept"] + of["newly"],
                gained=of["newly"],
                lost=of["no_longer"],
            )
        )
    rest = sums["no_longer"] + sums["neither"]
    unknown = draw(st.integers(0, rest))
    stopped = draw(st.integers(0, rest - unknown))
    yes = sums["kept"] + sums["newly"]
    sizes = len(BANDS) + 1
    bands = st.lists(few, min_size=sizes, max_size=sizes)
    more, less = _money(draw(bands)), _money(draw(bands))
    against = Difference(
        version="1",
        day="2027-01-15",
        same=False,
        **sums,
        gained=sums["newly"],
        lost=sums["no_longer"],
        untold=0,
        more=None,
        less=None,
    )
    if draw(st.booleans()):
        against = replace(
            against, gained=more.people, lost=less.people, untold=draw(few), more=more, less=less
        )
    return Tried(
        service="preschool",
        version="2",
        tree="0" * 64,
        as_of="2027-01-15",
        counts={"yes": yes, "no": rest - unknown - stopped, "unknown": unknown, "stopped": stopped},
        rules=tuple(
            Told(because=key, fails=draw(few), alone=draw(few), unknown=draw(few))
            for key in ("turns_six", "lives_here")
        ),
        money=_money(draw(bands)) if draw(st.booleans()) else None,
        against=against if draw(st.booleans()) else None,
        unread="",
        parts=tuple(parts),
    )


def _counts(found: dict[str, Any]) -> Iterator[Any]:
    """Every count that a trial shows."""
    yield from found["counts"].values()
    for reason in found["reasons"]:
        yield from (reason[key] for key in ("fails", "alone", "unknown"))
    against = found["against"] or {}
    for key in ("kept", "newly", "no_longer", "neither", "gained", "lost", "untold"):
        yield against.get(key)
    for change in (against.get("more"), against.get("less")):
        yield from (change or {"sizes": {}})["sizes"].values()
    for area in found["areas"]:
        yield from (area.get(key) for key in ("before", "gained", "lost", "yes"))


@given(tried=trials())
def test_inv_07_nobody_under_ten_is_shown(tried: Tried, made: Plugin) -> None:
    for count in _counts(trial.shown(tried, made)):
        low, high = count if isinstance(count, tuple) else (count, count)
        assert low not in SMALL
        assert high not in {*SMALL} - {9}
        assert count != (9, 9)


def _tried(**changed: Any) -> Tried:
    """A trial of a thousand people, of whom a hundred were entitled before and are so now."""
    whole = Tried(
        service="preschool",
        version="2",
        tree="0" * 64,
        as_of="2027-01-15",
        counts={"yes": 100, "no": 900, "unknown": 0, "stopped": 0},
        rules=(Told(because="turns_six", fails=900, alone=900, unknown=0),),
        money=None,
        against=Difference(
            version="1",
            day="2027-01-15",
            same=False,
            kept=100,
            newly=0,
            no_longer=0,
            neither=900,
            gained=0,
            lost=0,
            untold=0,
            more=None,
            less=None,
        ),
        unread="",
        parts=(),
    )
    return replace(whole, **changed)


def test_where_few_come_or_go_no_sum_tells_how_few(made: Plugin) -> None:
    """Who was entitled before is known, so those of now are not told to the number."""
    same = _tried()
    assert same.against is not None
    few_ = replace(same.against, newly=3, gained=3, neither=897)
    counts = {"yes": 103, "no": 897, "unknown": 0, "stopped": 0}
    rules = (Told(because="turns_six", fails=897, alone=897, unknown=0),)
    found = trial.shown(_tried(counts=counts, against=few_, rules=rules), made)
    assert found["counts"] == {"yes": (100, 109), "no": None, "unknown": 0, "stopped": 0}
    assert {found["against"][key] for key in ("kept", "newly", "gained")} == {None}
    assert found["reasons"][0]["fails"] is None
    assert trial.shown(same, made)["counts"] == same.counts


@given(tried=trials())
def test_a_large_enough_count_of_the_city_is_shown_as_it_is(tried: Tried, made: Plugin) -> None:
    found = trial.shown(tried, made)
    for name, count in found["counts"].items():
        if isinstance(count, int):
            assert count == tried.counts[name]
        elif count is not None:
            assert count[0] <= tried.counts[name] <= count[1]
    for shown, part in zip(found["areas"], tried.parts, strict=True):
        for key in ("before", "gained", "lost", "yes"):
            told = shown.get(key)
            if told is not None:
                low, high = told if isinstance(told, tuple) else (told, told)
                assert low <= getattr(part, key) <= high


def test_the_money_of_fewer_than_ten_is_not_shown(made: Plugin) -> None:
    def money(people: int) -> Any:
        return trial.shown(_tried(money=_money([people, 0, 0, 0])), made)["money"]

    assert money(9) is None
    assert money(10) == {"cents": 80_000, "quarters": [0, 0, 0]}


def _row(should: int, found: int, later: int, days: int | None = 40) -> dict[str, Any]:
    checked = Checked(
        period="2027-01", day=date(2027, 1, 1), should=should, found=found, later=later, days=days
    )
    audited = Audit(service="a", version="1", rounds=(checked,), erased=0)
    (row,) = audit.shown(audited)["rounds"]
    return {key: row[key] for key in ("should", "found", "missed", "later", "days")}


def test_inv_07_an_audit_shows_nobody_under_ten() -> None:
    all_ = {"should": 100, "found": 100, "missed": 0, "later": 0, "days": None}
    assert _row(100, 100, 0, None) == all_
    assert _row(100, 60, 30)["days"] == 40
    hidden = dict.fromkeys(("found", "missed", "later", "days"))
    assert _row(100, 95, 0, None) == {"should": 100, **hidden, "later": 0}
    assert _row(7, 0, 7) == {"should": None, **hidden}
    assert _row(100, 60, 5)["days"] is None


@given(found=few, later=few, never=few)
def test_inv_07_no_sum_of_an_audit_tells_a_small_number(found: int, later: int, never: int) -> None:
    row = _row(found + later + never, found, later)
    for key in ("should", "found", "missed", "later"):
        assert row[key] not in SMALL
    if row["found"] is not None and row["later"] is not None and row["missed"] is not None:
        assert row["missed"] - row["later"] not in SMALL


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A house with a small city."""
    where = tmp_path_factory.mktemp("home")
    done = _run(where, "demo", "--residents", "1500", "--seed", "5", "--json")
    assert done.returncode == 0, done.stderr
    yield where
    postgres.erase(where)


def _start(home: Path, *words: str) -> subprocess.Popen[str]:
    ours = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "STADI_SERVICES")
    keep = {k: v for k, v in os.environ.items() if k not in ours}
    env = {**keep, "STADI_HOME": str(home), "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "stadi.site.cli", *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=env, text=True, stdout=pipe, stderr=pipe)


def _run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    running = _start(home, *words)
    out, err = running.communicate(timeout=120)
    return subprocess.CompletedProcess(running.args, running.returncode, out, err)


def _ask(home: Path, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(postgres.up(home).dsn, dbname="stadi_demo") as asked:
        return asked.execute(query.encode()).fetchall()


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A draft of pre-primary education with another version, which no installation knows."""
    folder = tmp_path / "draft"
    shutil.copytree(
        ROOT / "src" / "stadi" / "services" / "preschool",
        folder,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    file = folder / "service.py"
    file.write_text(file.read_text("utf-8").replace("2027.1", "2028.1"), "utf-8")
    return folder


def test_a_service_is_tried_by_its_id_and_that_is_recorded(home: Path) -> None:
    before = _ask(home, "select count(*) from offers_trial")[0][0]
    found = json.loads(_run(home, "try", "preschool", "--json").stdout)
    assert found["recorded"]
    assert found["against"]["same"]
    assert len(found["reasons"]) == 3
    assert _ask(home, "select count(*) from offers_trial")[0][0] == before + 1
    told = _run(home, "try", "preschool").stdout
    assert "The child turns six this year" in told
    assert "0 newly yes, 0 no longer yes" in told
    assert "This trial is recorded" in told


def test_a_draft_is_tried_by_its_folder_and_nothing_of_it_is_recorded(
    home: Path, draft: Path, tmp_path: Path
) -> None:
    before = _ask(home, "select count(*) from offers_trial")
    page = tmp_path / "page.html"
    done = _run(home, "try", str(draft), "--out", str(page))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("preschool 2028.1 as of")
    assert "A draft was tried: nothing is recorded" in done.stdout
    assert _ask(home, "select count(*) from offers_trial") == before
    written = page.read_text("utf-8")
    assert written.count("<circle") > 80
    assert "preschool 2028.1 as of" in written
    assert "http" not in written


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("try", "nosuch"), "no service is called 'nosuch'"),
        (("try", "."), "is missing"),
        (("try", "preschool", "--out", "/nosuch/page.html"), "the page cannot be written"),
        (("audit", "nosuch"), "no service is called 'nosuch'"),
    ],
)
def test_what_cannot_be_tried_is_said_in_a_sentence(
    home: Path, words: tuple[str, ...], told: str
) -> None:
    before = _ask(home, "select count(*) from offers_trial")
    done = _run(home, *words)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert _ask(home, "select count(*) from offers_trial") == before


def test_a_broken_draft_is_refused_with_its_file(home: Path, draft: Path) -> None:
    file = draft / "service.py"
    file.write_text(file.read_text("utf-8") + "\nimport os\n", "utf-8")
    done = _run(home, "try", str(draft))
    assert done.returncode == 1
    assert "service.py" in done.stderr
    assert str(draft) in done.stderr


def test_an_ended_trial_leaves_no_role_and_no_schema(home: Path) -> None:
    left = (
        "select rolname from pg_roles where rolname like '%stadi\\_trial%'"
        " union all select nspname from pg_namespace where nspname like 'wall\\_%'"
        " union all select tablename from pg_tables where schemaname = 'behind_the_wall'"
    )
    _run(home, "clock", "show")
    for _ in range(10):  # a small city is tried in a moment: again until one is met under way
        running = _start(home, "try", "housing_supplement")
        end = time.monotonic() + 60
        while not _ask(home, left) and running.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)
        if running.returncode:
            break
    assert running.returncode == 130
    assert _ask(home, left) == []


def test_an_audit_counts_the_rounds_of_the_past_months(home: Path) -> None:
    found = json.loads(_run(home, "audit", "preschool", "--months", "2", "--json").stdout)
    assert [row["round"] for row in found["rounds"]] == ["2026", "2027"]
    told = _run(home, "audit", "preschool", "--months", "14").stdout
    assert "asked as of 2027-01-01: " in told
    assert "the registers do not reach back so far" in told
    for months in ("0", "121", "-1", "x"):
        assert _run(home, "audit", "preschool", "--months", months).returncode == 2
