"""A decision as a page and as PDF/A: both follow from what is kept, and from nothing else."""

import json
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import typst
from django.template.loader import render_to_string
from django.utils import dateformat, timezone, translation

from stadi.fulfil.domain import Decision
from stadi.fulfil.words import breakable, printable

TEMPLATE = Path(__file__).with_name("decision.typ")
STANDARDS: list[Any] = ["a-2a", "ua-1"]


def html(decision: Decision, language: str) -> str:
    """Return the decision as a whole HTML document."""
    return render_to_string("fulfil/decision.html", _shown(decision, language))


def pdf(decision: Decision, language: str) -> bytes:
    """Return the decision as PDF/A-2a and PDF/UA-1; the same decision gives the same bytes.

    The words reach the template as data and are never read as markup.
    """
    shown = _shown(decision, language)
    words, printed = json.dumps(shown, ensure_ascii=False), _each(shown, printable)
    if printed == json.loads(words):
        printed["labels"]["unprintable"] = ""
    dated = decision.annulled_at or decision.signed_at or decision.made_at
    made = typst.compile(
        TEMPLATE.read_bytes(),
        format="pdf",
        font_paths=_fonts(),
        ignore_system_fonts=True,
        pdf_standards=STANDARDS,
        timestamp=dated.replace(microsecond=0),
        sys_inputs={"decision": json.dumps(printed)},
    )
    return bytes(made)


@cache
def _fonts() -> typst.Fonts:
    """Return the fonts that come with the program: the same bytes on every machine."""
    return typst.Fonts(include_system_fonts=False)


def _shown(decision: Decision, language: str) -> dict[str, Any]:
    """Return what both documents show, as plain data; English for a language it does not have."""
    spoken = language if language in decision.words else "en"
    words = decision.words[spoken]
    labels = {name: said[spoken] for name, said in decision.labels.items()}
    signed = annulled = ""
    if decision.signed_at:
        who = (decision.signer_name, decision.signer_title, _day(decision.signed_at, spoken))
        signed = f"{labels['signed']} {', '.join(map(str, who))}"
    if decision.annulled_at:
        annulled = f"{labels['annulled']} {_day(decision.annulled_at, spoken)}"
    shown = {
        **asdict(words),
        "body": words.body.split("\n\n"),
        "appeal": words.appeal.split("\n\n"),
        "labels": labels,
        "lang": spoken,
        "number": decision.number,
        "made": _day(decision.made_at, spoken),
        "signed": signed or labels["unsigned"],
        "annulled": annulled,
    }
    half = len(decision.digest) // 2  # where a line may end, without a sign that would be copied
    return {
        **_each(shown, breakable),
        "digest": [decision.digest[:half], decision.digest[half:]],
    }


def _day(moment: datetime, language: str) -> str:
    with translation.override(language):
        day = timezone.localtime(moment).date()
        return dateformat.format(day, "j F Y" if language == "en" else "j.n.Y")


def _each(value: Any, change: Any) -> Any:
    """Return data with each of its texts changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _each(v, change) for key, v in value.items()}
    return [_each(v, change) for v in value]
