"""The page of errands in a real browser: accessible and narrow, and searched without JavaScript."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

import errand_file
from conftest import NOON
from looking import LANGUAGES, WIDTHS, unfold, watch
from stadi.catalogue import actions as catalogue
from stadi.kit.actor import SYSTEM
from stadi.offers.plugins import plugin

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def imported(origin: str, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The register: an errand that a service replaces, one that is left, one in Finnish alone."""
    del origin
    (ours,) = plugin("preschool").service.replaces
    file = tmp_path_factory.mktemp("register") / "errands.json"
    with django_db_blocker.unblock():
        errand_file.write(file, errand_file.errands(first=ours))
        catalogue.import_errands(file=file, by=SYSTEM, at=NOON)
        # then with another id there, so that the page has something to warn of
        errand_file.write(file, errand_file.errands())
        catalogue.import_errands(file=file, by=SYSTEM, at=NOON)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_accessible_narrow_and_keeps_to_its_origin(
    browser: Browser, origin: str, width: int, language: str
):
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    wrong = watch(page, origin)
    page.goto(f"{origin}/{language}/errands?by=event")
    unfold(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert wrong == []
    context.close()


def test_a_search_needs_no_javascript_and_only_a_keyboard(browser: Browser, origin: str):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{origin}/en/errands")
    page.get_by_label("Search words").fill("berth")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=berth**")
    assert page.locator("th[role=rowheader]").count() == 1
    assert page.get_by_role("rowheader", name="Apply for a berth").is_visible()
    assert page.get_by_label("Search words").input_value() == "berth"
    context.close()
