"""What the command line may ask the city: screen, why, reach; and how the answers read."""

from datetime import date
from typing import Any

from stadi.consent import actions as consent
from stadi.engine import sweep
from stadi.engine.explain import explain
from stadi.insight import actions as insight
from stadi.kit.errors import StadiError
from stadi.offers.actions import rounds
from stadi.offers.plugins import plugin
from stadi.people import actions as people
from stadi.record import actions as record

OUTCOME = {
    "yes": {"fi": "kyllä", "sv": "ja", "en": "yes"},
    "no": {"fi": "ei", "sv": "nej", "en": "no"},
    "unknown": {"fi": "ei tiedossa", "sv": "okänt", "en": "unknown"},
    "stopped": {"fi": "pysäytetty", "sv": "stoppad", "en": "stopped"},
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
    with consent.look(purpose=purpose, as_of=now.date(), known_at=now, only=resident) as sight:
        person = sweep.person(sight, resident)
    if person is None:
        message = f"the registers hold no resident {resident}"
        raise NobodyError(message)
    answer = explain(made.service.who, person, as_of=now.date())
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
    return "\n".join([*lines, f"  {answer['law']}"])


def reach() -> list[dict[str, Any]]:
    """Return how far each service reaches."""
    return [
        {
            "service": r.service,
            **r.counts,
            **r.measures,
            "balances": r.balances,
            "areas": [{"area": a.area, "yes": a.yes, "share": a.share} for a in r.areas],
        }
        for r in insight.reach()
    ]


def reach_words(found: list[dict[str, Any]]) -> str:
    """Return the reach as a table of two columns per service."""
    lines = []
    for service in found:
        sums = "the numbers add up" if service["balances"] else "THE NUMBERS DO NOT ADD UP"
        lines.append(f"{service['service']}: {sums}")
        skip = ("service", "balances", "areas")
        lines += [f"  {k:12} {v}" for k, v in service.items() if k not in skip]
    return "\n".join(lines)
