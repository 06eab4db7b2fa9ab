"""The pages in a real browser: accessible, narrow, in three languages, without JavaScript."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from looking import WIDTHS, matrix, sign_in, unfold, visit, watch

pytestmark = pytest.mark.django_db
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


@pytest.mark.parametrize(("name", "person", "path", "language"), matrix())
def test_a_page_is_accessible_narrow_and_keeps_to_its_origin(  # noqa: PLR0913 - a matrix
    browser: Browser, origin: str, name: str, person: int, path: str, language: str
):
    del name  # it names the case
    context = browser.new_context(viewport={"width": max(WIDTHS), "height": 900})
    page = context.new_page()
    wrong = watch(page, origin)
    sign_in(page, origin, person, language)
    visit(page, origin, language, path)
    unfold(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found = Axe().run(page)
        assert found.violations_count == 0, f"{width} px: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert wrong == []
    context.close()


def test_the_accept_journey_needs_no_javascript_and_only_a_keyboard(browser: Browser, origin: str):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    sign_in(page, origin, 8, "en")
    page.get_by_role("button", name="Accept").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/receipt")
    assert page.locator("h1").is_visible()
    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Accept").wait_for()
    context.close()


def test_the_picture_of_the_readme_shows_an_offer_in_its_own_font(browser: Browser, origin: str):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    sign_in(page, origin, 1, "en")
    page.locator("summary").first.click()
    page.evaluate("document.fonts.ready")
    loaded = "[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family).join()"
    assert "Hanken Grotesk" in page.evaluate(loaded)
    assert page.get_by_text("The child turns six this year").is_visible()
    if os.environ.get("STADI_PICTURES"):
        page.screenshot(full_page=True, path=PICTURES / "offer.png")
    context.close()
