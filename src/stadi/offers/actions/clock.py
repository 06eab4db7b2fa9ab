"""What happens to cases as time passes: reminders, ends, escalation, retention, and a watchdog."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from stadi.fulfil import actions as fulfil
from stadi.kit.actor import SYSTEM, Actor
from stadi.messages import actions as messages
from stadi.offers.actions.cases import listed, must, standing, take
from stadi.offers.actions.letters import tell
from stadi.offers.domain import ASKED, HIGHEST, WAITING, Terms
from stadi.offers.models import Case, Note, Offer, Opening, Question, Version
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
    done: dict[str, int] = {}
    for row in Version.objects.order_by("service", "version"):
        kept = Terms(**{**row.terms, "channels": tuple(row.terms["channels"])})
        for name, act in ACTS.items():
            with transaction.atomic():
                number = act(_Due(row.service, row.version), kept, by, at)
            done[name] = done.get(name, 0) + number
    return done


class _Due:
    """Finds what is due of one version of a service."""

    def __init__(self, service: str, version: str) -> None:
        self.service, self.version = service, version

    def cases(self, states: Sequence[str], due: str, *values: Any) -> list[UUID]:
        """Return the cases in these states for which `due` holds, nobody else moving them."""
        with connection.cursor() as cursor:
            words = [self.service, self.version, list(states), *values]
            cursor.execute(DUE.format(due=due), words)
            return [row[0] for row in cursor.fetchall()]


def _begin(due: _Due, terms: Terms, by: Actor, at: datetime) -> int:
    """Begin to fulfil what nobody can take back any more; a lost place is found anew."""
    cases = due.cases(["accepted"], "o.answered_at <= %s", at - terms.regret)
    errors = take(by=dict.fromkeys(cases, by), path=("begin",), at=at)
    lost = [case for case, error in errors.items() if isinstance(error, fulfil.NoClaimError)]
    must(by=dict.fromkeys(lost, by), path=("hold",), at=at, reason="place_lost")
    return len(cases) - len(errors)


def _remind(due: _Due, terms: Terms, by: Actor, at: datetime) -> int:
    """Say it once more, halfway; whoever is reminded late has the same days left to answer."""
    del by
    wait = timedelta(days=terms.open_days - terms.remind_days)
    where = "o.reminded_at is null and o.expires_at <= %s"
    cases = due.cases(ASKED, where, at + wait)
    with connection.cursor() as cursor:
        cursor.execute(
            "update offers_offer set reminded_at = %s,"
            " expires_at = greatest(expires_at, %s) where case_id = any(%s::uuid[])",
            [at, at + wait, listed(cases)],
        )
    tell(what="reminder", cases=cases, at=at)
    return len(cases)


def _expire(due: _Due, terms: Terms, by: Actor, at: datetime) -> int:
    """End what nobody answered and free its place; a person follows it up."""
    del terms
    cases = due.cases(ASKED, "o.reminded_at is not null and o.expires_at <= %s", at)
    must(by=dict.fromkeys(cases, by), path=("expire",), at=at, reason="no_answer")
    return len(cases)


def _escalate(due: _Due, terms: Terms, by: Actor, at: datetime) -> int:
    """Give a late task to the owner of the service, with as many days again."""
    cases = due.cases(
        ["held", "unclear", "contested"], "c.level < %s and c.deadline <= %s", HIGHEST, at
    )
    Case.objects.filter(id__in=cases).update(level=HIGHEST, deadline=at + terms.queue)
    news = [News(kind="offers.escalated", case=case) for case in cases]
    record.write_many(news, by=by, at=at)
    return len(cases)


def _lapse(due: _Due, terms: Terms, by: Actor, at: datetime) -> int:
    """End a task that the owner let pass too: it is told and counted, never taken for a no."""
    del terms
    late = "c.level >= %s and c.deadline <= %s"
    cases = due.cases(["held", "unclear"], late, HIGHEST, at)
    must(by=dict.fromkeys(cases, by), path=("lapse",), at=at, reason="unanswered")
    unheard = due.cases(["contested"], late, HIGHEST, at)
    must(by=dict.fromkeys(unheard, by), path=("uphold",), at=at, reason="contest_unanswered")
    return len(cases) + len(unheard)


def _measure(due: _Due, terms: Terms, by: Actor, at: datetime) -> int:
    """Count what was fulfilled once the time to contest it is over, and file it."""
    cases = due.cases(["fulfilled"], "c.since <= %s", at - timedelta(days=terms.contest_days))
    must(by=dict.fromkeys(cases, by), path=("measure", "file"), at=at)
    return len(cases)


def _erase(due: _Due, terms: Terms, by: Actor, at: datetime) -> int:
    """Forget whose an ended case was, and what was said in it; its counts and its proof stay."""
    old = at - timedelta(days=terms.keep_days)
    cases = due.cases(ENDS_KEPT, "c.since <= %s", old)
    if not cases:
        return 0
    for content in (Offer, Opening, Note, Question):
        content.objects.filter(case__in=cases).delete()
    must(by=dict.fromkeys(cases, by), path=("erase",), at=at)
    messages.erase(about=cases)
    fulfil.erase(cases=cases)
    record.erase(cases=cases)
    return len(cases)


def _mend(due: _Due, terms: Terms, by: Actor, at: datetime) -> int:
    """Give to a person what stands where only the system goes on, and has not for a day."""
    late = at - STUCK
    cases = due.cases([*WAITING, "undelivered", "failed"], "c.since <= %s", late)
    must(by=dict.fromkeys(cases, by), path=("hold",), at=at, reason="stuck")
    unsigned = due.cases(["fulfilling"], "c.since <= %s", at - 2 * terms.queue)
    fulfil.undo(by=dict.fromkeys(unsigned, by), at=at)
    return len(cases) + len(unsigned)


ENDS_KEPT = ("declined", "objected", "expired", "withdrawn", "corrected", "closed")
ACTS = {
    "mended": _mend,
    "begun": _begin,
    "reminded": _remind,
    "expired": _expire,
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
