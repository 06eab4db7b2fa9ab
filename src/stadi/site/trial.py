"""What `stadi try` shows of a trial: counts, reasons, money and areas, small numbers hidden."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from stadi.insight.hiding import SMALLEST, Group, Line, hide, publish
from stadi.kit.actor import SYSTEM
from stadi.kit.service import Plugin
from stadi.offers.actions import trying
from stadi.offers.actions.trying import BANDS, Difference, Money, Part, Tried
from stadi.offers.plugins import plugin, plugins, read
from stadi.people import paavo
from stadi.record import actions as record
from stadi.site import trial_page

NEAREST, ROUGHLY = 10_00, 100_00
"""Cents to which the money of one and of all together is rounded."""
Range = tuple[int, int]
Shown = int | Range | None
"""What may be shown of a count: itself, the least and the most, or nothing."""


def run(service: str, *, out: Path | None) -> dict[str, Any]:
    """Try a service, or a draft in a folder, on the city; a trial of a service is written down."""
    made, installed = _chosen(service)
    now = record.now()
    tried = trying.try_out(plugin=made, by=SYSTEM, at=now)
    found = {**shown(tried, made), "recorded": installed}
    if out is not None:
        places = {area["area"]: _area_words(area) for area in found["areas"]}
        trial_page.write(words(found).splitlines(), found["areas"], places, out)
    if installed:
        trying.keep(tried=tried, by=SYSTEM, at=now)
    return found


def _chosen(service: str) -> tuple[Plugin, bool]:
    """Return a service of this city by its id, or the draft in a folder, and which of the two."""
    folder = Path(service)
    if service in plugins() or not folder.is_dir():
        return plugin(service), True
    return read(folder, str(folder)), False


def shown(tried: Tried, made: Plugin) -> dict[str, Any]:
    """Return what may be shown of a trial."""
    counts = _counts(tried)
    return {
        "service": tried.service,
        "version": tried.version,
        "as_of": tried.as_of,
        "tree": tried.tree,
        "counts": counts,
        "reasons": [
            {
                "because": rule.because,
                "sentence": made.say(f"because.{rule.because}", "en"),
                "fails": few(rule.fails, counts["no"]),
                "alone": few(rule.alone, counts["no"]),
                "unknown": few(rule.unknown, counts["unknown"]),
            }
            for rule in tried.rules
        ],
        "money": _money(tried.money),
        "against": _against(tried.against),
        "unread": tried.unread,
        "areas": list(_areas(tried)),
    }


def _counts(tried: Tried) -> dict[str, Shown]:
    """Return the counts of the city; where few gain or lose, those entitled are a range of ten.

    Else the difference to the last round, which everybody knows, would tell how few.
    """
    counts: dict[str, Shown] = safe(tried.counts)
    against = tried.against
    if against and None in _answers(against).values() and counts["yes"] is not None:
        low = tried.counts["yes"] // SMALLEST * SMALLEST
        counts |= {"yes": (low, low + SMALLEST - 1), "no": None}
    return counts


def safe(counts: Mapping[str, int]) -> dict[str, Any]:
    """Return the counts of one table of the city, those hidden that are small or guard a small one.

    Where none is small, all are shown, also that everybody is in one of them.
    """
    small = any(0 < count < SMALLEST for count in counts.values())
    hidden = hide(counts) if small else set()
    return {name: None if name in hidden else count for name, count in counts.items()}


def few(count: int, whole: Shown = 0) -> int | None:
    """Return a part of a whole; hidden if it is small, or the whole is hidden."""
    return None if whole is None or 0 < count < SMALLEST else count


def _answers(against: Difference) -> dict[str, int | None]:
    names = ("kept", "newly", "no_longer", "neither")
    return safe({name: getattr(against, name) for name in names})


def _against(against: Difference | None) -> dict[str, Any] | None:
    if against is None:
        return None
    answers = _answers(against)
    found = {
        "version": against.version,
        "day": against.day,
        "same": against.same,
        **answers,
        "gained": answers["newly"],
        "lost": answers["no_longer"],
    }
    if against.more is None or against.less is None:
        return found
    everyone = sum(getattr(against, name) for name in answers)
    told = {name: getattr(against, name) for name in ("gained", "lost", "untold")}
    paid = safe({**told, "rest": everyone - sum(told.values())})
    del paid["rest"]
    changes = {"more": against.more, "less": against.less}
    open_ = {"more": paid["gained"], "less": paid["lost"]}
    return {
        **found,
        **paid,
        **{name: _change(m) if open_[name] else None for name, m in changes.items()},
    }


def _change(money: Money) -> dict[str, Any]:
    """Return what changes in money; of ten or more, and the largest change rounded up."""
    return {
        "cents": _rounded(money.cents, ROUGHLY),
        "most": -(-money.most // NEAREST) * NEAREST,
        "sizes": safe(dict(zip(_bands(), money.sizes, strict=True))),
    }


def _bands() -> Iterator[str]:
    """Yield what each size of a change is called, in euros."""
    edges = [b // 100 for b in BANDS]
    yield f"under {edges[0]}"
    yield from (f"{low} to {high}" for low, high in pairwise(edges))
    yield f"{edges[-1]} and more"


def _money(money: Money | None) -> dict[str, Any] | None:
    if money is None or money.people < SMALLEST:
        return None
    return {
        "cents": _rounded(money.cents, ROUGHLY),
        "quarters": [_rounded(q, NEAREST) for q in money.quarters],
    }


def _rounded(cents: int, step: int) -> int:
    return (cents + step // 2) // step * step


def _areas(tried: Tried) -> Iterator[dict[str, Any]]:
    """Yield what may be shown of each area, most of it in ranges of ten.

    How many were entitled before is told elsewhere, so how many would be is told no closer than by
    how many come and go.
    """
    names = {area.code: area.name for area in paavo.built_in()}
    keys = {part.area: f"{part.area} {names.get(part.area, '')}".strip() for part in tried.parts}
    against = tried.against
    if against is None:
        for line in _lines(tried.parts, "residents", "yes"):
            yield {"area": line.key, "name": keys[line.key], "yes": line.left}
        return
    come = {line.key: line for line in _lines(tried.parts, "residents", "gained")}
    for line in _lines(tried.parts, "before", "lost"):
        gained: Range | None = (0, 0) if not against.gained else come[line.key].left
        lost: Range | None = (0, 0) if not against.lost else line.left
        row: dict[str, Any] = {"area": line.key, "name": keys[line.key], "before": line.entitled}
        row |= {"gained": gained, "lost": lost}
        if against.more is None:
            row["yes"] = _after(line.entitled, gained, lost)
        yield row


def _lines(parts: Sequence[Part], whole: str, told: str) -> tuple[Line, ...]:
    return publish(
        [Group(key=p.area, entitled=getattr(p, whole), left=getattr(p, told)) for p in parts]
    )


def _after(before: int | None, gained: Range | None, lost: Range | None) -> Range | None:
    if before is None or gained is None or lost is None:
        return None
    return max(before - lost[1], 0) + gained[0], before - lost[0] + gained[1]


def words(found: dict[str, Any]) -> str:
    """Return a trial as a page of text."""
    head = f"{found['service']} {found['version']} as of {found['as_of']}"
    counts = ", ".join(f"{number(n)} {name}" for name, n in found["counts"].items())
    lines = [f"{head}: {counts}", *_reason_words(found["reasons"])]
    if found["money"]:
        low, half, high = (_euros(q) for q in found["money"]["quarters"])
        lines.append(
            f"Money: about {_euros(found['money']['cents'])} a month together; a quarter gets up to"
            f" {low}, half up to {half}, three quarters up to {high}"
        )
    lines += _against_words(found)
    lines += ["By area, where there is anybody:", *map(_area_words, filter(_some, found["areas"]))]
    ending = (
        "This trial is recorded: a round may run by these rules."
        if found["recorded"]
        else "A draft was tried: nothing is recorded but that everyone was looked at."
    )
    return "\n".join([*lines, "Numbers under 10 are hidden, with what would tell them.", ending])


def _reason_words(reasons: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "What is asked, whom it leaves out, and whom it alone leaves out or leaves open:"
    for reason in reasons:
        out, alone, open_ = (number(reason[k]) for k in ("fails", "alone", "unknown"))
        yield f"  {reason['sentence']}"
        yield f"      not so for {out}, for {alone} of them nothing else; not known of {open_}"


def _against_words(found: dict[str, Any]) -> Iterator[str]:
    against = found["against"]
    if against is None:
        yield (
            f"The rules of the last round cannot be asked any more: {found['unread']}"
            if found["unread"]
            else "There was no round of this service yet: nothing to compare with."
        )
        return
    same = ", the same rules" if against["same"] else ""
    yield f"Against version {against['version']}, which ran as of {against['day']}{same}:"
    yield f"  {number(against['newly'])} newly yes, {number(against['no_longer'])} no longer yes"
    for name, verb, which in (("more", "gain", "gained"), ("less", "lose", "lost")):
        if name in against:
            yield f"  {number(against[which])} {verb} money{_money_words(against[name])}"
    if against.get("untold") != 0 and "untold" in against:
        yield f"  of {number(against['untold'])} it is not known what they would get"


def _money_words(change: Mapping[str, Any] | None) -> str:
    if not change:
        return ""
    sizes = ", ".join(f"{number(n)} by {band} €" for band, n in change["sizes"].items() if n != 0)
    return (
        f": about {_euros(change['cents'])} a month together, nobody more than"
        f" {_euros(change['most'])}; {sizes}"
    )


def _some(area: Mapping[str, Any]) -> bool:
    """Return whether an area may have anybody of whom a count tells."""
    return any(area.get(k, 0) not in {0, (0, 0)} for k in ("before", "gained", "lost", "yes"))


def _area_words(area: Mapping[str, Any]) -> str:
    told = {"before": "before", "gained": "gain", "lost": "lose", "yes": "yes"}
    counts = ", ".join(f"{number(area[k])} {w}" for k, w in told.items() if k in area)
    return f"  {area['name'] or 'elsewhere or not on record':40} {counts}"


def number(count: Shown) -> str:
    """Return a count, or a range of counts, as people read it."""
    if count is None:
        return "(hidden)"
    if isinstance(count, int):
        return f"{count:,}"
    low, high = count
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


def _euros(cents: int) -> str:
    return f"{cents // 100:,} €"
