"""The front door of consent: register a purpose, object, look through the wall."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import F, Q
from psycopg import sql

from stadi.consent import looking, raising, trials
from stadi.consent.domain import PurposeUnknownError
from stadi.consent.models import Objection, Snapshot, Told
from stadi.consent.models import Purpose as PurposeRow
from stadi.engine.sweep import Sight
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.rule import Fact, Rule
from stadi.kit.service import Purpose
from stadi.record import actions as record
from stadi.record.domain import News


@transaction.atomic
def register(*, purpose: Purpose, by: Actor, at: datetime) -> None:
    """Enter a purpose and raise its wall: a login role and a schema of its own."""
    facts = {fact.name: why for fact, why in purpose.uses.items()}
    PurposeRow.objects.update_or_create(
        id=purpose.id,
        defaults={"basis": purpose.basis.kind, "law": purpose.basis.law, "facts": facts},
    )
    raising.raise_wall(purpose)
    record.write(
        News(kind="consent.purpose_registered", body={"purpose": purpose.id}), by=by, at=at
    )


@transaction.atomic
def object_to(*, resident: int, purpose: str, by: Actor, at: datetime) -> None:
    """Stop a purpose for a resident, at once; saying it twice changes nothing."""
    if not PurposeRow.objects.filter(id=purpose).exists():
        message = f"no purpose is called {purpose}"
        raise PurposeUnknownError(message)
    _, new = Objection.objects.get_or_create(
        subject=resident, purpose=purpose, lifted_at=None, defaults={"given_at": at}
    )
    if new:
        body = {"resident": resident, "purpose": purpose}
        record.write(News(kind="consent.objected", body=body), by=by, at=at)


def objects(*, resident: int, purpose: str) -> bool:
    """Return whether the resident has stopped this purpose."""
    return bool(objecting(residents=[resident], purpose=purpose))


def objecting(*, residents: Collection[int], purpose: str) -> set[int]:
    """Return who of these residents has stopped this purpose."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select subject from consent_objection"
            " where purpose = %s and lifted_at is null and subject = any(%s)",
            [purpose, list(residents)],
        )
        return {row[0] for row in cursor.fetchall()}


@transaction.atomic
def tell(  # noqa: PLR0913 - who says what of whom, to which purpose
    *, subject: int, purpose: Purpose, fact: Fact, value: str, by: Actor, at: datetime
) -> None:
    """Keep an answer as a fact that this purpose alone sees, where the register has none."""
    if fact not in purpose.uses or fact.relation.many:
        message = f"{purpose.id} does not ask for {fact.name}: nothing was kept"
        raise PurposeUnknownError(message)
    named = {"subject": subject, "purpose": purpose.id, "fact": fact.name}
    Told.objects.filter(**named, known_until=None).update(known_until=at)
    Told.objects.create(**named, value=value, by=by.id, known_since=at)
    # the value is in the table alone
    body = {"resident": subject, "purpose": purpose.id, "fact": fact.name}
    record.write(News(kind="consent.told", body=body), by=by, at=at)


def looks(*, person: int, at: datetime) -> list[tuple[str, datetime]]:
    """Return for which purposes the city looked at everyone or at this person, newest first."""
    theirs = Q(subjects=None) | Q(subjects__contains=[person])
    rows = Snapshot.objects.filter(theirs, asked_by=None, opened_at__lte=at)
    return list(rows.order_by("-opened_at").values_list("purpose", "opened_at"))


def checks(*, person: int, at: datetime, most: int) -> list[tuple[int, datetime]]:
    """Return who had this person checked by every service, and when; the newest, each once."""
    theirs = Q(subjects__contains=[person], asked_by__isnull=False, opened_at__lte=at)
    rows = Snapshot.objects.filter(theirs).values_list("asked_by", "opened_at").distinct()
    found = rows.order_by("-opened_at", "asked_by")[:most]
    return [(asked_by or 0, opened_at) for asked_by, opened_at in found]


@contextmanager
def look(  # noqa: PLR0913 - a look has this many sides, all named at the call
    *,
    purpose: Purpose,
    as_of: date,
    known_at: datetime,
    only: Collection[int] | None = None,
    rules: Sequence[Rule] = (),
    by: Actor = SYSTEM,
) -> Iterator[Sight]:
    """Open a look through the wall and close it after: nothing of the snapshot stays.

    `only` limits the look to these subjects; then nothing is copied, and the purpose's standing
    views show what this look may see. The sight's connection is the purpose's own role. A look at
    everyone for these `rules` shows facts of relatives only of those whom their own facts leave
    open: for all others the answer is no already.
    """
    if only is None:
        with looking.at_everyone(
            purpose, looking.planned(purpose, None, as_of, known_at, by), rules, by
        ) as sight:
            yield sight
        return
    looks = look_each(purposes=[purpose], only=only, as_of=as_of, known_at=known_at, by=by)
    with looks as (one,), one as sight:
        yield sight


@contextmanager
def look_each(
    *,
    purposes: Sequence[Purpose],
    only: Collection[int],
    as_of: date,
    known_at: datetime,
    by: Actor = SYSTEM,
) -> Iterator[list[AbstractContextManager[Sight]]]:
    """Open a look of each purpose at a few subjects, all noted before any is taken.

    Each is entered by its own role as it is used. A look `by` a resident is one that they asked
    for; all others are the city's.
    """
    with transaction.atomic():
        looks = [looking.planned(purpose, only, as_of, known_at, by) for purpose in purposes]
        for purpose, look_ in zip(purposes, looks, strict=True):
            looking.write_down(purpose, look_)
        looking.tell(looks, by)
    try:
        yield [
            looking.at_a_few(purpose, look_) for purpose, look_ in zip(purposes, looks, strict=True)
        ]
    finally:
        looking.close([look_.id for look_ in looks], known_at)


def clear_away() -> int:
    """Close what looks left open whose program died, and return how many schemas there were.

    Only at the start of the house, when nobody is looking.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "select nspname from pg_namespace where nspname like 'wall\\_%%'"
            " union all select 'behind_the_wall' where exists"
            " (select 1 from pg_tables where schemaname = 'behind_the_wall')"
        )
        left = [row[0] for row in cursor.fetchall()]
        for schema in left:
            cursor.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
        cursor.execute("create schema if not exists behind_the_wall")
        Snapshot.objects.filter(closed_at=None).update(closed_at=F("opened_at"))
        trials.drop_left()
    return len(left)


def registered() -> set[str]:
    """Return the purposes that have a wall."""
    return set(PurposeRow.objects.values_list("id", flat=True))
