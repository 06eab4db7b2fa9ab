"""What is done for a case is done whole, once, or not at all, whatever fails and whenever."""

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from dying import bury
from fulfil import life
from fulfil.life import ALL, AT, LATER, NONE, TERM, UNIT, effects, entries, plan
from stadi.consent import actions as consent
from stadi.consent.models import Purpose
from stadi.fulfil import actions as fulfil
from stadi.fulfil import runner
from stadi.fulfil.domain import PlanError
from stadi.fulfil.models import Decision, Notice, Saga
from stadi.fulfil.steps import STEPS, Job, Kind, Outcome
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.service import Decide, Fulfilment, Notify, Place
from stadi.people import actions as people
from stadi.record import actions as record
from stadi.record.domain import News

pytestmark = pytest.mark.django_db
YEAR = timedelta(days=365)


class BrokenError(Exception):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragile:
    """A step of the tests that does nothing and may fail."""


@dataclass
class Faults:
    """How often the fragile step fails for a subject, and in which order steps were undone."""

    doing: dict[int, int]
    undoing: dict[int, int]
    undone: list[str]

    def do(self, _step: object, jobs: Sequence[Job], _by: Actor, _at: datetime) -> Outcome:
        self._fail(self.doing, jobs)
        return Outcome()

    def undo(self, jobs: Sequence[Job], _by: Actor, _at: datetime) -> list[UUID]:
        self._fail(self.undoing, jobs)
        return [job.case for job in jobs]

    def _fail(self, left: dict[int, int], jobs: Sequence[Job]) -> None:
        broken = [job.subject for job in jobs if left.get(job.subject, 0) > 0]
        if len(jobs) == 1 and broken:
            left[broken[0]] -= 1
        if broken:
            raise BrokenError


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    made = Faults({}, {}, [])
    kind = Kind(of=Fragile, do=made.do, undo=made.undo)  # type: ignore[arg-type]
    monkeypatch.setitem(STEPS, "fragile", kind)
    return made


def begin(
    count: int = 1, steps: tuple[Any, ...] | None = None, at: datetime = AT, **more: Any
) -> list[UUID]:
    cases = [uuid4() for _ in range(count)]
    life.hold(cases)
    chosen = {} if steps is None else {"steps": steps}
    plans = [plan(case, 100 + i, **chosen, **more) for i, case in enumerate(cases)]
    assert fulfil.begin(plans=plans, by=SYSTEM, at=at) == count
    return cases


def run(at: datetime = LATER) -> Any:
    return fulfil.run_due(by=SYSTEM, at=at)


def run_for_long(at: datetime = LATER) -> None:
    for hours in range(0, 48, 1):
        run(at + timedelta(hours=hours))


def saga(case: UUID) -> Saga:
    return Saga.objects.get(case=case)


def object_to(subject: int) -> None:
    Purpose.objects.get_or_create(
        id="preschool.placement", defaults={"basis": "public_task", "law": "x", "facts": {}}
    )
    consent.object_to(resident=subject, purpose="preschool.placement", by=SYSTEM, at=LATER)


# ── forwards ─────────────────────────────────────────────────────────────────────────────────


def test_a_case_is_placed_decided_signed_told_and_finished() -> None:
    (case,) = begin()
    ran = run()
    assert (ran.done, ran.waiting, ran.finished) == (1, 1, 0)
    assert effects(case) == {**NONE, "place": 1}
    life.sign_all()
    ran = run()
    assert (ran.done, ran.waiting, ran.finished) == (2, 0, 1)
    assert effects(case) == ALL
    life.check_whole([case], "finish")


def test_a_case_without_steps_is_finished_at_once() -> None:
    (case,) = begin(steps=(), decision=None)
    assert run().finished == 1
    assert saga(case).state == "finished"


def test_higher_rooms_hear_of_the_end_in_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[list[UUID | None]] = []

    def hear(news: Sequence[News], _by: Actor, _at: datetime) -> None:
        heard.append([one.case for one in news])

    monkeypatch.setattr(record, "_LISTENERS", {"fulfil.finished": [hear]})
    cases = begin(3, steps=(Place(),))
    run()
    assert [set(batch) for batch in heard] == [set(cases)]


def test_a_decision_waits_for_its_signature_and_burns_no_attempts() -> None:
    (case,) = begin()
    run_for_long()
    assert saga(case).attempts == 0
    assert saga(case).due_at is None
    assert "fulfil.step_failed" not in entries(case)


def test_running_again_changes_nothing() -> None:
    (case,) = begin()
    run()
    life.sign_all()
    run()
    before = entries(case)
    run()
    assert fulfil.begin(plans=[plan(case, 100)], by=SYSTEM, at=LATER) == 0
    run()
    assert entries(case) == before
    assert effects(case) == ALL


def test_what_is_not_due_yet_is_left_alone() -> None:
    (case,) = begin(at=LATER)
    assert run(AT).done == 0
    assert effects(case) == NONE


def test_one_plan_given_twice_is_begun_once() -> None:
    case = uuid4()
    life.hold([case])
    assert fulfil.begin(plans=[plan(case, 100), plan(case, 100)], by=SYSTEM, at=AT) == 1


@pytest.mark.parametrize(
    ("change", "lack"),
    [
        ({"unit": None}, "names no unit"),
        ({"decision": None}, "no decision in 'fi'"),
        ({"steps": (Place(), Place())}, "takes a step twice"),
    ],
)
def test_a_plan_that_lacks_something_cannot_be_made(change: dict[str, Any], lack: str) -> None:
    with pytest.raises(PlanError, match=lack):
        plan(uuid4(), 100, **change)


def test_a_plan_with_empty_words_cannot_be_made() -> None:
    with pytest.raises(PlanError, match="an empty appeal in 'fi'"):
        plan(uuid4(), 100, decision=life.words(appeal=" "))


def test_every_step_that_a_service_may_name_can_be_done_and_undone() -> None:
    assert {kind.of for kind in STEPS.values()} == set(get_args(Fulfilment))


# ── what fails ───────────────────────────────────────────────────────────────────────────────


def test_a_step_that_fails_is_tried_again_with_longer_and_longer_pauses(faults: Faults) -> None:
    faults.doing[100] = 3
    (case,) = begin(steps=(Place(), Fragile()))
    for n, pause in enumerate(runner.PAUSES[:3]):
        at = saga(case).due_at
        assert at is not None
        assert run(at).again == 1
        assert saga(case).attempts == n + 1
        assert saga(case).due_at == at + pause
        assert run(at + pause - timedelta(seconds=1)).again == 0
    at = saga(case).due_at
    assert at is not None
    assert run(at).finished == 1
    assert effects(case)["place"] == 1
    assert entries(case)["fulfil.step_failed"] == 3


def test_a_failing_case_holds_up_no_other(faults: Faults) -> None:
    faults.doing |= {103: 1, 107: 1}
    cases = begin(10, steps=(Place(), Fragile()))
    ran = run()
    assert (ran.again, ran.finished) == (2, 8)
    assert {c for c in cases if saga(c).state == "doing"} == {cases[3], cases[7]}
    assert run(LATER + runner.PAUSES[0]).finished == 2


def test_inv_27_a_case_that_fails_for_good_is_undone_in_reverse_and_a_person_is_told(
    faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    for name in ("place", "decide", "notify"):
        kind = STEPS[name]

        def undo(*args: Any, name: str = name, kind: Kind = kind) -> Any:
            order.append(name)
            return kind.undo(*args)

        monkeypatch.setitem(STEPS, name, Kind(of=kind.of, do=kind.do, undo=undo))
    faults.doing[100] = 99
    steps = (Place(), Decide(signer="head"), Notify(), Fragile())
    failing, other = begin(2, steps=steps)
    run()
    life.sign_all()
    run_for_long()
    assert effects(other) == ALL
    assert effects(failing) == NONE
    assert order == ["notify", "decide", "place"]
    told = entries(failing)
    assert told["fulfil.step_failed"] == runner.TRIES
    assert told["fulfil.failed"] == 1
    assert "fulfil.finished" not in told
    assert (saga(failing).state, saga(failing).error) == ("undone", "fragile: BrokenError")
    assert "fulfil.failed" not in entries(other)


def test_inv_27_where_a_first_step_fails_nothing_was_done(faults: Faults) -> None:
    faults.doing[100] = 99
    (case,) = begin(steps=(Fragile(), Place()))
    run_for_long()
    assert effects(case) == NONE
    assert entries(case)["fulfil.failed"] == 1
    assert "fulfil.place_done" not in entries(case)


def test_inv_27_an_undo_that_fails_is_tried_until_it_is_done_and_a_person_is_told(
    faults: Faults,
) -> None:
    faults.undoing[100] = runner.TRIES + 2
    (case,) = begin(steps=(Place(), Fragile()))
    run()
    fulfil.undo(by={case: SYSTEM}, at=LATER)
    assert saga(case).state == "undoing"
    assert effects(case)["place"] == 1  # not before the later step is undone
    for days in range(1, 10):
        run(LATER + timedelta(days=days))
    told = entries(case)
    assert told["fulfil.stuck"] == 1
    assert told["fulfil.undone"] == 1
    assert effects(case) == NONE


def test_inv_27_a_listener_that_fails_keeps_a_case_from_ending_half(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_news: Sequence[News], _by: Actor, _at: datetime) -> None:
        raise BrokenError

    (case,) = begin(steps=(Place(), Notify()))
    with monkeypatch.context() as patched:
        patched.setattr(record, "_LISTENERS", {"fulfil.finished": [refuse]})
        assert run().again == 1
        assert "fulfil.finished" not in entries(case)
        run_for_long()
    assert effects(case) == NONE
    assert entries(case)["fulfil.failed"] == 1


def test_a_place_that_is_no_longer_held_is_not_written() -> None:
    lost, kept = begin(2, steps=(Place(),))
    fulfil.release(by={lost: SYSTEM}, at=AT)
    ran = run()
    assert (ran.failed, ran.finished) == (1, 1)
    assert effects(lost) == NONE
    assert saga(lost).error == "place: place_lost"
    assert effects(kept)["place"] == 1


def _place_elsewhere(child: int, unit: int) -> None:
    people.change(
        subject=child,
        register="people_placement",
        values={"term": TERM, "unit": unit},
        true_since=AT.date(),
        source="another system",
        by=SYSTEM,
        at=AT,
    )


def test_a_child_who_has_another_place_by_now_keeps_it() -> None:
    (case,) = begin(steps=(Place(),))
    _place_elsewhere(100, 8)
    assert run().failed == 1
    assert saga(case).error == "place: placed_elsewhere"
    assert people.placed(children=[100], term=TERM, day=LATER.date())[100][0] == 8


# ── back ─────────────────────────────────────────────────────────────────────────────────────


def test_a_finished_case_is_undone_whole_and_its_decision_kept_as_annulled() -> None:
    (case,) = begin()
    run()
    life.sign_all()
    run()
    fulfil.undo(by={case: life.official()}, at=LATER)
    assert effects(case) == NONE
    life.check_whole([case], "undo")
    assert Decision.objects.get(case=case).annulled_at == LATER
    assert Notice.objects.get(case=case).untold_at == LATER


def test_undoing_twice_or_what_never_began_changes_nothing() -> None:
    (case,) = begin(steps=(Place(),))
    run()
    fulfil.undo(by={case: SYSTEM, uuid4(): SYSTEM}, at=LATER)
    before = entries(case)
    fulfil.undo(by={case: SYSTEM}, at=LATER)
    run()
    assert entries(case) == before


def test_undoing_tells_only_of_what_was_done() -> None:
    (case,) = begin()
    run()
    fulfil.undo(by={case: SYSTEM}, at=LATER)
    told = entries(case)
    assert told["fulfil.place_undone"] == told["fulfil.decide_undone"] == 1
    assert "fulfil.notify_undone" not in told


def test_undoing_takes_out_only_what_was_put_in() -> None:
    ours, theirs, moved = begin(3, steps=(Place(),))
    _place_elsewhere(101, UNIT)
    run()
    later = LATER + timedelta(days=1)
    people.change(
        subject=102,
        register="people_placement",
        values={"term": TERM, "unit": 8},
        true_since=later.date(),
        source="an official",
        by=SYSTEM,
        at=later,
    )
    fulfil.undo(by=dict.fromkeys((ours, theirs, moved), SYSTEM), at=later)
    placed = people.placed(children=[100, 101, 102], term=TERM, day=later.date())
    assert {child: unit for child, (unit, *_) in placed.items()} == {101: UNIT, 102: 8}


def test_a_case_that_was_undone_may_be_begun_anew() -> None:
    (case,) = begin()
    run()
    fulfil.undo(by={case: SYSTEM}, at=LATER)
    assert fulfil.begin(plans=[plan(case, 100)], by=SYSTEM, at=LATER) == 1
    run()
    life.sign_all()
    run()
    assert effects(case) == ALL
    assert Decision.objects.filter(case=case).count() == 2


def test_inv_10_who_objects_between_two_steps_is_undone_and_nothing_more_is_done(
    faults: Faults,
) -> None:
    faults.doing |= {100: 1, 101: 1}
    objecting, other = begin(2, steps=(Place(), Fragile(), Notify()))
    run()
    object_to(100)
    ran = run(LATER + runner.PAUSES[0])
    assert (ran.stopped, ran.finished) == (1, 1)
    assert effects(objecting) == NONE
    assert entries(objecting)["fulfil.stopped"] == 1
    assert "fulfil.fragile_done" not in entries(objecting)
    assert effects(other)["place"] == 1


def test_inv_10_an_objection_before_the_first_step_lets_nothing_be_done() -> None:
    (case,) = begin()
    object_to(100)
    run()
    assert "fulfil.place_done" not in entries(case)
    assert entries(case)["fulfil.stopped"] == 1


def test_inv_10_who_objects_while_a_signature_is_waited_for_is_undone() -> None:
    stopped, other = begin(2)
    run()
    object_to(100)
    assert {made.case for made in fulfil.unsigned(services=["preschool"])} == {other}
    assert run().stopped == 1
    assert effects(stopped) == NONE
    assert saga(other).state == "doing"


def test_undoing_for_one_who_objects_tells_that_it_was_stopped() -> None:
    stopped, asked = begin(2, steps=(Place(),))
    run()
    object_to(100)
    fulfil.undo(by={stopped: SYSTEM, asked: SYSTEM}, at=LATER)
    assert entries(stopped)["fulfil.stopped"] == entries(asked)["fulfil.undone"] == 1
    assert "fulfil.undone" not in entries(stopped)


# ── whatever the order ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["place", "decide", "notify"])
def test_inv_25_each_step_done_twice_is_done_once_and_undone_twice_is_undone_once(
    name: str,
) -> None:
    (case,) = begin()
    kind = STEPS[name]
    step = Decide(signer="head") if name == "decide" else kind.of()
    job = Job(case=case, subject=100, term=TERM, unit=UNIT)
    tables = {"place": "people_placement", "decide": "fulfil_decision", "notify": "fulfil_notice"}

    def rows() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(f"select t::text from {tables[name]} t order by 1")
            return list(cursor.fetchall())

    assert list(kind.undo([job], SYSTEM, LATER)) == []
    assert rows() == []
    kind.do(step, [job], SYSTEM, LATER)
    once = rows()
    assert len(once) == 1
    kind.do(step, [job], SYSTEM, LATER + timedelta(hours=1))
    assert rows() == once
    assert list(kind.undo([job], SYSTEM, LATER + timedelta(hours=2))) == [case]
    undone = rows()
    assert list(kind.undo([job], SYSTEM, LATER + timedelta(hours=3))) == []
    assert rows() == undone != once


DOINGS = st.lists(
    st.tuples(
        st.sampled_from(["begin", "run", "late", "sign", "undo", "object", "fault"]),
        st.integers(0, 2),
    ),
    max_size=12,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(doings=DOINGS)
def test_inv_25_whatever_comes_when_each_case_is_whole_or_nothing_in_the_end(
    faults: Faults, doings: Sequence[tuple[str, int]]
) -> None:
    with transaction.atomic():
        _check_any_order(faults, doings)
        transaction.set_rollback(True)


def _check_any_order(faults: Faults, doings: Sequence[tuple[str, int]]) -> None:
    cases, at = [uuid4() for _ in range(3)], LATER
    faults.doing.clear()
    life.hold(cases)
    steps = (Place(), Fragile(), Decide(signer="head"), Notify())
    for what, n in doings:
        at += timedelta(minutes=2)
        acts: dict[str, Callable[[], object]] = {
            "begin": partial(
                fulfil.begin, plans=[plan(cases[n], 100 + n, steps=steps)], by=SYSTEM, at=at
            ),
            "undo": partial(fulfil.undo, by={cases[n]: SYSTEM}, at=at),
            "sign": partial(life.sign_all, at),
            "object": partial(object_to, 100 + n),
            "fault": partial(faults.doing.update, {100 + n: 2}),
            "run": partial(run, at),
            "late": partial(run, at - timedelta(hours=1)),
        }
        acts[what]()
        for case in Saga.objects.values_list("case", flat=True):
            _check_prefix(case)
    faults.doing.clear()
    run(at + YEAR)
    life.sign_all(at + YEAR)
    run(at + 2 * YEAR)
    for one in Saga.objects.all():
        assert effects(one.case) == (ALL if one.state == "finished" else NONE)
        assert one.state in ("finished", "undone")
        told = entries(one.case)
        ends = sum(told[f"fulfil.{end}"] for end in ("finished", "failed", "stopped", "undone"))
        assert told["fulfil.begun"] <= ends <= 2 * told["fulfil.begun"]


def _check_prefix(case: UUID) -> None:
    """Check that the steps that stand have effects, and no later step has any."""
    one, found = saga(case), effects(case)
    names = [step["kind"] for step in one.steps]
    standing = {name for name in names[: one.standing] if name != "fragile"}
    # a decision may be signed before the next run notes that its step is done
    early = {"decide"} & set(names[one.standing : one.standing + 1])
    there = {name for name, count in found.items() if count == 1}
    assert there <= standing | early, one.state
    assert standing <= there or one.state not in ("doing", "finished")


def test_a_saga_that_stands_nowhere_is_refused_by_the_database() -> None:
    (case,) = begin()
    for change, rule in (
        ({"standing": 4}, "no_more_steps_stand_than_there_are"),
        ({"standing": -1}, "no_more_steps_stand_than_there_are"),
        ({"state": "finished", "ended_at": AT, "due_at": None}, "finished_means_that_every_step"),
        ({"state": "undoing"}, "a_saga_goes_on_or_says_why_it_is_undone"),
        ({"why": "asked"}, "a_saga_goes_on_or_says_why_it_is_undone"),
        (
            {"state": "undone", "why": "asked", "standing": 1, "ended_at": AT, "due_at": None},
            "undone_means_that_no_step_stands",
        ),
        ({"state": "undoing", "why": "asked", "due_at": None}, "what_has_ended_is_not_due"),
    ):
        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            Saga.objects.filter(case=case).update(**change)


# ── cut off and side by side ─────────────────────────────────────────────────────────────────


@pytest.fixture
def killed() -> Iterator[Any]:
    """Give a function that lives the lives of cases in a process that dies at a statement."""
    chosen = connection.settings_dict
    names = {"host": "HOST", "port": "PORT", "dbname": "NAME", "user": "USER"}
    parts = {key: str(chosen[name] or "") for key, name in names.items()}
    address = make_conninfo(**parts, password=str(chosen["PASSWORD"]))
    tests = Path(__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, str(tests / "fulfil" / "killed.py")],
        env={
            **os.environ,
            "DATABASE_URL": address,
            "DJANGO_SETTINGS_MODULE": "settings",
            "PYTHONPATH": os.pathsep.join([str(tests.parent / "src"), str(tests)]),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:

        def order(cases: Sequence[UUID], number: int, when: str, ending: str) -> str:
            assert child.stdin is not None
            assert child.stdout is not None
            line = {"cases": [str(c) for c in cases], "number": number, "when": when}
            child.stdin.write(json.dumps({**line, "ending": ending}) + "\n")
            child.stdin.flush()
            return child.stdout.readline().strip()

        yield order
        assert child.stdin is not None
        child.stdin.close()


@pytest.mark.django_db(transaction=True)
def test_inv_25_a_kill_between_any_two_statements_loses_and_doubles_nothing(killed: Any) -> None:
    lot = random.Random(2027)  # noqa: S311 - any numbers will do
    for ending in ("finish", "undo"):
        for when in ("before", "after"):
            for number in lot.sample(range(1, 90), 2):
                cases = [uuid4() for _ in range(3)]
                life.hold(cases)
                told = killed(cases, number, when, ending)
                assert told in ("killed", "ended 0")
                bury()
                life.live(cases, ending)
                life.check_whole(cases, ending)
                fulfil.undo(by=dict.fromkeys(cases, SYSTEM), at=LATER)


@pytest.mark.django_db(transaction=True)
def test_inv_25_two_runs_at_once_do_everything_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "SIZE", 3)
    monkeypatch.setattr(runner, "PATIENCE", "10s")
    cases = begin(20)
    ran: list[Any] = []

    def work(gate: threading.Barrier) -> None:
        try:
            gate.wait()
            ran.append(run())
        finally:
            connection.close()

    for _ in range(2):
        gate = threading.Barrier(2)
        threads = [threading.Thread(target=work, args=(gate,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if any(fulfil.unsigned(services=["preschool"])):
            life.sign_all()
    assert len(ran) == 4
    run()
    assert sum(one.finished for one in ran) <= 20
    life.check_whole(cases, "finish")


@pytest.mark.django_db(transaction=True)
def test_a_run_gives_way_to_whoever_holds_what_it_needs() -> None:
    (case,) = begin(steps=(Place(),))
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("lock table people_placement in share mode")
                held.set()
                done.wait(30)
        finally:
            connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)
    try:
        assert run().busy == 1
    finally:
        done.set()
        holder.join()
    assert saga(case).attempts == 0
    assert run().finished == 1
