"""An invented register of errands, as its file tells it, for tests to spoil."""

import json
from pathlib import Path
from typing import Any

NAMES = (
    ("Hae esiopetukseen", "Ansök till förskoleundervisning", "Apply for pre-primary education"),
    ("Hae laituripaikkaa", "Ansök om båtplats", "Apply for a berth"),
    ("Kysy neuvoa", "", ""),
)


def version(number: int, name: str, **more: Any) -> dict[str, Any]:
    """One errand in one language."""
    return {
        "id": number,
        "service_id": 7,
        "type": "APPLICATION",
        "name": name,
        "description": f"{name}: kuvaus",
        "target_groups": ["INDIVIDUALS"],
        "life_events": [],
        "channels": [{"id": 10 * number, "type": "ESERVICE"}],
        **more,
    }


def errands(first: int = 101) -> list[dict[str, Any]]:
    """Three errands: two in three languages, one in Finnish alone."""
    about: tuple[dict[str, Any], ...] = (
        {"target_groups": ["CHILDREN_AND_FAMILIES"], "life_events": ["HAVING_CHILD"]},
        {"channels": [{"id": 1020, "type": "PRINTABLE_FORM"}, {"id": 5, "type": "EMAIL"}]},
        {"type": "ADVICE", "target_groups": [], "channels": []},
    )
    return [
        {"id": number}
        | {
            code: version(number, name, **more) if name else []
            for code, name in zip(("fi", "sv", "en"), names, strict=True)
        }
        for number, names, more in zip((first, 102, 103), NAMES, about, strict=True)
    ]


def write(file: Path, value: Any) -> Path:
    """Write the file and return where it lies."""
    file.write_text(json.dumps(value, ensure_ascii=False), "utf-8")
    return file
