"""Reads which place a case holds, for whoever must know it before they write."""

from collections.abc import Collection
from uuid import UUID

from django.db import connection

from stadi.kit.ids import listed


def held(cases: Collection[UUID]) -> dict[UUID, int]:
    """Return the unit that each case holds; the claims stay so until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            'select "case", unit from fulfil_claim where "case" = any(%s::uuid[])'
            " and hold <> 'released' order by \"case\" for update",
            [listed(cases)],
        )
        return dict(cursor.fetchall())
