"""A decision says what was made, is signed by a named official, and can always be shown again."""

import io
import json
import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from fulfil import life
from fulfil.life import AT, LATER, plan
from stadi.consent import actions as consent
from stadi.consent.models import Purpose
from stadi.fulfil import actions as fulfil
from stadi.fulfil import papers, words
from stadi.fulfil.deciding import SigningError
from stadi.fulfil.domain import Decision, Words
from stadi.fulfil.models import Decision as Row
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.service import Decide
from stadi.kit.text import LANGUAGES, Text
from stadi.record.models import Entry

pytestmark = pytest.mark.django_db
ODD = '#strong[x] $a$ *b* _c_ `d` @e <f> \\u{41} // /* ] { } #include "x" <script>alert(1)</script>'


def decided(count: int = 1, **said: Any) -> list[UUID]:
    """Return cases whose decisions wait for a signature."""
    cases = [uuid4() for _ in range(count)]
    plans = [
        plan(case, 100 + i, steps=(Decide(signer="head"),), decision=life.words(**said))
        for i, case in enumerate(cases)
    ]
    fulfil.begin(plans=plans, by=SYSTEM, at=AT)
    fulfil.run_due(by=SYSTEM, at=AT)
    return cases


def made(case: UUID) -> Decision:
    found = fulfil.decision(case=case)
    assert found is not None
    return found


def sign(ids: list[UUID], **more: Any) -> None:
    chosen = {"by": life.official(), "name": "Pirkko Esimerkki", "title": "Head of service", **more}
    fulfil.sign(decisions=ids, at=LATER, **chosen)


def html(case: UUID, language: str = "en") -> str:
    return fulfil.decision_html(decision=made(case), language=language)


def pdf(case: UUID, language: str = "en") -> PdfReader:
    return PdfReader(io.BytesIO(fulfil.decision_pdf(decision=made(case), language=language)))


def spoken(text: str) -> str:
    """Return text as it is read: line ends and places to break a word do not count."""
    return re.sub(r"\s+", "", text.replace(words.BREAK, ""))


def pages(reader: PdfReader) -> str:
    return spoken("".join(page.extract_text() for page in reader.pages))


class Page(HTMLParser):
    """What a page says, and which elements it has."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.tags = "", set[str]()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        del attrs
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


def read(page: str) -> Page:
    parser = Page()
    parser.feed(page)
    return parser


# ── signing ──────────────────────────────────────────────────────────────────────────────────


def test_one_act_signs_many_and_lets_their_cases_go_on() -> None:
    cases = decided(3)
    waiting = fulfil.unsigned(services=["preschool"])
    assert {one.case for one in waiting} == set(cases)
    assert {one.signer for one in waiting} == {"head"}
    sign([one.id for one in waiting])
    assert fulfil.unsigned(services=["preschool"]) == []
    assert fulfil.run_due(by=SYSTEM, at=LATER).finished == 3
    signed = made(cases[0])
    assert (signed.signed_by, signed.signed_at) == (life.OFFICIAL_ID, LATER)
    assert (signed.signer_name, signed.signer_title) == ("Pirkko Esimerkki", "Head of service")
    entry = Entry.objects.get(case=cases[0], kind="fulfil.signed")
    assert entry.body["digest"] == signed.digest
    assert (entry.actor, entry.actor_kind) == (life.OFFICIAL_ID, "official")


def test_another_service_s_decisions_are_not_listed() -> None:
    decided()
    assert fulfil.unsigned(services=["sample"]) == []


@pytest.mark.parametrize("kind", ["resident", "manager", "system", "guest"])
def test_only_an_official_signs(kind: str) -> None:
    (case,) = decided()
    with pytest.raises(SigningError, match="only an official"):
        sign([made(case).id], by=Actor(kind=kind, id=4))
    assert made(case).signed_at is None


@pytest.mark.parametrize("lack", [{"name": " "}, {"title": ""}])
def test_a_signature_has_a_name_and_a_title(lack: dict[str, str]) -> None:
    (case,) = decided()
    with pytest.raises(SigningError, match="a name and a title"):
        sign([made(case).id], **lack)


def test_all_are_signed_or_none() -> None:
    one, other = decided(2)
    with pytest.raises(SigningError, match="1 of 2 decisions are not known; nothing was signed"):
        sign([made(one).id, uuid4()])
    sign([made(one).id])
    with pytest.raises(SigningError, match=f"{made(one).number} is signed already"):
        sign([made(other).id, made(one).id], name="Somebody Else")
    assert made(other).signed_at is None
    assert made(one).signer_name == "Pirkko Esimerkki"


def test_what_was_undone_or_stopped_cannot_be_signed() -> None:
    undone, stopped = decided(2)
    fulfil.undo(by={undone: SYSTEM}, at=AT)
    Purpose.objects.create(id="preschool.placement", basis="public_task", law="x", facts={})
    consent.object_to(resident=101, purpose="preschool.placement", by=SYSTEM, at=AT)
    for case in (undone, stopped):
        with pytest.raises(SigningError, match="is no longer in force"):
            sign([made(case).id])
    assert fulfil.unsigned(services=["preschool"]) == []


def test_a_decision_that_no_longer_says_what_was_made_is_refused_by_the_database() -> None:
    (case,) = decided()
    for change, rule in (
        ({"content": "{}"}, "a_decision_says_what_was_made"),
        ({"digest": "0" * 64}, "a_decision_says_what_was_made"),
        ({"signed_by": 4}, "a_signature_is_whole_and_comes_after_the_words"),
        ({"annulled_at": AT - timedelta(days=1)}, "a_decision_is_annulled_after_it_is_made"),
    ):
        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            Row.objects.filter(case=case).update(**change)
    twin = Row.objects.get(case=case)
    twin.id = uuid4()
    with pytest.raises(IntegrityError, match="a_case_has_one_decision_in_force"):
        twin.save(force_insert=True)


# ── what it says ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_and_a_paper_say_all_of_a_decision(language: str) -> None:
    said = {
        tongue: Words(
            title=f"Title {tongue}",
            body=f"First {tongue}.\n\nSecond {tongue}.",
            reasons=(f"Reason {tongue}", f"Law {tongue}"),
            appeal=f"Appeal {tongue}.",
        )
        for tongue in LANGUAGES
    }
    case = uuid4()
    steps = (Decide(signer="head"),)
    fulfil.begin(plans=[plan(case, 1, steps=steps, decision=said)], by=SYSTEM, at=AT)
    fulfil.run_due(by=SYSTEM, at=AT)
    sign([made(case).id])
    page, paper = read(html(case, language)), pages(pdf(case, language))
    for part in (
        *("Title", "First", "Second", "Reason", "Law", "Appeal"),
        *(words.LABELS[key].say(language) for key in ("reasons", "appeal", "signed", "number")),
        *(made(case).number, made(case).digest, "Pirkko Esimerkki, Head of service"),
        "15 January 2027" if language == "en" else "15.1.2027",
        "18 January 2027" if language == "en" else "18.1.2027",
    ):
        assert part in page.words, part
        assert spoken(part) in paper, part
    for other in set(LANGUAGES) - {language}:
        assert f"Title {other}" not in page.words
    assert words.LABELS["unsigned"].say(language) not in page.words
    assert f'lang="{language}"' in html(case, language)
    assert html(case, "so") == html(case, "en")


def test_a_draft_says_that_it_is_one() -> None:
    (case,) = decided()
    assert words.LABELS["unsigned"].en in html(case)
    assert spoken(words.LABELS["unsigned"].en) in pages(pdf(case))


def test_an_annulled_decision_is_kept_and_says_so() -> None:
    (case,) = decided()
    sign([made(case).id])
    fulfil.undo(by={case: SYSTEM}, at=LATER + timedelta(days=1))
    assert words.LABELS["annulled"].en in html(case)
    assert "19 January 2027" in html(case)
    assert spoken(words.LABELS["annulled"].en) in pages(pdf(case))
    assert fulfil.decision(case=uuid4()) is None


def test_a_new_decision_stands_before_the_annulled_one() -> None:
    (case,) = decided()
    fulfil.undo(by={case: SYSTEM}, at=AT)
    again = plan(case, 100, steps=(Decide(signer="head"),), decision=life.words(title="Anew"))
    fulfil.begin(plans=[again], by=SYSTEM, at=LATER)
    fulfil.run_due(by=SYSTEM, at=LATER)
    assert made(case).words["en"].title == "Anew"
    fulfil.undo(by={case: SYSTEM}, at=LATER)
    assert made(case).words["en"].title == "Anew"


def test_a_kept_decision_says_the_same_after_all_texts_have_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (case,) = decided()
    sign([made(case).id])
    page, paper = html(case, "fi"), fulfil.decision_pdf(decision=made(case), language="fi")
    changed = {key: Text(fi="muu", sv="annan", en="other") for key in words.LABELS}
    monkeypatch.setattr(words, "LABELS", changed)
    decided()  # whose labels are the new ones
    assert html(case, "fi") == page
    assert fulfil.decision_pdf(decision=made(case), language="fi") == paper


def test_the_same_decision_gives_the_same_bytes() -> None:
    (case,) = decided()
    sign([made(case).id])
    first = fulfil.decision_pdf(decision=made(case), language="sv")
    papers._fonts.cache_clear()
    assert fulfil.decision_pdf(decision=made(case), language="sv") == first


# ── the paper ────────────────────────────────────────────────────────────────────────────────


def test_the_paper_declares_what_it_is_and_carries_its_fonts() -> None:
    (case,) = decided(title="Päätös ä ö å Š")
    reader = pdf(case, "fi")
    root: Any = reader.trailer["/Root"]
    told = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in told
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in told
    assert "<pdfuaid:part>1</pdfuaid:part>" in told
    assert reader.metadata is not None
    assert reader.metadata.title == "Päätös ä ö å Š"
    assert reader.metadata.creation_date == AT  # else no two printings would be equal
    assert root["/Lang"] == "fi-FI"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
    held = [page["/Resources"]["/Font"] for page in reader.pages]
    fonts = [font.get_object() for one in held for font in one.values()]
    assert fonts
    for font in fonts:
        (below,) = font["/DescendantFonts"]
        assert {"/FontFile2", "/FontFile3"} & set(below.get_object()["/FontDescriptor"])
        assert "/ToUnicode" in font
    assert "Päätös ä ö å Š" in "".join(page.extract_text() for page in reader.pages)


@pytest.mark.parametrize(
    "name",
    [
        ODD,
        "x" * 500,
        "\u202eesrever\u2066 \x00\x07\ud800",
        "שרה 😀 محمد 山田 \U0001f468\u200d\U0001f469\u200d\U0001f467 ñ\u0301",
    ],
    ids=["markup", "long", "unseen", "foreign"],
)
def test_odd_names_neither_break_a_decision_nor_are_read_as_markup(name: str) -> None:
    (case,) = decided(title=name, body=f"{name} gets a place.", reasons=(name,), appeal=name)
    page, reader = read(html(case)), pdf(case)
    clean = made(case).words["en"].title
    assert spoken(clean) in spoken(page.words)
    assert "script" not in page.tags
    assert spoken(words.printable(clean)) in pages(reader)
    lines = [line for p in reader.pages for line in p.extract_text().splitlines()]
    assert max(map(len, lines)) < 120  # nothing runs over the edge
    unprintable = spoken(words.LABELS["unprintable"].en) in pages(reader)
    assert unprintable == (words.printable(clean) != clean)
    assert not set("\u202e\u2066\x00\x07") & set(clean)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(max_size=80))
def test_any_text_at_all_can_be_printed(text: str) -> None:
    said = life.words(title=f"x{text}", body=text, reasons=(text, ""), appeal=text)
    kept, _ = words.read(words.content(said, "0" * 64))
    made_of = Decision(
        id=uuid4(),
        case=uuid4(),
        service="x",
        subject=1,
        recipients=(),
        words=kept,
        labels=json.loads(words.labels("X")),
        digest="0" * 64,
        signer="x",
        made_at=datetime(2027, 1, 1, tzinfo=UTC),
        signed_by=None,
        signer_name=None,
        signer_title=None,
        signed_at=None,
        annulled_at=None,
    )
    assert papers.pdf(made_of, "fi").startswith(b"%PDF-1.7")
    assert papers.html(made_of, "fi")


def test_every_character_that_is_said_to_be_printed_is() -> None:
    every = "".join(chr(c) for a, b in words.PRINTED for c in range(a, b + 1))
    known = "".join(c for c in every if words.is_printed(c))
    assert len(known) > 1_500
    (case,) = decided(body=" ".join(known))
    assert words.LABELS["unprintable"].en not in "".join(p.extract_text() for p in pdf(case).pages)


def test_a_day_is_the_city_s_day() -> None:
    late = datetime(2027, 1, 15, 22, 30, tzinfo=UTC)  # half past midnight in Helsinki
    case = uuid4()
    fulfil.begin(plans=[plan(case, 1, steps=(Decide(signer="head"),))], by=SYSTEM, at=late)
    fulfil.run_due(by=SYSTEM, at=late)
    assert "16 January 2027" in html(case)
    assert made(case).made_at.date() == date(2027, 1, 15)
