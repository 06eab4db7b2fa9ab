"""What the command line may ask the city: screen, why, reach; and how the answers read."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from typing import Any

from stadi.insight import actions as insight
from stadi.insight.domain import measures
from stadi.kit.service import Plugin
from stadi.offers.actions import checking, counting, reading, rounds
from stadi.offers.plugins import plugin, plugins
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
    made = plugin(service)
    found = checking.why(plugin=made, subject=resident, at=record.now())
    return {
        "resident": resident,
        "service": service,
        "version": found.version,
        "as_of": found.as_of,
        "outcome": found.outcome,
        "purpose": made.service.purpose.id,
        "law": made.say("law", language),
        "decided_by": checking.labels(made, found.decided_by, language),
        "lacking": checking.labels(made, found.lacking, language),
        "changes": [
            {"fact": change.fact.label.say(language), "value": change.value}
            for change in found.changes
        ],
        "turns_yes": found.turns_yes,
        "reasons": [_reason(made, reason, language) for reason in found.reasons],
    }


def _reason(made: Plugin, reason: checking.Because, language: str) -> dict[str, Any]:
    return {
        "because": reason.because,
        "sentence": made.say(f"because.{reason.because}", language),
        "holds": reason.holds,
        "facts": [
            {
                "fact": told.fact.label.say(language),
                "value": _plain(told.value),
                "source": told.source,
                "since": told.since or "",
            }
            for told in reason.facts
        ],
    }


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
