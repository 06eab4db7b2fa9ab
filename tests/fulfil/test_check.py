"""A certificate convinces who does not trust the solver: our checker, and a script without us."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.db import IntegrityError
from hypothesis import given, settings

from fulfil.cases import TERMS, child, instances, place, unit
from stadi.fulfil import actions as fulfil
from stadi.fulfil.assignment.assign import total
from stadi.fulfil.assignment.check import check
from stadi.fulfil.assignment.costs import board
from stadi.fulfil.domain import Assignment, AssignmentError, Placed, Seeker, Vacancy
from stadi.fulfil.models import Round
from stadi.kit.actor import SYSTEM
from stadi.record.models import Entry
from stadi.twin import actions as twin
from stadi.twin.domain import Place

AT = datetime(2027, 1, 15, 10, 0, tzinfo=UTC)
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "verify-an-assignment.md"


def street(policy: str = "optimum") -> Assignment:
    """Six children and two siblings on a street of four units, one of them with a place free."""
    children = [child(i, x=i * 150, wants=(("id", 3),)) for i in range(1, 7)]
    children += [child(7, x=300, together=1), child(8, x=300, together=1)]
    units = [unit(1, x=0, places=2), unit(2, x=500, places=2, language="sv")]
    units += [unit(3, x=900, places=2), unit(4, x=2500, places=3)]
    return place(children, units, policy=policy)


def moved(found: Assignment, **units: int) -> Assignment:
    """Return the assignment with some children (c1=2: child 1 to unit 2) put elsewhere."""
    placed = dict(found.placed)
    at = {v.id: v for v in found.problem.vacancies}
    for name, number in units.items():
        seeker = next(s for s in found.problem.seekers if s.id == int(name[1:]))
        metres = round(abs(seeker.x - at[number].x) * 1.3)
        placed[seeker.id] = replace(placed[seeker.id], unit=number, metres=metres)
    return replace(found, placed=placed)


def told(found: Assignment, **more: object) -> Assignment:
    return replace(found, certificate=replace(found.certificate, **more))  # type: ignore[arg-type]


def swapped(found: Assignment) -> Assignment:
    """Return the assignment with two lone children exchanged, the certificate's total mended."""
    alone = sorted(p for p in found.placed if p < 7)
    one = alone[0]
    other = next(c for c in alone if found.placed[c].unit != found.placed[one].unit)
    units = {f"c{one}": found.placed[other].unit, f"c{other}": found.placed[one].unit}
    return moved(found, **units)


def dearer(found: Assignment) -> Assignment:
    prices = tuple((u, p + 1) for u, p in found.certificate.prices)
    return told(found, prices=prices)


def below_zero(found: Assignment) -> Assignment:
    """Return the assignment with a price below zero at a full unit, where others may stand."""
    full = next(u for u, p in found.certificate.prices if p)
    return told(
        found, prices=tuple((u, -p if u == full else p) for u, p in found.certificate.prices)
    )


def overfull(found: Assignment) -> Assignment:
    return moved(found, c1=3, c2=3, c3=3)


def apart(found: Assignment) -> Assignment:
    return moved(found, c7=4)


def longer(found: Assignment) -> Assignment:
    placed = {**found.placed, 1: replace(found.placed[1], metres=1)}
    return replace(found, placed=placed)


def stranger(found: Assignment) -> Assignment:
    strange = Placed(seeker=99, unit=1, metres=0, others=())
    return replace(found, placed={**found.placed, 99: strange})


def elsewhere(found: Assignment) -> Assignment:
    children = [replace(found.problem.seekers[0], x=1), *found.problem.seekers[1:]]
    return replace(found, problem=replace(found.problem, seekers=tuple(children)))


def unplaced(found: Assignment) -> Assignment:
    placed = {c: p for c, p in found.placed.items() if c != 1}
    return replace(found, placed=placed)


WRONGS: list[tuple[Callable[[Assignment], Assignment], str]] = [
    (swapped, "another total"),
    (unplaced, "another total"),
    (dearer, "not zero at a unit with free places"),
    (below_zero, "below zero"),
    (lambda f: told(f, dual=f.certificate.dual + 1), "no optimum is proven"),
    (lambda f: told(f, primal=f.certificate.primal - 1), "another total"),
    (lambda f: told(f, covers=99), "another total"),
    (lambda f: told(f, unplaced=1), "a child without a place"),
    (lambda f: told(f, policy="stable"), "another policy"),
    (lambda f: told(f, prices=f.certificate.prices[1:]), "does not price exactly"),
    (overfull, "2 places for"),
    (apart, "siblings are not where"),
    (longer, "child 1 is told a wrong distance"),
    (stranger, "somebody unknown"),
    (elsewhere, "other inputs"),
]


@pytest.mark.parametrize(("spoil", "match"), WRONGS)
def test_whatever_is_wrong_with_an_assignment_the_check_names_it(
    spoil: Callable[[Assignment], Assignment], match: str
) -> None:
    found = street()
    assert check(found) == []
    assert match in "\n".join(check(spoil(found)))


def honest(found: Assignment) -> Assignment:
    """Return the assignment with the total that it really has."""
    laid = board(found.problem)
    column = {u.id: k for k, u in enumerate(laid.units)}
    rest = laid.seekers[laid.siblings :]
    chosen = np.array([column[found.placed[s.id].unit] for s in rest])
    whole = total(laid.cost[laid.siblings :], chosen, laid.unplaced)
    return told(found, primal=whole, dual=whole)


def test_a_worse_assignment_with_an_honest_total_is_found_out() -> None:
    said = "\n".join(check(honest(swapped(street()))))
    assert "could go elsewhere and lower the sum" in said
    assert "no optimum is proven" in said


def test_envy_under_stable_matching_is_found_out() -> None:
    found = street("stable")
    assert check(found) == []
    assert "may envy" in "\n".join(check(honest(swapped(found))))


def test_another_last_child_than_the_accepted_one_is_found_out() -> None:
    found = street("stable")
    prices = tuple((u, p and p + 1) for u, p in found.certificate.prices)
    assert "last child accepted" in "\n".join(check(told(found, prices=prices)))


# ── a script that knows nothing of us ────────────────────────────────────────────────────────


def verify(folder: Path) -> tuple[int, str]:
    found = re.search(r"```python\n(.*?)```", HOW_TO.read_text("utf-8"), re.DOTALL)
    assert found
    script = found.group(1)
    assert len(script.splitlines()) <= 50
    assert "stadi" not in script
    program = folder.parent / "verify.py"
    program.write_text(script, "utf-8")
    done = subprocess.run(
        [sys.executable, "-I", str(program), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("policy", ["optimum", "stable"])
def test_an_outsider_verifies_an_export_without_our_code(tmp_path: Path, policy: str) -> None:
    fulfil.export(assignment=street(policy), folder=tmp_path / "round")
    assert verify(tmp_path / "round") == (0, "verified: 8 of 8 children placed\n")


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (overfull, "unit 3 is overfull"),
        (swapped, "the sum could be lower"),
        (apart, "sibling 7 is elsewhere"),
        (longer, "is wrong"),
        (dearer, "has a wrong price"),
        (unplaced, "the sum could be lower"),
        (elsewhere, "other inputs"),
    ],
)
def test_an_outsider_finds_out_what_was_spoilt(
    tmp_path: Path, spoil: Callable[[Assignment], Assignment], match: str
) -> None:
    fulfil.export(assignment=spoil(street()), folder=tmp_path / "round")
    code, said = verify(tmp_path / "round")
    assert code == 1
    assert match in said


def test_an_outsider_finds_out_envy(tmp_path: Path) -> None:
    fulfil.export(assignment=swapped(street("stable")), folder=tmp_path / "round")
    assert "may envy" in verify(tmp_path / "round")[1]


@settings(max_examples=15, deadline=None, database=None)
@given(instance=instances(children=7, siblings=True))
def test_an_outsider_agrees_about_every_assignment(
    tmp_path_factory: pytest.TempPathFactory, instance: tuple[list[Seeker], list[Vacancy]]
) -> None:
    for policy in ("optimum", "stable"):
        folder = tmp_path_factory.mktemp("audit") / "round"
        fulfil.export(assignment=place(*instance, policy=policy), folder=folder)
        assert verify(folder)[0] == 0


def test_an_export_is_for_its_owner_alone(tmp_path: Path) -> None:
    fulfil.export(assignment=street(), folder=tmp_path / "round")
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "round").iterdir()}
    assert modes == {0o600}


# ── the round on record ──────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_a_round_is_solved_from_what_is_free_and_its_proof_is_kept() -> None:
    units = [
        Place(id=7, kind="preschool", name="A", area="1", language="fi", x=0, y=0),
        Place(id=8, kind="preschool", name="B", area="1", language="sv", x=9, y=0, support=True),
    ]
    twin.load(places=units, by=SYSTEM, at=AT)
    fulfil.set_capacity(places={7: 2, 8: 1}, term=2027, by=SYSTEM, at=AT)
    found = fulfil.find_places(
        kind="preschool",
        seekers=[child(1), child(2), child(3, wants=(("support", True),))],
        term=2027,
        terms=TERMS,
        factor=1.3,
        seed="lot",
    )
    assert {c: p.unit for c, p in found.placed.items()} == {1: 7, 2: 7, 3: 8}
    name = fulfil.record_round(assignment=found, kind="preschool", term=2027, by=SYSTEM, at=AT)
    kept = Round.objects.get(id=name)
    assert (kept.inputs, kept.policy, kept.solved_at) == (found.certificate.inputs, "optimum", AT)
    assert kept.certificate["dual"] == found.certificate.dual
    entry = Entry.objects.get(kind="fulfil.round_solved")
    assert (entry.body["round"], entry.body["inputs"]) == (str(name), kept.inputs)


@pytest.mark.django_db
def test_an_assignment_that_fails_its_check_is_never_handed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fulfil, "assign", lambda **_: swapped(street()))
    with pytest.raises(AssignmentError, match="does not pass its own check"):
        fulfil.find_places(kind="x", seekers=[], term=2027, terms=(), factor=1.3, seed="lot")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"policy": "fair"}, "policy_is_optimum_or_stable"),
        ({"inputs": "some"}, "inputs_are_named_by_their_sha256"),
    ],
)
def test_a_round_without_its_policy_or_its_hash_is_refused_by_the_database(
    more: dict[str, str], match: str
) -> None:
    whole: dict[str, Any] = {"policy": "stable", "inputs": "0" * 64, "seed": "lot", **more}
    whole |= {"kind": "preschool", "term": 2027, "certificate": {}, "solved_at": AT}
    with pytest.raises(IntegrityError, match=match):
        Round.objects.create(id=uuid4(), **whole)
