"""The whole story of a pre-primary place, acted out by everyone in it, in three languages."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.management import call_command
from playwright.sync_api import Browser, Page

from looking import LANGUAGES, open_case, sign_in, unfold, watch
from stadi.kit.actor import SYSTEM
from stadi.offers.models import Case, Question, Recipient
from stadi.people import paavo
from stadi.record import actions as record
from stadi.site import demo, figures, house

pytestmark = pytest.mark.django_db(transaction=True)
AINO, MIKAEL, PIRKKO, HENRIK, SIRKKA = 1, 2, 20, 21, 22
WIDTHS = {"fi": 320, "sv": 390, "en": 1280}


class Stage:
    """Where the story is played: a browser for each person, one language, one width."""

    def __init__(self, browser: Browser, origin: str, language: str) -> None:
        self.browser, self.origin, self.language = browser, origin, language
        self.home = f"{origin}/{language}/"

    @contextmanager
    def person(self, number: int) -> Iterator[Page]:
        """Sign somebody in; whatever breaks the policy or leaves the origin fails the story."""
        size = {"width": WIDTHS[self.language], "height": 900}
        context = self.browser.new_context(viewport=size)
        page = context.new_page()
        wrong = watch(page, self.origin)
        sign_in(page, self.origin, number, self.language)
        yield page
        assert wrong == []
        context.close()

    def look(self, page: Page) -> None:
        """Check that the page is accessible and no wider than the screen."""
        unfold(page)
        found = Axe().run(page)
        assert found.violations_count == 0, (page.url, found.generate_report())
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[self.language]


def press(page: Page, act: str) -> None:
    """Press the button of the form that leads to this act, by the keyboard."""
    page.locator(f"form[action$='/{act}'] button[type=submit]").first.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def give(page: Page, act: str, reason: str) -> None:
    """Unfold an act of a case by the keyboard, give its reason and press its button."""
    form = page.locator(f"details.act:has(form[action$='/{act}'])")
    if form.get_attribute("open") is None:
        form.locator("summary").focus()
        page.keyboard.press("Enter")
    form.locator("textarea").fill(reason)
    press(page, act)


@pytest.fixture
def stage(browser: Browser, origin: str, request: pytest.FixtureRequest) -> Stage:
    """A city built anew, so that each language begins where the story begins."""
    call_command("flush", verbosity=0, interactive=False)
    demo.build(figures.draw_city(residents=3_000, seed=7, areas=paavo.built_in()))
    return Stage(browser, origin, request.param)


@pytest.mark.parametrize("stage", LANGUAGES if "CI" in os.environ else ["sv"], indirect=True)
def test_the_whole_story_is_acted_out_by_everyone_in_it(stage: Stage):
    case = _guardians_differ(stage)
    _an_official_sends_it_again(stage, case)
    with stage.person(AINO) as aino:
        press(aino, "accept")
        assert aino.url.endswith("/receipt")
        stage.look(aino)
    house.tick(record.advance(by=SYSTEM, step=timedelta(hours=25)))
    _an_official_signs(stage)
    _a_guardian_reads_and_contests(stage, case)
    _a_guardian_is_asked(stage)
    _another_official_corrects(stage, case)
    with stage.person(HENRIK) as henrik:
        assert "/insight/" in henrik.url
        henrik.goto(f"{stage.home}staff/?kind=held&reason=after_correction")
        assert henrik.locator("tbody tr").count() == 1
        stage.look(henrik)


def _guardians_differ(stage: Stage) -> str:
    """One says yes, the other does not agree; return the case."""
    with stage.person(AINO) as aino:
        press(aino, "accept")
        assert aino.url.endswith("/receipt")
    with stage.person(MIKAEL) as mikael:
        stage.look(mikael)
        press(mikael, "no")
        assert "/offers/" in mikael.url
        stage.look(mikael)
    found = Recipient.objects.select_related("offer__case").get(person=AINO)
    assert (found.offer.case.state, found.offer.case.reason) == ("held", "answers_differ")
    return str(found.offer_id)


def _an_official_sends_it_again(stage: Stage, case: str) -> None:
    with stage.person(PIRKKO) as pirkko:
        pirkko.goto(f"{stage.home}staff/?reason=answers_differ")
        pirkko.locator("tbody a").first.focus()
        pirkko.keyboard.press("Enter")
        pirkko.wait_for_url(f"**/{case}")
        stage.look(pirkko)
        open_case(pirkko)
        stage.look(pirkko)
        give(pirkko, "send", "Puhuin molempien kanssa.")
        assert pirkko.locator("[role=status]").is_visible()
        stage.look(pirkko)
    assert Case.objects.get(id=case).state == "offered"


def _an_official_signs(stage: Stage) -> None:
    with stage.person(PIRKKO) as pirkko:
        pirkko.goto(f"{stage.home}staff/decisions")
        stage.look(pirkko)
        pirkko.locator("tbody button").first.click()
        pirkko.wait_for_url("**/decision")
        pirkko.go_back()
        pirkko.locator("input[name=decision]").first.check()
        pirkko.locator("input[name=title]").press("Enter")
        pirkko.locator("[role=status]").wait_for()
    house.tick(record.now())


def _a_guardian_reads_and_contests(stage: Stage, case: str) -> None:
    assert Case.objects.get(id=case).state == "fulfilled"
    with stage.person(AINO) as aino:
        stage.look(aino)
        aino.locator("a[href$='/decision']").first.click()
        aino.wait_for_url("**/decision")
        assert "Eino" in aino.locator("main").inner_text()
        stage.look(aino)
        paper = aino.request.get(f"{aino.url}.pdf")
        assert paper.body().startswith(b"%PDF-")
        aino.goto(aino.url.removesuffix("/decision"))
        aino.locator("a[href$='/contest']").click()
        aino.locator("textarea").fill("Tämä ei ole oikein. 😀 " + "x" * 200)
        press(aino, "contest")
        stage.look(aino)
    assert Case.objects.get(id=case).state == "contested"


def _a_guardian_is_asked(stage: Stage) -> None:
    """Whom a question finds is drawn; here it is asked of one who is fixed."""
    unclear = Case.objects.filter(state="unclear", service="preschool").order_by("id")[0]
    given = {"id": uuid4(), "people": [AINO], "asked_at": record.now()}
    Question.objects.create(case=unclear, fact="people.birth_date", **given)
    with stage.person(AINO) as aino:
        stage.look(aino)
        aino.locator("a[href*='/questions/']").click()
        aino.wait_for_url("**/questions/*")
        stage.look(aino)


def _another_official_corrects(stage: Stage, case: str) -> None:
    with stage.person(PIRKKO) as pirkko:
        pirkko.goto(f"{stage.home}staff/cases/{case}")
        open_case(pirkko)
        give(pirkko, "uphold", "Olin oikeassa.")
        assert pirkko.locator("[role=alert]").first.is_visible()
        stage.look(pirkko)
    with stage.person(SIRKKA) as sirkka:
        sirkka.goto(f"{stage.home}staff/?kind=contested")
        sirkka.locator("tbody a").first.click()
        open_case(sirkka)
        give(sirkka, "correct", "Perhe oli oikeassa.")
        assert sirkka.locator("[role=status]").is_visible()
        sirkka.goto(f"{stage.home}staff/?service=preschool")
        sirkka.locator("input[name=all]").check()
        sirkka.locator("select[name=act]").select_option("close")
        sirkka.locator("textarea[name=reason]").fill("Katsotaan vain.")
        press(sirkka, "bulk")
        stage.look(sirkka)
    assert Case.objects.get(id=case).state == "corrected"
    assert Case.objects.filter(reason="after_correction", state="held").count() == 1
