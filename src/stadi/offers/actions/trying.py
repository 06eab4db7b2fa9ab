"""A service on trial: its rules over everyone, beside those of its last round; nobody is named."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction

from stadi.consent import trials
from stadi.engine import sweep
from stadi.engine.sql import OUTCOMES, UNKNOWN_SHIFT
from stadi.kit import tree
from stadi.kit.actor import Actor
from stadi.kit.errors import StadiError
from stadi.kit.rule import Amount, Fact, Rule, RuleError, facts_in, reads_relatives
from stadi.kit.service import Award, Plugin
from stadi.offers.models import Screening, Trial
from stadi.offers.plugins import plugins
from stadi.people import facts as pop
from stadi.record import actions as record
from stadi.record.domain import News

NO, YES, UNKNOWN = (OUTCOMES.index(outcome) for outcome in ("no", "yes", "unknown"))
QUARTERS = (25, 50, 75)
BANDS = (10_00, 50_00, 100_00)
"""Where changes in cents a month are parted by their size."""
KNOWN = tuple(fact for fact in vars(pop).values() if isinstance(fact, Fact))


class TrialError(StadiError):
    """The service cannot be tried; the sentence says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How many one rule leaves out, how many of them it alone does, and how many it leaves open.

    A rule about relatives is asked only of those whom no rule about themselves leaves out.
    """

    because: str
    fails: int
    alone: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Cents a month of so many people: their sum, quarters, the most, and how many by size."""

    people: int
    cents: int
    quarters: tuple[int, ...]
    most: int
    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One area, "" where it is not on record: those who live there, and what the rules say."""

    area: str
    residents: int
    before: int
    yes: int
    gained: int
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What changes against the rules of the last round, were both asked today.

    `newly` and `no_longer` are by the answer alone. `gained` and `lost` are by the money where
    there is some; `untold` are those of whose money one of both leaves something open.
    """

    version: str
    day: str
    same: bool
    kept: int
    newly: int
    no_longer: int
    neither: int
    gained: int
    lost: int
    untold: int
    more: Money | None
    less: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a trial counted; small numbers are in it, so it is not for showing as it is.

    `against` is None where the service had no round yet, or where `unread` says why the rules of
    its last one cannot be asked any more.
    """

    service: str
    version: str
    tree: str
    as_of: str
    counts: dict[str, int]
    rules: tuple[Told, ...]
    money: Money | None
    against: Difference | None
    unread: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """The rules of the last round, read back from what was kept."""

    manifest: dict[str, str]
    rules: tuple[Rule, ...]
    amounts: tuple[Amount, ...]


Truths = np.ndarray
Cents = np.ndarray


def try_out(*, plugin: Plugin, by: Actor, at: datetime) -> Tried:
    """Run a service's rules, and those of its last round, over one extract; writes no case.

    The look at everyone is noted as every look is.
    """
    _refuse_renamed(plugin)
    before, unread = _before(plugin.service.id)
    roots = [rule.condition for rule in before.rules] if before else []
    roots += [amount.value for amount in before.amounts] if before else []
    more = {pop.area}.union(*(facts_in(root) for root in roots))
    look = trials.try_out(
        purpose=plugin.service.purpose,
        more=more,
        rules=[plugin.service.who, *([before.rules] if before else [])],
        as_of=at.date(),
        known_at=at,
        by=by,
    )
    with look as sight:
        seen = sweep.extract(sight)
    return _tried(plugin, seen, before, unread)


@transaction.atomic
def keep(*, tried: Tried, by: Actor, at: datetime) -> None:
    """Write down that a service's rules were tried on the city: its next round may go by them."""
    against = tried.against
    Trial.objects.create(
        service=tried.service,
        version=tried.version,
        tree=tried.tree,
        at=at,
        by=by.id,
        gained=against.gained if against else None,
        lost=against.lost if against else None,
        **tried.counts,
    )
    body = {"service": tried.service, "version": tried.version, "tree": tried.tree}
    record.write(News(kind="offers.tried", body=body), by=by, at=at)


def _refuse_renamed(plugin: Plugin) -> None:
    """Refuse a draft that looks for another purpose than the service it is a draft of.

    People object to a purpose by its name: under another one they would all be asked again.
    """
    running = plugins().get(plugin.service.id)
    if running and running.service.purpose.id != plugin.service.purpose.id:
        message = (
            f"the draft of {plugin.service.id} calls its purpose {plugin.service.purpose.id!r}:"
            f" keep {running.service.purpose.id!r}, which people may have objected to, or give"
            " the service another id"
        )
        raise TrialError(message)


def _before(service: str) -> tuple[_Before | None, str]:
    """Return the rules of a service's last round, or why there are none that can be asked."""
    last = Screening.objects.filter(service=service).order_by("-at").first()
    if last is None:
        return None, ""
    text = record.kept(last.manifest["tree"])
    if text is None:
        return None, "the rules of the last round were not kept"
    try:
        rules, amounts = tree.read(text, KNOWN)
    except RuleError as error:
        return None, str(error)
    return _Before(manifest=last.manifest, rules=rules, amounts=amounts), ""


def _tried(plugin: Plugin, seen: sweep.Extract, before: _Before | None, unread: str) -> Tried:
    service = plugin.service
    result = sweep.run(service.who, seen, amounts=service.amounts)
    old = None
    if before:
        try:
            old = sweep.run(before.rules, seen, amounts=before.amounts)
        except RuleError as error:  # such as a parameter that has no value any more
            unread = str(error)
    yes, was = result.outcomes == YES, old.outcomes == YES if old else None
    gained, lost, against = _against(plugin, result, old, before)
    return Tried(
        service=service.id,
        version=service.version,
        tree=str(result.manifest["tree"]),
        as_of=seen.as_of.isoformat(),
        counts={name: result.count(name) for name in OUTCOMES},
        rules=_told(service.who, result),
        money=_money(_worth(result)[0][yes]) if isinstance(service.propose, Award) else None,
        against=against,
        unread=unread,
        parts=_parts(seen.tables["subject"], yes, was, gained, lost),
    )


def _told(rules: Sequence[Rule], result: sweep.Sweep) -> tuple[Told, ...]:
    bits, open_ = _asked(rules, result.bits), result.outcomes == UNKNOWN
    return tuple(
        Told(
            because=rule.because,
            fails=int(np.count_nonzero(bits & (1 << i))),
            alone=int(np.count_nonzero(bits == 1 << i)),
            unknown=int(np.count_nonzero(open_ & (bits >> (UNKNOWN_SHIFT + i) & 1 > 0))),
        )
        for i, rule in enumerate(rules)
    )


def _asked(rules: Sequence[Rule], bits: np.ndarray) -> np.ndarray:
    """Return the bits of what was asked: about relatives only where one's own facts said no no."""
    own = sum(1 << i for i, rule in enumerate(rules) if not reads_relatives(rule.condition))
    return np.where(bits & own, bits & (own | own << UNKNOWN_SHIFT), bits)


def _worth(result: sweep.Sweep) -> tuple[Cents, Truths]:
    """Return what each gets a month, and of whom it is known: nothing where the rules say no."""
    yes, known = result.outcomes == YES, result.outcomes == NO
    if not result.amounts:
        return np.zeros(len(yes), np.int64), known | yes
    (cents,) = result.amounts.values()
    sums = pc.fill_null(cents, 0).to_numpy(zero_copy_only=False)
    there = pc.is_valid(cents).to_numpy(zero_copy_only=False)
    return np.where(yes, sums, 0), known | (yes & there)


def _money(cents: Cents) -> Money:
    quarters = np.percentile(cents, QUARTERS, method="lower") if len(cents) else ()
    sizes = np.bincount(np.searchsorted(BANDS, cents, side="right"), minlength=len(BANDS) + 1)
    return Money(
        people=len(cents),
        cents=int(cents.sum()),
        quarters=tuple(int(q) for q in quarters),
        most=int(cents.max(initial=0)),
        sizes=tuple(sizes.tolist()),
    )


def _against(
    plugin: Plugin, result: sweep.Sweep, old: sweep.Sweep | None, before: _Before | None
) -> tuple[Truths, Truths, Difference | None]:
    """Return who gains, who loses, and the difference in numbers."""
    yes = result.outcomes == YES
    if old is None or before is None:
        nobody = np.zeros(len(yes), bool)
        return nobody, nobody, None
    was, paid = old.outcomes == YES, isinstance(plugin.service.propose, Award)
    (now, known), (then, once) = _worth(result), _worth(old)
    change, told = now - then, known & once
    gained, lost = (told & (change > 0), told & (change < 0)) if paid else (yes & ~was, was & ~yes)
    return (
        gained,
        lost,
        Difference(
            version=str(before.manifest["version"]),
            day=str(before.manifest["as_of"]),
            same=before.manifest["tree"] == result.manifest["tree"],
            kept=int(np.count_nonzero(yes & was)),
            newly=int(np.count_nonzero(yes & ~was)),
            no_longer=int(np.count_nonzero(was & ~yes)),
            neither=int(np.count_nonzero(~yes & ~was)),
            gained=int(np.count_nonzero(gained)),
            lost=int(np.count_nonzero(lost)),
            untold=int(np.count_nonzero(~told & (yes | was))) if paid else 0,
            more=_money(change[gained]) if paid else None,
            less=_money(-change[lost]) if paid else None,
        ),
    )


def _parts(  # noqa: PLR0917 - what is counted of each area
    subjects: pa.Table, yes: Truths, was: Truths | None, gained: Truths, lost: Truths
) -> tuple[Part, ...]:
    """Return the counts of each area; the sweeps are in the order of subjects, the table is not."""
    order = np.argsort(subjects["subject"].to_numpy(), kind="stable")
    named = pc.fill_null(subjects[pop.area.column], "").combine_chunks().dictionary_encode()
    areas, where = named.dictionary.to_pylist(), named.indices.to_numpy()[order]
    everyone = np.ones(len(yes), bool)
    sets = (everyone, was if was is not None else ~everyone, yes, gained, lost)
    counts = [np.bincount(where[there], minlength=len(areas)).tolist() for there in sets]
    rows = sorted(zip(areas, *counts, strict=True))
    return tuple(
        Part(area=area, residents=n, before=was, yes=yes, gained=gained, lost=lost)
        for area, n, was, yes, gained, lost in rows
    )
