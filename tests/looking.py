"""Which pages a browser looks at, in which languages and at which widths."""

import os

from playwright.sync_api import Page

from stadi.fulfil.models import Award
from stadi.offers.models import Case, Offer
from stadi.record import actions as record

PAGES = (
    ("picker", 0, "sign-in"),
    ("home", 1, ""),
    ("home-empty", 6, ""),
    ("inbox", 1, "messages"),
    ("offer", 4, "OFFER"),
    ("offer-choice", 28, "OFFER"),
    ("offer-moment", 29, "OFFER"),
    ("offer-money", 26, "OFFER"),
    ("self-check", 28, "OFFER/self-check"),
    ("feedback", 29, "FELT"),
    ("home-choice", 10, ""),
    ("decline", 4, "OFFER/no"),
    ("stop", 4, "OFFER/stop"),
    ("contest", 4, "OFFER/contest"),
    ("check", 1, "check"),
    ("wrong", 1, "check/me/people.birth_date"),
    ("today", 20, "staff/"),
    ("corrections", 20, "staff/corrections"),
    ("decisions", 20, "staff/decisions"),
    ("why-open", 20, "CASE offered"),
    ("case-held", 20, "OPEN held"),
    ("case-another", 20, "ASSIGNED"),
    ("case-professional", 23, "ASSIGNED"),
    ("amounts", 20, "AMOUNTS"),
    ("case-amount", 20, "AMOUNT"),
    ("case-unclear", 20, "OPEN unclear"),
    ("case-offered", 20, "OPEN offered"),
    ("letter", 20, "OPEN offered/letter"),
    ("reach", 21, "insight/reach"),
    ("measures", 21, "insight/services/preschool"),
    ("forged-link", 0, "o/forged"),
    ("refused", 1, "staff/"),
)
WIDTHS = (320, 390, 1280)
LANGUAGES = ("fi", "sv", "en")


def matrix() -> list[tuple[str, int, str, str]]:
    """Return every page in every language in CI, each in one of them elsewhere."""
    every = [(*page, language) for page in PAGES for language in LANGUAGES]
    if os.environ.get("CI"):
        return every
    return [row for i, row in enumerate(every) if i % 3 == i // 3 % 3]


def visit(page: Page, origin: str, language: str, path: str) -> None:
    """Open a page: OFFER is an open offer of the reader, CASE some case, OPEN an opened one.

    FELT is the question how it was, ASSIGNED a case of its own professional, AMOUNT one whose
    amount waits for a person.
    """
    start = f"{origin}/{language}"
    if path.startswith("OFFER"):
        page.goto(_offer(page, origin) + path.removeprefix("OFFER"))
    elif path == "FELT":
        Offer.objects.exclude(starts_at=None).update(feedback_at=record.now())
        page.goto(f"{_offer(page, origin)}/feedback")
    elif path in ("ASSIGNED", "AMOUNT"):
        case = _waiting_amount() if path == "AMOUNT" else _case("held", "id", assignee=23)
        page.goto(f"{start}/staff/cases/{case}")
        open_case(page)
    elif path == "AMOUNTS":
        _waiting_amount()
        page.goto(f"{start}/staff/amounts")
    elif path.startswith(("CASE ", "OPEN ")):
        _visit_case(page, start, path)
    else:
        page.goto(f"{start}/{path}")


def _offer(page: Page, origin: str) -> str:
    decline = page.locator("a[href$='/no']").first.get_attribute("href") or ""
    return origin + decline.removesuffix("/no")


def _visit_case(page: Page, start: str, path: str) -> None:
    verb, _, which = path.partition(" ")
    state, _, more = which.partition("/")
    # one that no other page opens still asks why
    case = _case(state, "id" if verb == "OPEN" else "-id", assignee=None)
    page.goto(f"{start}/staff/cases/{case}")
    if verb == "OPEN":
        open_case(page)
    if more:
        page.goto(f"{start}/staff/cases/{case}/{more}")


def _case(state: str, order: str, *, assignee: int | None) -> object:
    return Case.objects.filter(state=state, assignee=assignee).order_by(order)[0].id


def _waiting_amount() -> object:
    """Let the facts of somebody who is paid come to less; return the case."""
    award = Award.objects.order_by("id")[0]
    Award.objects.filter(id=award.id).update(review_cents=award.cents // 2, review_by=record.now())
    return award.case


def unfold(page: Page) -> None:
    """Open everything that is folded, so that it is looked at too."""
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")


def open_case(page: Page) -> None:
    """Say why a case is opened, where that was not said yet."""
    if page.locator("input[name=why]").count():
        page.locator("input[name=why][value=queue]").check()
        page.locator("form[action$='/open'] button").click()
        page.wait_for_load_state()


def sign_in(page: Page, origin: str, person: int, language: str) -> None:
    """Become a persona by pressing its button; nobody for 0."""
    page.goto(f"{origin}/{language}/sign-in")
    if person:
        page.locator(f"input[name=person][value='{person}'] ~ button").click()
        page.wait_for_load_state()


def watch(page: Page, origin: str) -> list[str]:
    """Return a list that fills with what must not happen: foreign requests, policy violations."""
    wrong: list[str] = []
    page.on(
        "request", lambda r: None if r.url.startswith((origin, "data:")) else wrong.append(r.url)
    )
    page.on("console", lambda m: wrong.append(m.text) if "Policy" in m.text else None)
    page.on("pageerror", lambda e: wrong.append(str(e)))
    return wrong
