"""What happens to cases as time passes: reminders, ends, escalation, retention, and a watchdog."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from stadi.fulfil import actions as fulfil
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.ids import listed
from stadi.messages import actions as messages
from stadi.offers.actions import versions
from stadi.offers.actions.cases import must, standing, take
from stadi.offers.actions.letters import tell
from stadi.offers.domain import ASKED, HIGHEST, STEPS, TASKS, WAITING, Terms
from stadi.offers.models import Case, Note, Offer, Opening, Question
from stadi.record import actions as record
from stadi.record.domain import News

# a case that moved while its row was waited for is left alone: PostgreSQL asks `where` again
DUE = """
    select c.id from offers_case c left join offers_offer o on o.case_id = c.id
    where c.service = %s and c.version = %s and c.state = any(%s) and {due}
    order by c.id for update of c"""
STUCK = timedelta(days=1)  # in a state that only the system leaves, and leaves within minutes


def tick(*, by: Actor, at: datetime) -> dict[str, int]:
    """Do everything that is due and return how much of each was done; again changes nothing."""
    done = dict.fromkeys(ACTS, 0)
    for service, version in versions.kept():
        due = _Due(service, version, versions.terms(service, version), by, at)
        for name, act in ACTS.items():
            with transaction.atomic():
                done[name] += act(due)
    return done


@dataclass(frozen=True, slots=True)
class _Due:
    """What is due of one version of a service, and who does it when."""

    service: str
    version: str
    terms: Terms
    by: Actor
    at: datetime

    def cases(self, states: Sequence[str], due: str, *values: Any) -> list[UUID]:
        """Return the cases in these states for which `due` holds, nobody else moving them."""
        with connection.cursor() as cursor:
            words = [self.service, self.version, list(states), *values]
            cursor.execute(DUE.format(due=due), words)
            return [row[0] for row in cursor.fetchall()]

    def step(self, cases: Sequence[UUID], *path: str, reason: str = "") -> int:
        """Take the steps of a path with all of them, and return how many there are."""
        must(by=dict.fromkeys(cases, self.by), path=path, at=self.at, reason=reason)
        return len(cases)


def _begin(due: _Due) -> int:
    """Begin to fulfil what nobody can take back any more; a lost place is found anew."""
    cases = due.cases(["accepted"], "o.answered_at <= %s", due.at - due.terms.regret)
    errors = take(by=dict.fromkeys(cases, due.by), path=("begin",), at=due.at)
    lost = [case for case, error in errors.items() if isinstance(error, fulfil.NoClaimError)]
    due.step(lost, "hold", reason="place_lost")
    return len(cases) - len(errors)


def _remind(due: _Due) -> int:
    """Say it once more, halfway; whoever is reminded late has the same days left to answer."""
    until = due.at + timedelta(days=due.terms.open_days - due.terms.remind_days)
    cases = due.cases(ASKED, "o.reminded_at is null and o.expires_at <= %s", until)
    with connection.cursor() as cursor:
        cursor.execute(
            "update offers_offer set reminded_at = %s,"
            " expires_at = greatest(expires_at, %s) where case_id = any(%s::uuid[])",
            [due.at, until, listed(cases)],
        )
    tell(what="reminder", cases=cases, at=due.at)
    return len(cases)


def _grant(due: _Due) -> int:
    """Take silence for a yes where a law says so: at L4 at once, at L3 after the offer's days."""
    if due.terms.silence != "grant":
        return 0
    silent = "(%s or o.reminded_at is not null and o.expires_at <= %s)"
    cases = due.cases(ASKED, silent, due.terms.level == "L4", due.at)
    errors = take(by=dict.fromkeys(cases, due.by), path=("grant",), at=due.at, reason="no_answer")
    due.step(list(errors), "hold", reason="late_change")
    return len(cases) - len(errors)


def _expire(due: _Due) -> int:
    """End what nobody answered and free its place; a person follows it up, if the service says."""
    cases = due.cases(ASKED, "o.reminded_at is not null and o.expires_at <= %s", due.at)
    return due.step(cases, "expire", reason="no_answer")


def _ask_how_it_was(due: _Due) -> int:
    """Ask once how it was, after it took place; whoever said no is never asked."""
    if due.terms.feedback_days is None:
        return 0
    old = due.at - timedelta(days=due.terms.feedback_days)
    cases = due.cases(["fulfilled"], "o.feedback_at is null and o.starts_at <= %s", old)
    Offer.objects.filter(case__in=cases).update(feedback_at=due.at)
    tell(what="feedback", cases=cases, at=due.at)
    return len(cases)


def _escalate(due: _Due) -> int:
    """Give a late task to the owner of the service, with as many days again."""
    cases = due.cases(TASKS, "c.level < %s and c.deadline <= %s", HIGHEST, due.at)
    Case.objects.filter(id__in=cases).update(level=HIGHEST, deadline=due.at + due.terms.queue)
    news = [News(kind="offers.escalated", case=case) for case in cases]
    record.write_many(news, by=due.by, at=due.at)
    return len(cases)


def _lapse(due: _Due) -> int:
    """End a task that the owner let pass too: it is told and counted, never taken for a no."""
    late = "c.level >= %s and c.deadline <= %s"
    cases = due.cases(STEPS["lapse"].old, late, HIGHEST, due.at)
    unheard = due.cases(STEPS["uphold"].old, late, HIGHEST, due.at)
    return due.step(cases, "lapse", reason="unanswered") + due.step(
        unheard, "uphold", reason="contest_unanswered"
    )


def _measure(due: _Due) -> int:
    """Count what was fulfilled once the time to contest it is over, and file it."""
    old = due.at - timedelta(days=due.terms.contest_days)
    # what took place later is counted once those who were there could say how it was
    past = old if due.terms.feedback_days is not None else due.at
    over = "c.since <= %s and (o.starts_at is null or o.starts_at <= %s)"
    return due.step(due.cases(["fulfilled"], over, old, past), "measure", "file")


def _erase(due: _Due) -> int:
    """Forget whose an ended case was, and what was said in it; its counts and its proof stay."""
    old = due.at - timedelta(days=due.terms.keep_days)
    cases = due.cases(STEPS["erase"].old, "c.since <= %s", old)
    if cases:  # what is still being paid for is not forgotten
        paid = fulfil.paid_for(service=due.service, at=due.at)
        cases = [case for case in cases if case not in paid]
    if not cases:
        return 0
    for content in (Offer, Opening, Note, Question):
        content.objects.filter(case__in=cases).delete()
    due.step(cases, "erase")
    messages.erase(about=cases)
    fulfil.erase(cases=cases)
    record.erase(cases=cases)
    return len(cases)


def _mend(due: _Due) -> int:
    """Give to a person what stands where only the system goes on, and has not for a day."""
    late = due.at - STUCK
    stuck = due.cases([*WAITING, "undelivered", "failed"], "c.since <= %s", late)
    unsigned = due.cases(["fulfilling"], "c.since <= %s", due.at - 2 * due.terms.queue)
    fulfil.undo(by=dict.fromkeys(unsigned, due.by), at=due.at)
    return due.step(stuck, "hold", reason="stuck") + len(unsigned)


ACTS: dict[str, Callable[[_Due], int]] = {
    "mended": _mend,
    "begun": _begin,
    "reminded": _remind,
    "granted": _grant,
    "expired": _expire,
    "feedback": _ask_how_it_was,
    "escalated": _escalate,
    "unanswered": _lapse,
    "measured": _measure,
    "erased": _erase,
}


FOLLOWING = {
    "fulfil.finished": (("fulfil",), ""),
    "fulfil.failed": (("fail", "hold"), "fulfilment_failed"),
    "fulfil.stopped": (("stop",), "objection"),
    "fulfil.undone": (("fail", "hold"), "not_signed"),
}


def go_on(batch: Sequence[News], by: Actor, at: datetime) -> None:
    """Follow what fulfilment reports, in its transaction; what was undone after an end stays so."""
    del by
    for kind, (path, reason) in FOLLOWING.items():
        theirs = {n.case: SYSTEM for n in batch if n.kind == kind and n.case is not None}
        under_way = {c for c, s in standing(theirs).items() if s.state == "fulfilling"}
        must(by=dict.fromkeys(under_way, SYSTEM), path=path, at=at, reason=reason)


def hand_over(batch: Sequence[News], by: Actor, at: datetime) -> None:
    """Give an offer that reached nobody to a person, who finds another way."""
    theirs = {n.case: by for n in batch if n.case is not None}
    take(by=theirs, path=("undeliver", "hold"), at=at, reason="not_reached")
