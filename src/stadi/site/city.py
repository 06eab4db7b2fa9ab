"""Reads city.toml: what makes this city this city."""

import tomllib
from pathlib import Path
from typing import Any

from stadi.kit.city import City


def read_city() -> City:
    """Return the city that this installation serves; lists become tuples."""
    table = tomllib.loads(Path(__file__).with_name("city.toml").read_text("utf-8"))
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    return City(**values)
