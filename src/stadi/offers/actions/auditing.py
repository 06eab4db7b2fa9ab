"""Missed cases: whom a service should have found on what is known today, and when it did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median_low

from stadi.fulfil import actions as fulfil
from stadi.kit import tree
from stadi.kit.rule import RuleError
from stadi.kit.service import Plugin, Service
from stadi.offers.actions.finding import rounds_of
from stadi.offers.actions.rounds import read, screen
from stadi.offers.domain import ENDED
from stadi.offers.models import Case

MONTHS = 12  # of a year


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One earlier round as it should have been: asked on `day`, with what is known today.

    Of those `should` be found, `found` were by its end, `later` were after it; `days` is how many
    half of the latter waited. `unasked` says why the rules cannot be asked about that day.
    """

    period: str
    day: date
    should: int = 0
    found: int = 0
    later: int = 0
    days: int | None = None
    unasked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The earlier rounds of a service, the first first; small numbers are in it.

    `erased` are the cases that forgot whose they were: of those missed, so many may be found.
    """

    service: str
    version: str
    rounds: tuple[Checked, ...]
    erased: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """One case of a subject: when it was found, for which round, and how long it stood open."""

    found: datetime
    rounds: frozenset[str]
    ended: datetime | None


def audit(*, plugin: Plugin, months: int, at: datetime) -> Audit:
    """Ask a service's rules about the first day of each of its past rounds; writes no case."""
    service, held = plugin.service, _held(plugin.service.id, at)
    days = _days(service, months, at.date())
    gone = Case.objects.filter(service=service.id, state="erased")
    return Audit(
        service=service.id,
        version=service.version,
        rounds=tuple(_checked(plugin, day, held, at) for day in days),
        erased=gone.filter(screening__at__gte=_start(days[0], at)).count(),
    )


def _days(service: Service, months: int, today: date) -> list[date]:
    """Return the first days of the past months, this one too, of each round the earliest."""
    last = today.year * MONTHS + today.month - 1
    firsts = [date(m // MONTHS, m % MONTHS + 1, 1) for m in range(last - months + 1, last + 1)]
    rounds: dict[str, date] = {}
    for day in firsts:
        rounds.setdefault(service.period(day), day)
    return list(rounds.values())


def _end(service: Service, day: date) -> date:
    """Return the first day after the round that a day lies in."""
    end = day
    while service.period(end) == service.period(day):
        end += timedelta(days=1)
    return end


def _start(day: date, at: datetime) -> datetime:
    return datetime.combine(day, time(), tzinfo=at.tzinfo)


def _held(service: str, at: datetime) -> Mapping[int, list[_Held]]:
    """Return the cases of each subject; of whom is being paid, none has ended."""
    paid = fulfil.awarded(service=service, at=at)
    cases = Case.objects.filter(service=service).exclude(state="erased").order_by("screening__at")
    found: dict[int, list[_Held]] = {}
    fields = ("subject", "screening__at", "screening__round", "round", "state", "since")
    for subject, seen, period, round_, state, since in cases.values_list(*fields):
        ended = since if state in ENDED and subject not in paid else None
        held = _Held(found=seen, rounds=frozenset((period, round_)), ended=ended)
        found.setdefault(subject, []).append(held)
    return found


def _checked(plugin: Plugin, day: date, held: Mapping[int, list[_Held]], at: datetime) -> Checked:
    service = plugin.service
    period = service.period(day)
    try:
        tree.parameters(service.who, service.amounts, day)
    except RuleError as error:
        return Checked(period=period, day=day, unasked=str(error))
    screened, should = _should(plugin, day, at)
    if not screened:
        return Checked(period=period, day=day, unasked="the registers do not reach back so far")
    end, peace = _start(_end(service, day), at), timedelta(days=service.offer.rest_days)
    open_since = _start(day, at) - peace
    found, waits = 0, []
    for subject, rounds in should.items():
        cases = held.get(subject, ())
        if any(_covers(case, rounds, open_since, end) for case in cases):
            found += 1
        elif late := [case.found for case in cases if case.found >= end]:
            waits.append((late[0].date() - day).days)
    return Checked(
        period=period,
        day=day,
        should=len(should),
        found=found,
        later=len(waits),
        days=median_low(waits) if waits else None,
    )


def _should(plugin: Plugin, day: date, at: datetime) -> tuple[int, dict[int, set[str]]]:
    """Return how many there were on a day, and of whom the rules are true, with their rounds."""
    service, seen = plugin.service, read(plugin=plugin, at=at, day=day)
    result = screen(plugin=plugin, seen=seen)
    rounds = rounds_of(plugin, seen, result.of("yes"))
    return len(result.subjects), {s: {service.period(day), r} for s, r in rounds.items()}


def _covers(case: _Held, rounds: set[str], since: datetime, end: datetime) -> bool:
    """Return whether a case was found by the end of a round, and is of it or stood open in it."""
    if case.found >= end:
        return False
    return bool(case.rounds & rounds) or case.ended is None or case.ended >= since
