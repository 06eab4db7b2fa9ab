"""The words of a decision: what a service says, our labels around it, and how both are kept."""

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from stadi.fulfil.domain import Words
from stadi.kit.text import LANGUAGES, Text
from stadi.record.domain import canonical

LABELS = {
    "number": Text(fi="Päätöksen numero", sv="Beslutets nummer", en="Number of the decision"),
    "made": Text(fi="Laadittu", sv="Upprättat", en="Drawn up"),
    "reasons": Text(fi="Perustelut", sv="Motivering", en="Reasons"),
    "appeal": Text(
        fi="Näin voit vaatia oikaisua", sv="Så begär du omprövning", en="How to ask for a review"
    ),
    "signed": Text(
        fi="Sähköisesti allekirjoittanut", sv="Elektroniskt undertecknat av", en="Signed by"
    ),
    "unsigned": Text(
        fi="Luonnos: päätöstä ei ole vielä allekirjoitettu.",
        sv="Utkast: beslutet är ännu inte undertecknat.",
        en="Draft: this decision is not signed yet.",
    ),
    "annulled": Text(
        fi="Tämä päätös on kumottu. Se ei ole voimassa:",
        sv="Detta beslut har upphävts. Det gäller inte:",
        en="This decision was annulled. It is not in force:",
    ),
    "digest": Text(
        fi="Sisällön tarkiste (SHA-256)",
        sv="Innehållets kontrollsumma (SHA-256)",
        en="Checksum of the content (SHA-256)",
    ),
    "unprintable": Text(
        fi="Merkkejä, joita tässä ei voi painaa, on merkitty näin: □",
        sv="Tecken som inte kan tryckas här visas så här: □",
        en="Characters that cannot be printed here are shown as: □",
    ),
}
# Control characters, halves of characters, and marks that turn the words around them: a name must
# not hide or reverse what is decided.
UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
# What the fonts of the PDF hold, block by block; a test prints every one.
PRINTED = (
    *((0x0020, 0x04FF), (0x05D0, 0x05EA), (0x1E00, 0x1EFF), (0x2010, 0x2027)),
    *((0x2030, 0x2040), (0x20A0, 0x20BF), (0x2190, 0x22FF), (0x25A1, 0x25A1)),
)
UNPRINTABLE = "□"
LONG_WORD = re.compile(r"(\S{40})(?=\S)")
BREAK = "\u200b"  # may end a line and shows nothing


def labels(city: str) -> str:
    """Return all labels around a decision as the text that is kept; few decisions differ in it."""
    spoken = {k: {lang: text.say(lang) for lang in LANGUAGES} for k, text in LABELS.items()}
    return canonical({**spoken, "city": dict.fromkeys(LANGUAGES, city)})


def content(words: Mapping[str, Words], labels_digest: str) -> str:
    """Return all that a decision says, as the text that is kept and hashed."""
    said = {language: _said(words[language]) for language in LANGUAGES}
    return canonical({**said, "labels": labels_digest})


def _said(words: Words) -> dict[str, object]:
    return {
        "title": _clean(words.title),
        "body": _clean(words.body),
        "reasons": [_clean(reason) for reason in words.reasons],
        "appeal": _clean(words.appeal),
    }


def read(kept: str) -> tuple[dict[str, Words], str]:
    """Return the words of a kept text by language, and the digest of its labels."""
    parts: dict[str, Any] = json.loads(kept)
    digest = str(parts.pop("labels"))
    return {k: Words(**{**v, "reasons": tuple(v["reasons"])}) for k, v in parts.items()}, digest


def _clean(text: str) -> str:
    """Return text in one spelling, without what nobody can see."""
    return unicodedata.normalize("NFC", UNSEEN.sub("", text))


def breakable(text: str) -> str:
    """Return text whose longest words may be broken at the end of a line."""
    return LONG_WORD.sub(rf"\1{BREAK}", text)


def is_printed(char: str) -> bool:
    """Return whether the fonts of the PDF have the character."""
    known = unicodedata.category(char)[0] != "C" or char in (BREAK, "\n")
    return known and (char in (BREAK, "\n") or any(a <= ord(char) <= b for a, b in PRINTED))


def printable(text: str) -> str:
    """Return text in which a sign stands for each character that the fonts do not have."""
    return "".join(c if is_printed(c) else UNPRINTABLE for c in text)
