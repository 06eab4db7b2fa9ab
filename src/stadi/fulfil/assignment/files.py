"""The inputs and the result as texts for an auditor; their hash names the inputs."""

import csv
import hashlib
import io
import json
from dataclasses import asdict

from stadi.fulfil.domain import ANSWERING, Assignment, Problem, Seeker

Rows = list[tuple[object, ...]]


def inputs(problem: Problem) -> dict[str, str]:
    """Return the files that an assignment follows from, by name, in the order of the hash."""
    units: Rows = [
        (v.id, v.x, v.y, v.places, v.language, int(v.support)) for v in problem.vacancies
    ]
    rules = {
        "factor": problem.factor,
        "policy": problem.policy,
        "seed": problem.seed,
        "terms": [asdict(term) for term in problem.terms],
    }
    return {
        "children.csv": _csv(
            ("id", "x", "y", *(f"wants_{name}" for name in ANSWERING), "together"),
            [_child(s) for s in problem.seekers],
        ),
        "units.csv": _csv(("id", "x", "y", "places", "language", "support"), units),
        "rules.json": _json(rules),
    }


def results(assignment: Assignment) -> dict[str, str]:
    """Return the files that say who got which place, and the proof."""
    placed: Rows = [(p.seeker, p.unit, p.metres) for _, p in sorted(assignment.placed.items())]
    return {
        "placements.csv": _csv(("child", "unit", "metres"), placed),
        "certificate.json": _json(asdict(assignment.certificate)),
    }


def fingerprint(problem: Problem) -> str:
    """Return the SHA-256 of the input files, one after the other."""
    return hashlib.sha256("".join(inputs(problem).values()).encode()).hexdigest()


def _child(seeker: Seeker) -> tuple[object, ...]:
    wants = dict(seeker.wants)
    support = 1 if wants.get("support") is True else None
    return (
        seeker.id,
        seeker.x,
        seeker.y,
        wants.get("id"),
        wants.get("language"),
        support,
        seeker.together,
    )


def _csv(header: tuple[str, ...], rows: Rows) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
