"""Which pages a browser looks at, at which widths and in which languages."""

import os

from playwright.sync_api import Page

PAGES = (
    ("picker", 0, "sign-in"),
    ("home", 1, ""),
    ("home-empty", 6, ""),
    ("inbox", 1, "messages"),
    ("offer", 4, "OFFER"),
    ("decline", 4, "OFFER/no"),
    ("stop", 4, "OFFER/stop"),
    ("staff", 20, "staff/"),
    ("reach", 21, "insight/reach"),
    ("forged-link", 0, "o/forged"),
    ("refused", 1, "staff/"),
)
WIDTHS = (320, 390, 1280)
LANGUAGES = ("fi", "sv", "en")


def matrix() -> list[tuple[str, int, str, int, str]]:
    """Return every page at every width and language in CI, a rotating third of it elsewhere."""
    every = [
        (name, person, path, width, language)
        for name, person, path in PAGES
        for width in WIDTHS
        for language in LANGUAGES
    ]
    if os.environ.get("CI"):
        return every
    return [row for i, row in enumerate(every) if i % 9 in ((i // 9) % 9, (i // 9 + 4) % 9)]


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
