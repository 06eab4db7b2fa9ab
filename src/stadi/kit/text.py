"""Words in the three languages that every public text must have."""

from dataclasses import dataclass

LANGUAGES = ("fi", "sv", "en")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One public text in Finnish, Swedish and English."""

    fi: str
    sv: str
    en: str

    def __post_init__(self) -> None:
        for language in LANGUAGES:
            if not getattr(self, language).strip():
                message = f"the text is empty in {language!r}"
                raise ValueError(message)

    def say(self, language: str, **fields: object) -> str:
        """Return the text in `language`, English for any other, with its {fields} filled."""
        words: str = getattr(self, language if language in LANGUAGES else "en")
        return words.format(**fields) if fields else words


def spoken(language: str) -> tuple[str, ...]:
    """Return a language that the city speaks by itself, and all of them where it is another."""
    return (language,) if language in LANGUAGES else tuple(LANGUAGES)
