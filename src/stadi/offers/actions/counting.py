"""What measures may read of cases: who stands where, and sums that name nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from stadi.offers.domain import WAITING

# where a case may stand whose offer did not hold
BACK = (*WAITING, "held", "undelivered")
PORTAL, UNTOLD = "portal", "untold"
WAYS = (PORTAL, "phone", "visit", "paper")
ANSWERS = ("accept", "agree", "decline", "ask", "disagree", "object")
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
LEGS = ("to_offer", "to_fulfilment", "whole")

LAST = "select round from offers_screening where service = %(service)s order by at desc limit 1"
SWEEPS = f"select id from offers_screening where service = %(service)s and round = ({LAST})"
# Left out as the report leaves them out: who was never found to be entitled, and what a correction
# replaced by a new case.
COUNTED = f"""
    select c.id, c.subject, c.ended, c.sent_at is not null and c.state <> all(%(back)s) as offered
    from offers_case c
    where c.service = %(service)s and c.screening_id in ({SWEEPS})
      and c.state not in ('unclear', 'corrected') and c.ended <> 'corrected'
      and not exists (select from offers_transition t where t.case_id = c.id
        and t.old = 'unclear' and t.new in ('withdrawn', 'closed'))"""
FOUND = f"""
    select c.subject, c.offered, o.metres, case when c.offered then c.ended else '' end
    from ({COUNTED}) c left join offers_offer o on o.case_id = c.id"""
# What happened in a round, also to cases that a correction replaced.
HAPPENED = f"""
    with mine as (
      select c.id, c.state in ('accepted', 'fulfilling') as going,
        o.reminded_at is not null as reminded
      from offers_case c left join offers_offer o on o.case_id = c.id
      where c.service = %(service)s and c.screening_id in ({SWEEPS})
    ), counted as ({COUNTED}), taken as (
      select m.id, m.going, m.reminded, k.offered is true as offered,
        bool_or(t.name = 'see') as seen,
        bool_or(t.name in ('fail', 'stop')) as broke,
        bool_or(t.name = 'fulfil') as kept,
        count(*) filter (where t.name = 'contest') as contested,
        count(*) filter (where t.name = 'uphold' and t.actor_kind <> 'system') as upheld,
        count(*) filter (where t.name = 'uphold' and t.actor_kind = 'system') as unheard,
        count(*) filter (where t.name = 'correct') as corrected
      from mine m join offers_transition t on t.case_id = m.id
      left join counted k on k.id = m.id
      group by m.id, m.going, m.reminded, k.offered
    )
    select
      count(*) filter (where seen and offered) as seen,
      count(*) filter (where reminded) as reminded,
      count(*) filter (where broke and not kept and not going) as fell,
      coalesce(sum(contested), 0)::int as contested, coalesce(sum(upheld), 0)::int as upheld,
      coalesce(sum(unheard), 0)::int as unheard, coalesce(sum(corrected), 0)::int as corrected
    from taken"""
ANSWERED = f"""
    select case t.actor_kind when 'resident' then '{PORTAL}' else coalesce(n.kind, '{UNTOLD}') end,
      count(*)
    from offers_case c join offers_transition t on t.case_id = c.id
    left join offers_note n on n.case_id = t.case_id and n.at = t.at and n.by = t.actor
      and n.kind = any(%(ways)s)
    where c.service = %(service)s and c.screening_id in ({SWEEPS})
      and t.name = any(%(answers)s) and t.actor_kind in ('resident', 'official')
    group by 1"""
WORKED = f"""
    select count(*) as openings, count(o.spent) as acts,
      coalesce(extract(epoch from sum(o.spent)) / 60, 0)::float8 as minutes
    from offers_case c join offers_opening o on o.case_id = c.id
    where c.service = %(service)s and c.screening_id in ({SWEEPS})"""
# From the sweep that found somebody: in a yearly round its day, after a change when it was known.
LASTED = f"""
    with passed as (
      select s.at as began, min(t.at) filter (where t.name = 'offer') as offered,
        min(t.at) filter (where t.name = 'fulfil') as fulfilled
      from offers_case c join offers_screening s on s.id = c.screening_id
      join offers_transition t on t.case_id = c.id
      where c.service = %(service)s and c.screening_id in ({SWEEPS})
      group by c.id, s.at
    )
    select leg.name, count(leg.span),
      percentile_disc(%(quantiles)s::float8[]) within group (order by extract(epoch from leg.span))
    from passed, lateral (values ('to_offer', offered - began),
      ('to_fulfilment', fulfilled - offered), ('whole', fulfilled - began)) as leg(name, span)
    where leg.span is not null
    group by leg.name"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One whom the latest round found to be entitled; `end` is how an offer ended, if it has."""

    subject: int
    offered: bool
    metres: int | None
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What happened in the latest round of a service, whatever became of it later.

    `fell` are those who said yes for good and have no place: a step failed, or they stopped it.
    `unheard` are contests that nobody at the city decided in time. `answers` are counted by way.
    """

    seen: int
    reminded: int
    fell: int
    contested: int
    upheld: int
    unheard: int
    corrected: int
    answers: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How often officials opened cases, how often they then acted, and how long that took them."""

    openings: int
    acts: int
    minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasted:
    """How many cases went one leg of the way, and the seconds that parts of them took at most.

    The parts are those of QUANTILES.
    """

    count: int
    seconds: tuple[float, ...]


def counted(service: str) -> list[Counted]:
    """Return everyone whom the latest round of a service found, counted as the report counts."""
    return [
        Counted(subject=subject, offered=offered, metres=metres, end=end)
        for subject, offered, metres, end in _rows(FOUND, service)
    ]


def happened(service: str) -> Happened:
    """Return the sums of what happened in the latest round of a service."""
    ((seen, reminded, fell, contested, upheld, unheard, corrected),) = _rows(HAPPENED, service)
    answers = dict.fromkeys(WAYS, 0) | dict(_rows(ANSWERED, service))
    return Happened(
        seen=seen,
        reminded=reminded,
        fell=fell,
        contested=contested,
        upheld=upheld,
        unheard=unheard,
        corrected=corrected,
        answers=answers,
    )


def work(service: str) -> Work:
    """Return what the latest round of a service took of officials' time."""
    ((openings, acts, minutes),) = _rows(WORKED, service)
    return Work(openings=openings, acts=acts, minutes=minutes)


def lasted(service: str) -> dict[str, Lasted]:
    """Return how long each leg of the way took, of those who have gone it."""
    found = {name: Lasted(count=n, seconds=tuple(s)) for name, n, s in _rows(LASTED, service)}
    return {name: found.get(name, Lasted(count=0, seconds=())) for name in LEGS}


def _rows(statement: str, service: str) -> list[Any]:
    values: dict[str, Any] = {
        "service": service,
        "back": list(BACK),
        "ways": list(WAYS),
        "answers": list(ANSWERS),
        "quantiles": list(QUANTILES),
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
