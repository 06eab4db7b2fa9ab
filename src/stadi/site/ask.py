"""What the command line may ask the city: screen, why, reach; and how the answers read."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from stadi.consent import actions as consent
from stadi.engine import contrast, sweep
from stadi.engine.explain import explain
from stadi.insight import actions as insight
from stadi.insight.domain import measures
from stadi.kit.errors import StadiError
from stadi.offers.actions import counting, reading, rounds
from stadi.offers.plugins import plugin, plugins
from stadi.people import actions as people
from stadi.record import actions as record

OUTCOME = {
    "yes": {"fi": "kyllä", "sv": "ja", "en": "yes"},
    "no": {"fi": "ei", "sv": "nej", "en": "no"},
    "unknown": {"fi": "ei tiedossa", "sv": "okänt", "en": "unknown"},
    "stopped": {"fi": "pysäytetty", "sv": "stoppad", "en": "stopped"},
}
CONTRAST = {
    "decided_by": {"fi": "Ratkaisi", "sv": "Avgjorde", "en": "What decided"},
    "lacking": {"fi": "Puuttuva tieto", "sv": "Uppgift som saknas", "en": "What is missing"},
    "changes": {
        "fi": "Vastaus olisi kyllä, jos",
        "sv": "Svaret vore ja, om",
        "en": "It would be yes if",
    },
    "none": {"fi": "ei ole", "sv": "finns inte", "en": "there is none"},
    "turns_yes": {
        "fi": "Ehdot täyttyvät {day}, {days} päivän kuluttua, jos muu pysyy ennallaan.",
        "sv": "Villkoren uppfylls {day}, om {days} dagar, om inget annat ändras.",
        "en": "The conditions are met on {day}, in {days} days, if nothing else changes.",
    },
}
HOLDS = {True: "✓", False: "✗", None: "?"}


class NobodyError(StadiError):
    """The registers hold no such resident."""


def screen(service: str) -> dict[str, Any]:
    """Run a service's rules over everyone and return the manifest; nothing is written."""
    made = plugin(service)
    result = rounds.screen(plugin=made, seen=rounds.read(plugin=made, at=record.now()))
    return {"service": service, "version": made.service.version, **result.manifest}


def screen_words(manifest: dict[str, Any]) -> str:
    """Return the counts in words."""
    counts = ", ".join(f"{n} {name}" for name, n in manifest["counts"].items())
    head = f"{manifest['service']} {manifest['version']} as of {manifest['as_of']}"
    return f"{head}: {manifest['screened']} screened, {counts}"


def why(resident: int, service: str, language: str) -> dict[str, Any]:
    """Return a service's answer for one resident with each reason, fact, source and date."""
    made, now = plugin(service), record.now()
    purpose = made.service.purpose
    with consent.look(purpose=purpose, as_of=now.date(), known_at=now, only=[resident]) as sight:
        person = sweep.person(sight, resident)
    if person is None:
        message = f"the registers hold no resident {resident}"
        raise NobodyError(message)
    rules, day = made.service.who, now.date()
    answer = explain(rules, person, as_of=day)
    registers = {fact.relation.table for fact in purpose.uses}
    origin = {
        r: people.lineages(subjects=[resident], register=r, at=now).get(resident) for r in registers
    }
    return {
        "resident": resident,
        "service": service,
        "version": made.service.version,
        "as_of": now.date(),
        "outcome": answer.outcome,
        "purpose": purpose.id,
        "law": made.say("law", language),
        "decided_by": _labels(contrast.enough(rules, person, as_of=day), language),
        "lacking": _labels(contrast.lacking(rules, person, as_of=day), language),
        "changes": [
            {"fact": change.fact.label.say(language), "value": change.value}
            for change in contrast.changes(rules, person, as_of=day)
        ],
        "turns_yes": contrast.turns_yes(rules, person, as_of=day)
        if answer.outcome == "no"
        else None,
        "reasons": [
            {
                "because": reason.because,
                "sentence": made.say(f"because.{reason.because}", language),
                "holds": reason.holds,
                "facts": [
                    {
                        "fact": fact.label.say(language),
                        "value": _plain(value),
                        "source": (origin[fact.relation.table] or ("", ""))[0],
                        "since": (origin[fact.relation.table] or ("", ""))[1],
                    }
                    for fact, value in reason.leaves
                ],
            }
            for reason in answer.reasons
        ],
    }


def _labels(found: Sequence[contrast.Leaf], language: str) -> list[str]:
    """Return what facts are called, a relation by its facts; each name once."""
    every = {f for made in plugins().values() for f in made.service.purpose.uses}
    named = [
        fact.label.say(language)
        for leaf in found
        for fact in sorted(every, key=lambda f: f.name)
        if fact is leaf or fact.relation is leaf
    ]
    return list(dict.fromkeys(named))


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def why_words(answer: dict[str, Any], language: str) -> str:
    """Return an answer as lines that a parent can read."""
    outcome = OUTCOME[answer["outcome"]][language]
    lines = [f"{answer['service']} {answer['version']}, {answer['as_of']}: {outcome}"]
    for reason in answer["reasons"]:
        lines.append(f"  {HOLDS[reason['holds']]} {reason['sentence']}")
        lines += [
            f"      {f['fact']}: {'–' if f['value'] in (None, []) else f['value']}"
            f" ({f['source'] or '–'}, {f['since'] or '–'})"
            for f in reason["facts"]
        ]
    return "\n".join([*lines, *_contrasts(answer, language), f"  {answer['law']}"])


def _contrasts(answer: dict[str, Any], language: str) -> Iterator[str]:
    """Yield what decided, what is missing, what would change the answer and when it changes."""
    say = {key: words[language] for key, words in CONTRAST.items()}
    if answer["decided_by"]:
        yield f"  {say['decided_by']}: {', '.join(answer['decided_by'])}"
    if answer["lacking"]:
        yield f"  {say['lacking']}: {', '.join(answer['lacking'])}"
    for change in answer["changes"]:
        value = say["none"] if change["value"] is None else change["value"]
        yield f"  {say['changes']}: {change['fact']} = {value}"
    if answer["turns_yes"]:
        days = (answer["turns_yes"] - answer["as_of"]).days
        yield f"  {say['turns_yes'].format(day=answer['turns_yes'], days=days)}"


def reach() -> list[dict[str, Any]]:
    """Return how far each service reaches: all counts, and its groups as they may be shown."""
    found = []
    for service in sorted(plugins()):
        counts = reading.tally(service)
        measured = insight.reach(service)
        found.append(
            {
                "service": service,
                **counts,
                **measures(counts, counting.happened(service).fell),
                "balances": reading.balances(counts),
                "measured_at": measured.at if measured else None,
                "groups": {
                    name: [asdict(line) for line in lines]
                    for name, lines in measured.tables.items()
                }
                if measured
                else {},
            }
        )
    return found


def reach_words(found: list[dict[str, Any]]) -> str:
    """Return the reach as a table of two columns per service."""
    lines = []
    for service in found:
        sums = "the numbers add up" if service["balances"] else "THE NUMBERS DO NOT ADD UP"
        lines.append(f"{service['service']}: {sums}")
        skip = ("service", "balances", "measured_at", "groups")
        lines += [f"  {k:12} {v}" for k, v in service.items() if k not in skip]
    return "\n".join(lines)
