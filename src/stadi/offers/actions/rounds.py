"""A round of a service: screen everyone, open cases, propose, offer."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction

from stadi.consent import actions as consent
from stadi.engine import sweep
from stadi.fulfil import actions as fulfil
from stadi.fulfil.domain import Assignment, Placed, Term
from stadi.kit.actor import Actor
from stadi.kit.ids import listed
from stadi.kit.service import Assign, Plugin
from stadi.messages import actions as messages
from stadi.offers.actions import versions
from stadi.offers.actions.cases import must, standing, take
from stadi.offers.actions.finding import Found, find, name_cases
from stadi.offers.actions.letters import offer_letters
from stadi.offers.actions.reasons import reasons
from stadi.offers.models import Case, Offer, Recipient, Screening
from stadi.record import actions as record
from stadi.record.domain import News

OUTCOMES = ("yes", "no", "unknown", "stopped")


def read(*, plugin: Plugin, at: datetime) -> sweep.Extract:
    """Extract what the purpose may see of everyone; the snapshot is gone on return."""
    service = plugin.service
    with consent.look(purpose=service.purpose, as_of=at.date(), known_at=at) as sight:
        return sweep.extract(sight)


def screen(*, plugin: Plugin, seen: sweep.Extract) -> sweep.Sweep:
    """Run the service's rules over an extract."""
    return sweep.run(plugin.service.who, seen, amounts=plugin.service.amounts)


@transaction.atomic
def open_cases(
    *, plugin: Plugin, seen: sweep.Extract, result: sweep.Sweep, by: Actor, at: datetime
) -> list[Found]:
    """Write the sweep's manifest and a case for every yes and unknown; who has one keeps it."""
    versions.keep(plugin.service)
    screening = keep_screening(plugin, result, {}, at)
    in_round = Case.objects.filter(service=plugin.service.id, round=screening.round)
    known = set(in_round.values_list("subject", flat=True))
    found = find(plugin, seen, name_cases(s for s in result.of("yes") if s not in known))
    unclear = [s for s in result.of("unknown") if s not in known]
    write_cases(plugin, screening, found, unclear, by)
    return found


def keep_screening(
    plugin: Plugin, result: sweep.Sweep, moved: dict[str, int], at: datetime
) -> Screening:
    """Write what a sweep found; `moved` is by how much a later one changes the round's counts."""
    service = plugin.service
    record.keep(result.kept)
    manifest = {**result.manifest, "service": plugin.digest, "version": service.version}
    return Screening.objects.create(
        id=uuid4(),
        service=service.id,
        round=str(at.date().year),
        at=at,
        manifest=manifest | ({"moved": moved} if moved else {}),
        screened=len(result.subjects),
        **{name: result.count(name) for name in OUTCOMES},
    )


def write_cases(  # noqa: PLR0917 - what one screening leads to
    plugin: Plugin,
    screening: Screening,
    found: Sequence[Found],
    unclear: Sequence[int],
    by: Actor,
) -> None:
    """Write the cases of a screening with their first step, in the caller's transaction."""
    rows = [(f.case, f.subject, "held" if f.held else "candidate", f.held) for f in found]
    rows += [(uuid4(), subject, "unclear", "") for subject in unclear]
    if not rows:
        return
    service, at = plugin.service, screening.at
    due = at + timedelta(days=service.oversight.queue_days)
    same = (service.id, service.version, screening.round, at, screening.id)
    _copy(
        "offers_case (service, version, round, since, screening_id,"
        " id, subject, state, reason, deadline, before, ended, level)",
        ((*same, *row, None if row[2] == "candidate" else due, "", "", 0) for row in rows),
    )
    _copy(
        "offers_transition (case_id, old, new, at, actor, actor_kind, name)",
        ((case, "", state, at, by.id, by.kind, "screen") for case, _, state, _ in rows),
    )
    record.write_many([News(kind="offers.screen", case=case) for case, *_ in rows], by=by, at=at)


def _copy(into: str, rows: Iterable[Sequence[object]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"copy {into} from stdin") as out:
        for row in rows:
            out.write_row(row)


def assign(*, plugin: Plugin, found: Sequence[Found], at: datetime) -> Assignment | None:
    """Return the best free place of each, also of those whom a person must look at first."""
    what = plugin.service.propose
    if not isinstance(what, Assign):
        return None
    return fulfil.find_places(
        kind=what.kind,
        seekers=[f.seeker for f in found if f.seeker],
        term=at.date().year,
        terms=_terms(what, at),
        factor=settings.CITY.walking_factor,
        seed=settings.CITY.lot_seed,
    )


def _terms(what: Assign, at: datetime) -> list[Term]:
    day = at.date()
    return [
        Term(
            name=w.metres.name,
            unit=w.unit,
            metres=w.metres.at(day),
            law=max((v for v in w.metres.values if v.since <= day), key=lambda v: v.since).law,
        )
        for w in what.weights
    ]


@transaction.atomic
def propose(
    *,
    plugin: Plugin,
    found: Sequence[Found],
    places: Assignment | None,
    by: Actor,
    at: datetime,
) -> list[Found]:
    """Keep the proof of an assignment, and propose what it gives to each."""
    if places and isinstance(plugin.service.propose, Assign):
        kind, term = plugin.service.propose.kind, at.date().year
        fulfil.record_round(assignment=places, kind=kind, term=term, by=by, at=at)
    placed = places.placed if places else None
    return propose_places(plugin=plugin, found=found, placed=placed, by=by, at=at)


@transaction.atomic
def propose_places(
    *,
    plugin: Plugin,
    found: Sequence[Found],
    placed: Mapping[int, Placed] | None,
    by: Actor,
    at: datetime,
) -> list[Found]:
    """Hold the places softly and write the proposals; who has no place waits for a person.

    `placed` is None where the service proposes no place.
    """
    wanted = {f.case: placed[f.subject].unit for f in found if placed and f.subject in placed}
    if wanted:
        fulfil.hold(wanted=wanted, term=at.date().year, by=by, at=at)
    free = [f for f in found if not f.held]
    ready = [f for f in free if placed is None or f.subject in placed]
    without = {f.case: by for f in free if placed is not None and f.subject not in placed}
    must(by=without, path=("hold",), at=at, reason="no_free_place")
    must(by={f.case: by for f in ready}, path=("ready", "propose"), at=at)
    _write_offers(plugin, ready, placed or {}, at)
    return ready


def _write_offers(
    plugin: Plugin, ready: Sequence[Found], placed: Mapping[int, Placed], at: datetime
) -> None:
    # an earlier offer of the case is superseded: its links answer nothing any more
    Offer.objects.filter(case__in=[f.case for f in ready]).delete()
    offers = zip(ready, reasons(plugin, ready, at), strict=True)
    _copy(
        "offers_offer (case_id, reasons, unit, metres, others)",
        ((f.case, why, *_place(placed.get(f.subject))) for f, why in offers),
    )
    _copy(
        "offers_recipient (id, offer_id, person, language)",
        ((uuid4(), f.case, *recipient) for f in ready for recipient in f.recipients),
    )


def _place(place: Placed | None) -> tuple[int | None, int | None, str]:
    if place is None:
        return None, None, "[]"
    return place.unit, place.metres, json.dumps(place.others)


@transaction.atomic
def offer(*, cases: Collection[UUID], by: Actor, at: datetime) -> int:
    """Send proposals to those who may answer, the basis checked once more; return how many.

    Whoever was written to often enough this month is not written to now: a person takes it up.
    """
    affordable = _affordable(cases, at)
    known = standing(affordable)
    errors = take(by=dict.fromkeys(affordable, by), path=("offer",), at=at, known=known)
    going = [case for case in affordable if case not in errors]
    with connection.cursor() as cursor:
        cursor.execute(
            "update offers_offer set expires_at = open.until"
            " from unnest(%s::uuid[], %s::timestamptz[]) as open(id, until)"
            " where case_id = open.id",
            [listed(going), [at + timedelta(days=known[c].terms.open_days) for c in going]],
        )
    messages.send(letters=offer_letters(going, at), by=by, at=at)
    return len(going)


def _affordable(cases: Collection[UUID], at: datetime) -> list[UUID]:
    """Return the cases whose every recipient may be written to once more this month."""
    asked: dict[UUID, set[int]] = {}
    rows = Recipient.objects.filter(offer__in=list(cases)).values_list("offer", "person")
    for case, person in rows:
        asked.setdefault(case, set()).add(person)
    left = messages.contacts_left(people=set().union(*asked.values()), at=at)
    affordable = []
    for case, theirs in asked.items():
        if all(left[person] > 0 for person in theirs):
            affordable.append(case)
            left |= {person: left[person] - 1 for person in theirs}
    return affordable
