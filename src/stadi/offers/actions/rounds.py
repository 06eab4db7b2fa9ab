"""A round of a service: screen everyone, open cases, propose, offer."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
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
from stadi.offers.actions.awards import recalculate
from stadi.offers.actions.cases import must, standing, take
from stadi.offers.actions.finding import Found, find, name_cases, rounds_of
from stadi.offers.actions.letters import offer_letters
from stadi.offers.actions.reasons import reasons
from stadi.offers.actions.showing import shown
from stadi.offers.domain import ENDED, NO_PLACE, NOTICE, Standing, VersionError
from stadi.offers.models import Case, Offer, Recipient, Screening, Trial
from stadi.record import actions as record
from stadi.record.domain import News

OUTCOMES = ("yes", "no", "unknown", "stopped")


def read(*, plugin: Plugin, at: datetime, day: date | None = None) -> sweep.Extract:
    """Extract what the purpose may see of everyone; the snapshot is gone on return.

    It is what is known at `at` of a `day`, today's where none is named.
    """
    purpose, rules = plugin.service.purpose, plugin.service.who
    with consent.look(purpose=purpose, as_of=day or at.date(), known_at=at, rules=rules) as sight:
        return sweep.extract(sight)


def screen(*, plugin: Plugin, seen: sweep.Extract) -> sweep.Sweep:
    """Run the service's rules over an extract."""
    return sweep.run(plugin.service.who, seen, amounts=plugin.service.amounts)


def run(*, plugin: Plugin, by: Actor, at: datetime) -> None:
    """Run a whole round: look at everyone once, open cases, propose and offer."""
    seen = read(plugin=plugin, at=at)
    result = screen(plugin=plugin, seen=seen)
    found = open_cases(plugin=plugin, seen=seen, result=result, by=by, at=at)
    places = assign(plugin=plugin, found=found, at=at)
    ready = propose(plugin=plugin, found=found, places=places, by=by, at=at)
    offer(cases=[f.case for f in ready], by=by, at=at)


def is_due(*, plugin: Plugin, at: datetime) -> bool:
    """Return whether a service that has had a round has not had that of today yet."""
    rounds = Screening.objects.filter(service=plugin.service.id)
    period = plugin.service.period(at.date())
    return rounds.exists() and not rounds.filter(round=period).exists()


@transaction.atomic
def open_cases(
    *, plugin: Plugin, seen: sweep.Extract, result: sweep.Sweep, by: Actor, at: datetime
) -> list[Found]:
    """Write the sweep's manifest and a case for every yes and unknown; who has one keeps it."""
    versions.keep(plugin.service)
    period = plugin.service.period(at.date())
    in_round = Case.objects.filter(service=plugin.service.id, screening__round=period)
    known = set(in_round.values_list("subject", flat=True))
    yes = [s for s in result.of("yes") if s not in known]
    unknown = [s for s in result.of("unknown") if s not in known]
    peace = resting(plugin, rounds_of(plugin, seen, yes + unknown), at)
    screening = keep_screening(plugin, result, {}, at, sum(s in peace for s in yes))
    found = find(plugin, seen, name_cases(s for s in yes if s not in peace))
    unclear = {s: r for s, r in rounds_of(plugin, seen, unknown).items() if s not in peace}
    write_cases(plugin, screening, found, unclear, by)
    recalculate(plugin=plugin, result=result, by=by, at=at)
    return found


def _refuse_untried(service: str, tree: str) -> None:
    """Refuse rules that are not those of the service's last screening and were never on trial."""
    last = Screening.objects.filter(service=service).order_by("-at").first()
    if last is None or last.manifest["tree"] == tree:
        return
    if not Trial.objects.filter(service=service, tree=tree).exists():
        message = (
            f"the rules of {service} are not those of its last round, and were not tried on the"
            f" city: run `stadi try {service}`, which shows who gains and who loses by them"
        )
        raise VersionError(message)


def resting(plugin: Plugin, rounds: Mapping[int, str], at: datetime) -> set[int]:
    """Return who is left in peace: a case of another round runs, ended lately, or was this event's.

    `rounds` is the round of the case that each subject would have. Whoever is being paid is left
    in peace as well: what they get is worked out again where it is.
    """
    service = plugin.service
    last = at - timedelta(days=service.offer.rest_days)
    cases = Case.objects.filter(service=service.id).exclude(state="erased")
    elsewhere = cases.exclude(screening__round=service.period(at.date()))
    elsewhere = elsewhere.filter(subject__in=list(rounds))
    found = set(fulfil.awarded(service=service.id, at=at, among=rounds))
    for subject, round_, state, since in elsewhere.values_list(
        "subject", "round", "state", "since"
    ):
        if state not in ENDED or since > last or round_ == rounds[subject]:
            found.add(subject)
    return found


def keep_screening(  # noqa: PLR0917 - one screening, one line
    plugin: Plugin, result: sweep.Sweep, moved: dict[str, int], at: datetime, peace: int = 0
) -> Screening:
    """Write what a sweep found; `moved` is by how much a later one changes the round's counts.

    `peace` is how many of the entitled are left in peace.
    """
    service = plugin.service
    _refuse_untried(service.id, str(result.manifest["tree"]))
    record.keep(result.kept)
    manifest = {**result.manifest, "service": plugin.digest, "version": service.version}
    return Screening.objects.create(
        id=uuid4(),
        service=service.id,
        round=service.period(at.date()),
        at=at,
        manifest=manifest | ({"moved": moved} if moved else {}),
        screened=len(result.subjects),
        resting=peace,
        **{name: result.count(name) for name in OUTCOMES},
    )


def write_cases(  # noqa: PLR0917 - what one screening leads to
    plugin: Plugin,
    screening: Screening,
    found: Sequence[Found],
    unclear: Mapping[int, str],
    by: Actor,
) -> None:
    """Write the cases of a screening with their first step, in the caller's transaction.

    `unclear` are those of whom nothing is certain, with their rounds.
    """
    rows = [
        (f.case, f.subject, "held" if f.held else "candidate", f.held, f.round, f.assignee, f.place)
        for f in found
    ]
    rows += [(uuid4(), s, "unclear", "", round_, None, "") for s, round_ in unclear.items()]
    if not rows:
        return
    service, at = plugin.service, screening.at
    due = at + timedelta(days=service.oversight.queue_days)
    same = (service.id, service.version, service.term(at.date()), at, screening.id)
    _copy(
        "offers_case (service, version, term, since, screening_id,"
        " id, subject, state, reason, round, assignee, place, deadline, before, ended, level)",
        ((*same, *row, None if row[2] == "candidate" else due, "", "", 0) for row in rows),
    )
    _copy(
        "offers_transition (case_id, old, new, at, actor, actor_kind, name)",
        ((case, "", state, at, by.id, by.kind, "screen") for case, _, state, *_ in rows),
    )
    record.write_many([News(kind="offers.screen", case=case) for case, *_ in rows], by=by, at=at)


def _copy(into: str, rows: Iterable[Sequence[object]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"copy {into} from stdin") as out:
        for row in rows:
            out.write_row(row)


def assign(*, plugin: Plugin, found: Sequence[Found], at: datetime) -> Assignment | None:
    """Return the best free place of each, also of those whom a person must look at first.

    What they hold already is free to them.
    """
    what = plugin.service.propose
    if not isinstance(what, Assign):
        return None
    return fulfil.find_places(
        kind=what.kind,
        seekers=[f.seeker for f in found if f.seeker],
        term=plugin.service.term(at.date()),
        terms=_terms(what, at),
        after=at + NOTICE,
        but=[f.case for f in found],
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
        kind, term = plugin.service.propose.kind, plugin.service.term(at.date())
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
        fulfil.hold(wanted=wanted, term=plugin.service.term(at.date()), by=by, at=at)
    free = [f for f in found if not f.held]
    ready = [f for f in free if placed is None or f.subject in placed]
    without = {f.case: by for f in free if placed is not None and f.subject not in placed}
    must(by=without, path=("hold",), at=at, reason=NO_PLACE)
    must(by={f.case: by for f in ready}, path=("ready", "propose"), at=at)
    _write_offers(plugin, ready, placed or {}, at)
    return ready


def _write_offers(
    plugin: Plugin, ready: Sequence[Found], placed: Mapping[int, Placed], at: datetime
) -> None:
    # an earlier offer of the case is superseded: its links answer nothing any more
    Offer.objects.filter(case__in=[f.case for f in ready]).delete()
    # asked before the copying, during which the connection answers nothing else
    what = list(shown(plugin, ready, placed, at))
    offers = zip(ready, reasons(plugin, ready, at), what, strict=True)
    _copy(
        "offers_offer (case_id, reasons, unit, metres, starts_at, cents, others)",
        ((f.case, why, *shows) for f, why, shows in offers),
    )
    _copy(
        "offers_recipient (id, offer_id, person, language)",
        ((uuid4(), f.case, *recipient) for f in ready for recipient in f.recipients),
    )


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
            [listed(going), [_until(known[c], at) for c in going]],
        )
    messages.send(letters=offer_letters(going, at), by=by, at=at)
    return len(going)


def _until(case: Standing, at: datetime) -> datetime:
    """Return until when an offer is open; not longer than until the day before it takes place."""
    last = at + timedelta(days=case.terms.open_days)
    return last if case.starts_at is None else min(last, case.starts_at - timedelta(days=1))


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
