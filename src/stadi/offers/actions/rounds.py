"""A round of a service: screen everyone, open cases, propose, offer."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.core import signing
from django.db import connection, transaction

from stadi.consent import actions as consent
from stadi.engine import sweep
from stadi.engine.explain import Person, explain
from stadi.fulfil import actions as fulfil
from stadi.fulfil.domain import Placed, Seeker
from stadi.kit.actor import Actor
from stadi.kit.rule import Fact
from stadi.kit.service import Assign, Plugin, Self
from stadi.kit.text import LANGUAGES
from stadi.messages import actions as messages
from stadi.messages.domain import Letter
from stadi.offers.actions.cases import step_many, write_steps
from stadi.offers.domain import ON_RECORD, DisagreeError
from stadi.offers.models import Case, Offer, Recipient, Screening
from stadi.people import actions as people
from stadi.twin import actions as twin

ABOUT_OFFER = "offer"  # the first part of the key of a message about an offer
LINK = signing.Signer(salt="stadi.offers.link")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One resident for whom the rule is true, with what is needed to propose."""

    case: UUID
    subject: int
    recipients: tuple[tuple[int, str], ...]
    seeker: Seeker | None
    held: str


def read(*, plugin: Plugin, at: datetime) -> sweep.Extract:
    """Extract what the purpose may see of everyone; the snapshot is gone on return."""
    service = plugin.service
    with consent.look(purpose=service.purpose, as_of=at.date(), known_at=at) as sight:
        return sweep.extract(sight)


def screen(*, plugin: Plugin, seen: sweep.Extract) -> sweep.Sweep:
    """Run the service's rules over an extract."""
    return sweep.run(plugin.service.who, seen)


def _rows(table: pa.Table, subjects: list[int]) -> dict[int, list[dict[str, object]]]:
    wanted = pc.is_in(table["subject"], value_set=pa.array(subjects, pa.int64()))
    found: dict[int, list[dict[str, object]]] = {}
    for row in table.filter(wanted).to_pylist():
        found.setdefault(row.pop("subject"), []).append(row)
    return found


def _recipients(
    plugin: Plugin, seen: sweep.Extract, subjects: list[int]
) -> dict[int, tuple[list[tuple[int, str]], bool]]:
    """Return each subject's recipients with their languages, and whether a person must look."""
    policy = plugin.service.recipient
    own = _rows(seen.tables["subject"], subjects)
    if isinstance(policy, Self):
        return {s: ([(s, str(own[s][0][policy.language.column] or ""))], False) for s in subjects}
    links = _rows(seen.tables[policy.guardian.relation.name], subjects)
    chosen = {s: [r[policy.guardian.column] for r in links.get(s, [])] for s in subjects}
    everyone = sorted({int(str(g)) for found in chosen.values() for g in found if g is not None})
    theirs = _rows(seen.tables["subject"], everyone)
    found = {}
    for subject in subjects:
        known = [int(str(g)) for g in chosen[subject] if g is not None]
        facts = [own[subject][0], *(theirs[g][0] for g in known if g in theirs)]
        # only a ban known to be absent lets the offer go: unknown is never no
        guarded = any(row[policy.guard.column] is not False for row in facts)
        guarded |= any(g not in theirs for g in known)
        languages = [
            (g, str((theirs[g][0][policy.language.column] if g in theirs else "") or ""))
            for g in known
        ]
        found[subject] = (languages, guarded)
    return found


def _seeker(plugin: Plugin, row: dict[str, object], subject: int) -> Seeker | None:
    what = plugin.service.propose
    if not isinstance(what, Assign):
        return None
    x, y = row[what.home_x.column], row[what.home_y.column]
    unit = next((row[w.fact.column] for w in what.weights if w.unit == "id"), None)
    if x is None or y is None:
        return None
    return Seeker(
        id=subject, x=int(str(x)), y=int(str(y)), unit=int(str(unit)) if unit is not None else None
    )


@transaction.atomic
def open_cases(
    *, plugin: Plugin, seen: sweep.Extract, result: sweep.Sweep, by: Actor, at: datetime
) -> list[Found]:
    """Write the sweep's manifest and a case for every yes and unknown; who has one keeps it."""
    service = plugin.service
    round_ = str(at.date().year)
    manifest = {**result.manifest, "service": plugin.digest, "version": service.version}
    counts = {name: result.count(name) for name in ("yes", "no", "unknown", "stopped")}
    screening = Screening.objects.create(
        id=uuid4(),
        service=service.id,
        round=round_,
        at=at,
        manifest=manifest,
        screened=len(result.subjects),
        **counts,
    )
    known = set(
        Case.objects.filter(service=service.id, round=round_).values_list("subject", flat=True)
    )
    yes = [s for s in result.of("yes") if s not in known]
    people_ = _recipients(plugin, seen, yes)
    own = _rows(seen.tables["subject"], yes)
    found = []
    for subject in yes:
        recipients, guarded = people_[subject]
        seeker = _seeker(plugin, own[subject][0], subject)
        homeless = isinstance(service.propose, Assign) and seeker is None
        # why a person must look is not told: it would reveal a ban or a custody matter
        held = "a_person_decides" if guarded or not recipients else "no_home_point" * homeless
        found.append(
            Found(
                case=uuid4(),
                subject=subject,
                recipients=tuple(recipients),
                seeker=seeker,
                held=held,
            )
        )
    deadline = at + timedelta(days=service.oversight.queue_days)
    rows = [(f.case, f.subject, "held" if f.held else "candidate", f.held) for f in found]
    rows += [(uuid4(), s, "unclear", "") for s in result.of("unknown") if s not in known]
    _write_cases(rows, screening, service.version, deadline, at)
    steps = [(case, "", state) for case, _, state, _ in rows]
    write_steps(steps, name="screen", by=by, at=at)
    return found


def _write_cases(  # noqa: PLR0917 - the columns of one table
    rows: list[tuple[UUID, int, str, str]],
    screening: Screening,
    version: str,
    deadline: datetime,
    at: datetime,
) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "copy offers_case (id, service, version, subject, round, state, reason,"
            " since, deadline, screening_id) from stdin"
        ) as out,
    ):
        for case, subject, state, reason in rows:
            due = None if state == "candidate" else deadline
            out.write_row(
                (
                    case,
                    screening.service,
                    version,
                    subject,
                    screening.round,
                    state,
                    reason,
                    at,
                    due,
                    screening.id,
                )
            )


def assign(*, plugin: Plugin, found: list[Found], at: datetime) -> dict[int, Placed]:
    """Return the best free place of each, also of those whom a person must look at first."""
    what = plugin.service.propose
    if not isinstance(what, Assign):
        return {}
    return fulfil.find_places(
        kind=what.kind,
        seekers=[f.seeker for f in found if f.seeker],
        term=at.date().year,
        factor=settings.CITY.walking_factor,
        seed=settings.CITY.lot_seed,
        keep=next((w.metres.at(at.date()) for w in what.weights if w.unit == "id"), 0),
    )


@transaction.atomic
def propose(  # noqa: PLR0913 - what was seen, found and placed belong to one proposal
    *,
    plugin: Plugin,
    seen: sweep.Extract,
    found: list[Found],
    places: dict[int, Placed],
    by: Actor,
    at: datetime,
) -> list[Found]:
    """Hold the places softly and write the proposals; who has no place waits for a person."""
    needs_place = isinstance(plugin.service.propose, Assign)
    wanted = {f.case: places[f.subject].unit for f in found if f.subject in places}
    fulfil.hold(wanted=wanted, term=at.date().year, by=by, at=at)
    free = [f for f in found if not f.held]
    without = [f for f in free if needs_place and f.subject not in places]
    if without:
        step_many(cases=[f.case for f in without], name="hold", by=by, at=at)
        deadline = at + timedelta(days=plugin.service.oversight.queue_days)
        Case.objects.filter(id__in=[f.case for f in without]).update(
            reason="no_free_place", deadline=deadline
        )
    ready = [f for f in free if f not in without]
    step_many(cases=[f.case for f in ready], name="ready", by=by, at=at)
    step_many(cases=[f.case for f in ready], name="propose", by=by, at=at)
    why = _reasons(plugin, seen, [f.subject for f in ready], at)
    offers = []
    for f in ready:
        place = places.get(f.subject)
        offers.append(
            Offer(
                case_id=f.case,
                unit=place.unit if place else None,
                metres=place.metres if place else None,
                others=[list(o) for o in place.others] if place else [],
                reasons=why[f.subject],
            )
        )
    Offer.objects.bulk_create(offers, batch_size=2000)
    Recipient.objects.bulk_create(
        [Recipient(id=uuid4(), offer_id=f.case, person=p) for f in ready for p, _ in f.recipients],
        batch_size=4000,
    )
    return ready


def _reasons(
    plugin: Plugin, seen: sweep.Extract, subjects: list[int], at: datetime
) -> dict[int, list[dict[str, object]]]:
    """Return the facts behind each proposal as the interpreter read them, with their source."""
    service = plugin.service
    own = _rows(seen.tables["subject"], subjects)
    many = {
        view: _rows(table, subjects) for view, table in seen.tables.items() if view != "subject"
    }
    registers = {fact.relation.table for fact in service.purpose.uses}
    sources = {name: people.lineages(subjects=subjects, register=name, at=at) for name in registers}
    # two facts of one name, such as the two halves of a home point, are one line on the page
    uses = {fact.label.en: fact for fact in service.purpose.uses}.values()
    found = {}
    for subject in subjects:
        facts = dict(own[subject][0])
        person = Person(
            subject=subject,
            basis=str(facts.pop("basis")),
            facts=facts,
            rows={view: rows.get(subject, []) for view, rows in many.items()},
        )
        answer = explain(service.who, person, as_of=at.date())
        if answer.outcome != "yes":
            message = f"the engines disagree about a case of {service.id}: nothing was proposed"
            raise DisagreeError(message)
        leaves = [(r.because, fact, value) for r in answer.reasons for fact, value in r.leaves]
        named = {fact for _, fact, _ in leaves}
        # what only the proposal and the message read is told too, but not its value
        leaves += [("", fact, _on_record(fact, person)) for fact in uses if fact not in named]
        found[subject] = [
            _leaf(
                because,
                fact,
                value,
                # no row at all: what is known is that there was none on this day
                sources[fact.relation.table].get(subject) or (fact.relation.name, at.date()),
            )
            for because, fact, value in leaves
        ]
    return found


def _on_record(fact: Fact, person: Person) -> str | None:
    rows = person.rows.get(fact.relation.name, ()) if fact.relation.many else (person.facts,)
    return (
        ON_RECORD if any(row.get(fact.column) not in (None, False) for row in rows or ()) else None
    )


def _leaf(because: str, fact: Fact, value: object, origin: tuple[str, date]) -> dict[str, object]:
    shown = value.isoformat() if isinstance(value, date) else value
    source, since = origin
    return {
        "because": because,
        "fact": fact.name,
        "value": list(shown) if isinstance(shown, tuple) else shown,
        "source": source,
        "since": since.isoformat(),
    }


@transaction.atomic
def offer(*, plugin: Plugin, ready: list[Found], by: Actor, at: datetime) -> int:
    """Send the proposals to those who may answer, the basis checked once more; return how many."""
    service = plugin.service
    # an objection withdraws its cases in its own transaction; what is still proposed may go
    proposed = Case.objects.select_for_update().filter(
        id__in=[f.case for f in ready], state="proposed"
    )
    still = set(proposed.values_list("id", flat=True))
    stopped = consent.objectors(purpose=service.purpose.id)
    going = [f for f in ready if f.case in still and f.subject not in stopped]
    step_many(cases=[f.case for f in going], name="offer", by=by, at=at)
    expires = at + timedelta(days=service.offer.open_days)
    cases = {f.case: f for f in going}
    Offer.objects.filter(case__in=cases).update(expires_at=expires)
    messages.send(letters=_letters(plugin, cases), by=by, at=at)
    return len(going)


def _letters(plugin: Plugin, cases: dict[UUID, Found]) -> list[Letter]:
    links = list(Recipient.objects.filter(offer__in=cases).select_related("offer"))
    known = people.residents({f.subject for f in cases.values()})
    units = twin.names(link.offer.unit for link in links if link.offer.unit)
    letters = []
    for link in links:
        found = cases[link.offer_id]
        language = dict(found.recipients)[link.person]
        child = known[found.subject].given_name if found.subject in known else ""
        fields = {"child": child, "unit": units.get(link.offer.unit or 0, "")}
        spoken = [language] if language in LANGUAGES else list(LANGUAGES)
        letters.append(
            Letter(
                recipient=link.person,
                key=f"{ABOUT_OFFER}:{link.id}",
                subject=" · ".join(plugin.say("message_subject", s, **fields) for s in spoken),
                body="\n\n".join(plugin.say("message_body", s, **fields) for s in spoken),
                link=f"/{spoken[0]}/o/{LINK.sign(link.id.hex)}",
            )
        )
    return letters
