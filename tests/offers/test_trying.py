"""A service on trial: nothing is written, nobody small is shown, no untried rule runs a round."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import Max
from psycopg.conninfo import make_conninfo

from dying import bury
from stadi.consent import actions as consent
from stadi.consent import wall
from stadi.consent.domain import TrialRunsError
from stadi.consent.models import Objection, Snapshot
from stadi.engine import sweep
from stadi.engine.explain import explain
from stadi.engine.sql import OUTCOMES
from stadi.insight import actions as insight
from stadi.kit.actor import SYSTEM
from stadi.kit.rule import Rule
from stadi.kit.service import Plugin
from stadi.kit.words import age, at_most, count, euros
from stadi.offers.actions import changes, rounds, trying
from stadi.offers.actions.finding import persons
from stadi.offers.actions.trying import Tried
from stadi.offers.domain import VersionError
from stadi.offers.models import Case, Screening, Trial
from stadi.offers.plugins import plugins
from stadi.people import facts as pop
from stadi.record import actions as record
from stadi.record.models import Entry

ROOT = Path(__file__).parents[2]
SERVICES = ("blood_pressure", "culture_kids", "housing_supplement", "next_step", "preschool")


@pytest.fixture(scope="module", autouse=True)
def _open(city: dict[str, Any], django_db_blocker: Any) -> Iterator[None]:
    """Let every test see what is committed, as the purposes' roles do."""
    del city
    with django_db_blocker.unblock():
        yield


def _with(service: str, **changed: Any) -> Plugin:
    """Return a service of which some parts are others."""
    made = plugins()[service]
    return replace(made, service=replace(made.service, **changed))


def _wider() -> Plugin:
    """Pre-primary education for all children below twelve: everyone of before, and many more."""
    first, *rest = plugins()["preschool"].service.who
    return _with("preschool", who=(replace(first, condition=age(pop.birth_date) < 12), *rest))


def _other_money() -> Plugin:
    """The rent itself up to 250 euros, for the same people: some get more than now, some less."""
    (now,) = plugins()["housing_supplement"].service.amounts
    amounts = (replace(now, value=at_most(pop.rent_cents, euros(250))),)
    return _with("housing_supplement", amounts=amounts)


def _try(plugin: Plugin) -> Tried:
    return trying.try_out(plugin=plugin, by=SYSTEM, at=record.now())


def _rows() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in apps.get_models()}


def _left() -> list[tuple[str, ...]]:
    """Everything in the server that a trial may leave behind."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select 'role', rolname::text from pg_roles where rolname like %s"
            " union all select 'schema', nspname::text from pg_namespace where nspname like %s"
            " union all select 'table', tablename::text from pg_tables"
            " where schemaname = 'behind_the_wall'",
            ["%stadi\\_trial%", "wall\\_%"],
        )
        return cursor.fetchall()


def _answers(plugin: Plugin, old: Plugin) -> dict[int, tuple[str, int | None]]:
    """What the interpreter says of everyone, asked one by one, and what they would get."""
    both = dict.fromkeys([*plugin.service.purpose.uses, *old.service.purpose.uses], "because")
    purpose = replace(old.service.purpose, uses=both)
    now, rules = record.now(), plugin.service.who
    with consent.look(purpose=purpose, as_of=now.date(), known_at=now) as sight:
        seen = sweep.extract(sight)
    everyone = seen.tables["subject"]["subject"].to_pylist()
    found = {}
    for subject, person in persons(seen, everyone).items():
        answer = explain(rules, person, as_of=now.date(), amounts=plugin.service.amounts)
        cents = next(iter(answer.amounts.values()), None)
        found[subject] = answer.outcome, {"yes": cents, "no": 0}.get(answer.outcome)
    return found


def test_a_trial_writes_nothing_but_that_everyone_was_looked_at():
    before = _rows()
    news = Entry.objects.aggregate(last=Max("id"))["last"]
    _try(_wider())
    assert _rows() == {**before, "Snapshot": before["Snapshot"] + 1, "Entry": before["Entry"] + 1}
    assert list(Entry.objects.filter(id__gt=news).values_list("kind", flat=True)) == [
        "consent.looked"
    ]
    assert Snapshot.objects.filter(closed_at=None).count() == 0


@pytest.mark.parametrize("service", SERVICES)
def test_a_trial_counts_what_a_round_would(service: str):
    made = plugins()[service]
    tried = _try(made)
    result = rounds.screen(plugin=made, seen=rounds.read(plugin=made, at=record.now()))
    assert tried.counts == {name: result.count(name) for name in OUTCOMES}
    assert tried.tree == result.manifest["tree"]
    assert tried.against is not None
    assert tried.against.same
    assert (tried.against.newly, tried.against.no_longer) == (0, 0)
    assert (tried.against.gained, tried.against.lost) == (0, 0)


def test_who_objected_to_a_service_is_stopped_in_its_trial_too():
    made = plugins()["preschool"]
    stopped = Objection.objects.filter(purpose=made.service.purpose.id, lifted_at=None)
    objectors = set(stopped.values_list("subject", flat=True))
    assert len(objectors) == _try(_wider()).counts["stopped"] > 0


def test_who_is_newly_and_who_is_no_longer_entitled_is_what_the_interpreter_says():
    new, old = _wider(), plugins()["preschool"]
    tried = _try(new)
    then, now = _answers(old, old), _answers(new, old)
    against = tried.against
    assert against is not None
    yes = {s for s, (outcome, _) in now.items() if outcome == "yes"}
    was = {s for s, (outcome, _) in then.items() if outcome == "yes"}
    assert (against.newly, against.no_longer) == (len(yes - was), len(was - yes))
    assert (against.kept, against.neither) == (len(yes & was), len(now) - len(yes | was))
    assert (against.gained, against.lost) == (against.newly, against.no_longer)
    assert against.newly > 0
    assert not against.same


def test_who_gets_more_and_who_gets_less_is_what_the_interpreter_says():
    new, old = _other_money(), plugins()["housing_supplement"]
    tried = _try(new)
    then, now = _answers(old, old), _answers(new, old)
    against = tried.against
    assert against is not None
    known = [s for s in now if now[s][1] is not None and then[s][1] is not None]
    change = {s: now[s][1] - then[s][1] for s in known}
    more = [c for c in change.values() if c > 0]
    less = [-c for c in change.values() if c < 0]
    assert against.more is not None
    assert against.less is not None
    assert (against.gained, against.more.cents, against.more.most) == (
        len(more),
        sum(more),
        max(more),
    )
    assert (against.lost, against.less.cents, against.less.most) == (
        len(less),
        sum(less),
        max(less),
    )
    assert sum(against.more.sizes) == len(more)
    open_ = [s for s in set(now) - set(known) if "yes" in {now[s][0], then[s][0]}]
    assert against.untold == len(open_)
    assert tried.money is not None
    assert tried.money.cents == sum(cents for outcome, cents in now.values() if outcome == "yes")


def test_the_areas_add_up_to_the_city():
    tried = _try(_wider())
    against = tried.against
    assert against is not None
    sums = {
        name: sum(getattr(part, name) for part in tried.parts)
        for name in ("residents", "before", "yes", "gained", "lost")
    }
    assert sums == {
        "residents": sum(tried.counts.values()),
        "before": against.kept + against.no_longer,
        "yes": tried.counts["yes"],
        "gained": against.gained,
        "lost": against.lost,
    }
    with consent.look(
        purpose=insight.PURPOSE, as_of=record.now().date(), known_at=record.now()
    ) as sight:
        table = sweep.extract(sight).tables["subject"]
    area = dict(zip(table["subject"].to_pylist(), table["area"].to_pylist(), strict=True))
    entitled = [area[s] for s, (o, _) in _answers(_wider(), _wider()).items() if o == "yes"]
    assert {part.area: part.yes for part in tried.parts if part.yes} == dict(Counter(entitled))


def test_a_rule_alone_leaves_out_those_whom_no_other_does():
    tried = _try(plugins()["preschool"])
    made = plugins()["preschool"]
    result = rounds.screen(plugin=made, seen=rounds.read(plugin=made, at=record.now()))
    for i, rule in enumerate(tried.rules):
        bits = result.bits.tolist()
        assert rule.fails == sum(bool(b >> i & 1) for b in bits)
        assert rule.alone == sum(b == 1 << i for b in bits)
        open_ = zip(bits, result.outcomes.tolist(), strict=True)
        assert rule.unknown == sum(
            o == OUTCOMES.index("unknown") and bool(b >> (16 + i) & 1) for b, o in open_
        )


def test_relatives_are_looked_at_only_of_those_whom_their_own_facts_leave_open(
    monkeypatch: pytest.MonkeyPatch,
):
    made, extracts = plugins()["housing_supplement"], []
    extract = sweep.extract

    def kept(sight: sweep.Sight) -> sweep.Extract:
        extracts.append(extract(sight))
        return extracts[-1]

    monkeypatch.setattr(trying.sweep, "extract", kept)
    tried = _try(made)
    (seen,) = extracts
    own = sweep.run(made.service.who[:2], seen)
    with_rows = set(seen.tables["household_income"]["subject"].to_pylist())
    assert with_rows | set(own.of("stopped")) <= {
        *own.of("yes"),
        *own.of("unknown"),
        *own.of("stopped"),
    }
    assert 0 < len(with_rows) < len(own.subjects) / 2
    rents, _, small = tried.rules
    assert rents.fails == own.count("no")
    assert small.fails == own.count("yes") + own.count("unknown") - sum(
        tried.counts[name] for name in ("yes", "unknown")
    )


def test_a_rule_about_relatives_is_counted_of_those_alone_of_whom_it_was_asked():
    made = plugins()["culture_kids"]
    uses = {**made.service.purpose.uses, pop.member: "who has siblings"}
    many = Rule(condition=count(pop.member) >= 4, because="has_siblings")
    purpose = replace(made.service.purpose, uses=uses)
    draft = _with("culture_kids", purpose=purpose, who=(*made.service.who, many))
    tried, before = _try(draft), _try(made)
    small, _, siblings = tried.rules
    asked, open_ = (sum(x.counts[k] for k in ("yes", "unknown")) for x in (before, tried))
    assert siblings.fails == asked - open_ > 0
    assert small.alone == before.rules[0].alone > 0


def test_relatives_are_looked_at_also_for_those_whom_only_the_narrower_draft_leaves_out():
    made = plugins()["housing_supplement"]
    young = Rule(condition=age(pop.birth_date) < 30, because="is_young")
    uses = {**made.service.purpose.uses, pop.birth_date: "who is young"}
    purpose = replace(made.service.purpose, uses=uses)
    draft = _with("housing_supplement", purpose=purpose, who=(*made.service.who, young))
    against = _try(draft).against
    assert against is not None
    assert against.kept + against.no_longer == _try(made).counts["yes"]
    assert against.no_longer > 0


def test_a_draft_reads_what_its_service_may_not_by_a_purpose_that_is_gone_afterwards():
    made = plugins()["preschool"]
    purpose = made.service.purpose
    uses = {**purpose.uses, pop.tenure: "who rents"}
    rule = Rule(condition=pop.tenure == "rented", because="rents_the_home")
    draft = _with("preschool", purpose=replace(purpose, uses=uses), who=(*made.service.who, rule))
    walls = consent.registered()
    tried = _try(draft)
    assert tried.rules[-1].fails > 0
    assert consent.registered() == walls
    assert _left() == []
    with (
        consent.look(purpose=purpose, as_of=record.now().date(), known_at=record.now()) as sight,
        pytest.raises(psycopg.Error, match="tenure"),
    ):
        sight.connection.execute(f"select tenure from {sight.schema}.subject".encode())


def test_nothing_is_left_of_a_trial_that_breaks_off(monkeypatch: pytest.MonkeyPatch):
    def broken(_sight: sweep.Sight) -> None:
        assert {kind for kind, _ in _left()} == {"role", "schema", "table"}
        raise ZeroDivisionError

    monkeypatch.setattr(trying.sweep, "extract", broken)
    with pytest.raises(ZeroDivisionError):
        _try(_wider())
    assert _left() == []


def _kill_one() -> None:
    """Let a process be killed in the middle of its trial."""
    name = str(connection.settings_dict["NAME"])
    env = os.environ | {
        "DATABASE_URL": make_conninfo(os.environ["DATABASE_URL"], dbname=name),
        "DJANGO_SETTINGS_MODULE": "settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")]),
    }
    command = [sys.executable, "-m", "offers.killed_trial"]
    done = subprocess.run(command, env=env, check=False)
    assert done.returncode == -signal.SIGKILL
    bury()


def test_the_next_trial_drops_what_a_killed_one_left():
    _kill_one()
    assert {kind for kind, _ in _left()} == {"role", "schema", "table"}
    with connection.cursor() as cursor:
        query = "select rolvaliduntil < now() + interval '1 hour' from pg_roles where rolname = %s"
        cursor.execute(query, [wall.role_name(str(connection.settings_dict["NAME"]), wall.TRIAL)])
        assert cursor.fetchone() == (True,)
    _try(plugins()["preschool"])
    assert _left() == []
    assert Snapshot.objects.filter(closed_at=None).count() == 0


def test_opening_the_house_drops_what_a_killed_trial_left():
    _kill_one()
    consent.clear_away()
    assert _left() == []


def test_two_trials_do_not_run_side_by_side():
    with psycopg.connect(os.environ["DATABASE_URL"], dbname=connection.settings_dict["NAME"]) as c:
        c.execute("select pg_advisory_lock(%s)", [wall.TRYING])
        with pytest.raises(TrialRunsError, match="another trial is running"):
            _try(plugins()["preschool"])
    _try(plugins()["preschool"])


def test_a_draft_keeps_the_purpose_that_people_may_have_objected_to():
    purpose = plugins()["preschool"].service.purpose
    draft = _with("preschool", purpose=replace(purpose, id="preschool.anew"))
    with pytest.raises(trying.TrialError, match=r"keep 'preschool\.placement'"):
        _try(draft)


def test_rules_that_cannot_be_read_any_more_are_said_and_not_compared(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(trying, "KNOWN", ())
    tried = _try(plugins()["preschool"])
    assert tried.against is None
    assert "is no longer what it was" in tried.unread


def _open_cases(plugin: Plugin) -> int:
    """Open the cases of a round, count them, and take them back."""
    now = record.now()
    seen = rounds.read(plugin=plugin, at=now)
    result = rounds.screen(plugin=plugin, seen=seen)
    with transaction.atomic():
        rounds.open_cases(plugin=plugin, seen=seen, result=result, by=SYSTEM, at=now)
        opened = Screening.objects.filter(at=now).count()
        transaction.set_rollback(True)
    return opened


def test_changed_rules_run_no_round_before_they_were_tried_on_the_city():
    wider = _wider()
    with pytest.raises(VersionError, match="run `stadi try preschool`"):
        _open_cases(wider)
    tried = _try(wider)
    with pytest.raises(VersionError, match="run `stadi try preschool`"):
        _open_cases(wider)  # looked at, and not written down
    trying.keep(tried=replace(tried, tree="0" * 64), by=SYSTEM, at=record.now())
    with pytest.raises(VersionError, match="run `stadi try preschool`"):
        _open_cases(wider)  # other rules were
    news = Entry.objects.aggregate(last=Max("id"))["last"]
    trying.keep(tried=tried, by=SYSTEM, at=record.now())
    assert _open_cases(wider) == 1
    assert Entry.objects.filter(id__gt=news).earliest("id").kind == "offers.tried"
    kept = Trial.objects.get(tree=tried.tree)
    assert (kept.service, kept.yes, kept.gained) == ("preschool", tried.counts["yes"], kept.gained)
    assert tried.against is not None
    assert (kept.gained, kept.lost) == (tried.against.newly, tried.against.no_longer)


def test_rules_that_did_not_change_need_no_trial():
    assert _open_cases(plugins()["culture_kids"]) == 1


def test_untried_rules_open_no_case_for_a_changed_fact_either():
    first, *rest = plugins()["preschool"].service.who
    wider = _with("preschool", who=(replace(first, condition=age(pop.birth_date) < 11), *rest))
    cases = Case.objects.count()
    found = [s for s, (o, _) in _answers(wider, wider).items() if o == "yes"]
    had = set(Case.objects.filter(service="preschool").values_list("subject", flat=True))
    new = next(s for s in found if s not in had)
    with pytest.raises(VersionError, match="run `stadi try preschool`"):
        changes.reconsider(plugin=wider, subjects=[new], by=SYSTEM, at=record.now())
    assert Case.objects.count() == cases


@pytest.mark.django_db  # this mark of one test has the database of all set up
def test_the_database_refuses_a_trial_that_tells_who_gains_and_not_who_loses():
    counts = dict.fromkeys(OUTCOMES, 0)
    with pytest.raises(IntegrityError, match="who_gains_and_who_loses_are_told_together"):
        Trial.objects.create(service="a", tree="b", at=record.now(), by=0, gained=1, **counts)
