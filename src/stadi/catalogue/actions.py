"""The front door of the catalogue: import the city's register of errands, and read it."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction

from stadi.catalogue import importing
from stadi.catalogue.domain import Change, Channel, Errand, Register, Spoken, Words, compare
from stadi.catalogue.models import Errand as Row
from stadi.catalogue.models import File
from stadi.kit.actor import Actor
from stadi.record import actions as record
from stadi.record.domain import News


def import_errands(*, file: Path, by: Actor, at: datetime) -> Change:
    """Make the register hold what a file tells, whole or not at all, and say what changed.

    What the file does not hold is marked as gone. The same file again changes nothing.
    """
    raw = importing.fetch(file)
    told = importing.read(raw, name=file.name)
    digest = hashlib.sha256(raw).hexdigest()
    with transaction.atomic():
        with connection.cursor() as cursor:
            # two imports at once would each compare with what the other is about to change
            cursor.execute("lock table catalogue_file in share row exclusive mode")
        change = compare({row.id: _errand(row) for row in Row.objects.filter(gone_at=None)}, told)
        last = File.objects.order_by("-id").first()
        if change or last is None or last.digest != digest:
            source = File.objects.create(name=file.name, digest=digest, at=at)
            _keep(told, source)
            Row.objects.filter(id__in=change.gone).update(gone_at=at)
            record.write(_news(change, digest), by=by, at=at)
    return change


def register() -> Register | None:
    """Return the register as the newest file tells it, or None where none was imported."""
    last = File.objects.order_by("-id").first()
    if last is None:
        return None
    return Register(
        file=last.name,
        at=last.at,
        errands={row.id: _errand(row) for row in Row.objects.filter(gone_at=None).order_by("id")},
        gone=frozenset(Row.objects.exclude(gone_at=None).values_list("id", flat=True)),
    )


def _keep(told: Mapping[int, Errand], source: File) -> None:
    rows = [
        Row(
            id=errand.id,
            service=errand.service,
            type=errand.type,
            words={
                code: {"name": words.name, "description": words.description}
                for code, words in errand.words.every()
                if words
            },
            target_groups=list(errand.target_groups),
            life_events=list(errand.life_events),
            channels=[
                {"id": c.id, "type": c.type, "languages": list(c.languages)}
                for c in errand.channels
            ],
            file=source,
            gone_at=None,
        )
        for errand in told.values()
    ]
    fields = [f.name for f in Row._meta.concrete_fields if f.name != "id"]  # noqa: SLF001 - documented
    Row.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=fields)


def _errand(row: Row) -> Errand:
    words = {code: Words(**told) for code, told in row.words.items()}
    return Errand(
        id=row.id,
        service=row.service,
        type=row.type,
        words=Spoken(fi=words.get("fi"), sv=words.get("sv"), en=words.get("en")),
        target_groups=tuple(row.target_groups),
        life_events=tuple(row.life_events),
        channels=tuple(
            Channel(id=c["id"], type=c["type"], languages=tuple(c["languages"]))
            for c in row.channels
        ),
    )


def _news(change: Change, digest: str) -> News:
    counts = {
        "new": len(change.new),
        "changed": len(change.changed),
        "unchanged": len(change.unchanged),
        "gone": len(change.gone),
    }
    return News(kind="catalogue.errands_imported", body={**counts, "file": digest})
