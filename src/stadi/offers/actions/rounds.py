"""A round of a service: screen everyone, open cases, propose, offer."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction

from stadi.consent import actions as consent
from stadi.engine import sweep
from stadi.fulfil import actions as fulfil
from stadi.fulfil.domain import Assignment, Placed, Term
from stadi.kit.actor import Actor
from stadi.kit.service import Assign, Plugin
from stadi.messages import actions as messages
from stadi.offers.actions.cases import listed, step_many, tell
from stadi.offers.actions.finding import Found, find, name_cases
from stadi.offers.actions.letters import letters
from stadi.offers.actions.reasons import reasons
from stadi.offers.models import Case, Screening
from stadi.record import actions as record

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
        " id, subject, state, reason, deadline)",
        ((*same, *row, None if row[2] == "candidate" else due) for row in rows),
    )
    _copy(
        "offers_transition (case_id, old, new, at, actor)",
        ((case, "", state, at, by.id) for case, _, state, _ in rows),
    )
    tell({case: by for case, *_ in rows}, ("screen",), at)


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
    """Hold the places softly and write the proposals; who has no place waits for a person."""
    placed = places.placed if places else {}
    if places and isinstance(plugin.service.propose, Assign):
        term = at.date().year
        fulfil.record_round(
            assignment=places, kind=plugin.service.propose.kind, term=term, by=by, at=at
        )
        wanted = {f.case: placed[f.subject].unit for f in found if f.subject in placed}
        fulfil.hold(wanted=wanted, term=term, by=by, at=at)
    free = [f for f in found if not f.held]
    ready = [f for f in free if places is None or f.subject in placed]
    without = {f.case: by for f in free if places is not None and f.subject not in placed}
    due = at + timedelta(days=plugin.service.oversight.queue_days)
    step_many(by=without, path=("hold",), at=at, reason="no_free_place", deadline=due)
    step_many(by={f.case: by for f in ready}, path=("ready", "propose"), at=at)
    _write_offers(plugin, ready, placed, at)
    return ready


def _write_offers(
    plugin: Plugin, ready: Sequence[Found], placed: dict[int, Placed], at: datetime
) -> None:
    offers = zip(ready, reasons(plugin, ready, at), strict=True)
    _copy(
        "offers_offer (case_id, reasons, unit, metres, others)",
        ((f.case, why, *_place(placed.get(f.subject))) for f, why in offers),
    )
    _copy(
        "offers_recipient (id, offer_id, person)",
        ((uuid4(), f.case, person) for f in ready for person, _ in f.recipients),
    )


def _place(place: Placed | None) -> tuple[int | None, int | None, str]:
    if place is None:
        return None, None, "[]"
    return place.unit, place.metres, json.dumps(place.others)


@transaction.atomic
def offer(*, plugin: Plugin, ready: Sequence[Found], by: Actor, at: datetime) -> int:
    """Send the proposals to those who may answer, the basis checked once more; return how many."""
    service = plugin.service
    # an objection withdraws its cases in its own transaction; what is still proposed may go
    still = _proposed(ready)
    stopped = consent.objectors(purpose=service.purpose.id)
    going = {f.case: f for f in ready if f.case in still and f.subject not in stopped}
    step_many(by=dict.fromkeys(going, by), path=("offer",), at=at)
    expires = at + timedelta(days=service.offer.open_days)
    with connection.cursor() as cursor:
        cursor.execute(
            "update offers_offer set expires_at = %s where case_id = any(%s::uuid[])",
            [expires, listed(going)],
        )
    messages.send(letters=letters(plugin, going), by=by, at=at)
    return len(going)


def _proposed(ready: Sequence[Found]) -> set[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select id from offers_case where id = any(%s::uuid[]) and state = 'proposed'"
            " order by id for update",
            [listed(f.case for f in ready)],
        )
        return {row[0] for row in cursor.fetchall()}
