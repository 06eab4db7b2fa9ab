"""The city's register of errands: take a file over, and hold against it what services replace."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from stadi.catalogue import actions as catalogue
from stadi.insight.errands import unknown_errands
from stadi.kit.actor import SYSTEM
from stadi.record import actions as record


def take(file: Path) -> dict[str, Any]:
    """Import a file of errands; say what changed, and which errands services name in vain."""
    change = catalogue.import_errands(file=file, by=SYSTEM, at=record.now())
    counts = {name: len(ids) for name, ids in asdict(change).items()}
    return {**counts, "unknown": [unknown.sentence for unknown in unknown_errands()]}


def words(taken: dict[str, Any]) -> str:
    """Return as people read it what `take` did."""
    told = (
        "{new} errands new, {changed} changed, {unchanged} unchanged, {gone} gone".format(**taken)
        if taken["new"] or taken["changed"] or taken["gone"]
        else f"nothing changed: the register holds these {taken['unchanged']} errands already"
    )
    return "\n".join([told, *taken["unknown"]])
