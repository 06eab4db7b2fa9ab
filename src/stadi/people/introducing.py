"""Enters who people are: names, identity codes and addresses, which have no history."""

import numpy as np
import pyarrow as pa
from django.db import connection

from stadi.people import copying, merging
from stadi.people.domain import Batch
from stadi.people.merging import LoadError, Merged
from stadi.people.registers import IDENTITY, typed

# A persona's story stays: no register tells it.
INTRODUCED = """
insert into people_identity as i
  (subject, given_name, family_name, identity_code, persona, email)
select subject, given_name, family_name, identity_code, persona, email from stage
on conflict (subject) do update set given_name = excluded.given_name,
  family_name = excluded.family_name, identity_code = excluded.identity_code,
  email = excluded.email
where (i.given_name, i.family_name, i.identity_code, i.email) is distinct from
  (excluded.given_name, excluded.family_name, excluded.identity_code, excluded.email)
returning subject, xmax = 0"""


def introduce(identities: Batch) -> Merged:
    """Enter names, or correct them: who somebody is called has no history."""
    given = identities.rows.column_names
    nothing = pa.chunked_array([pa.nulls(len(identities.rows), pa.string())])
    read = {
        name: typed(name, field, identities.rows[name] if name in given else nothing)
        for name, field in IDENTITY.fields.items()
    }
    if faults := [fault for one in read.values() for fault in one.faults]:
        raise LoadError(merging.refusal(identities, faults))
    rows = pa.table({name: one.column for name, one in read.items()})
    rows = rows.set_column(4, "persona", rows["persona"].fill_null(""))
    with connection.cursor() as cursor, merging.errors(identities):
        cursor.execute("lock table people_identity in share row exclusive mode")
        if copying.is_new(cursor, IDENTITY.table, rows):
            copying.fill(cursor, IDENTITY.table, rows, {})
            return Merged(
                new=len(rows), corrected=0, unchanged=0, subjects=rows["subject"].to_numpy()
            )
        cursor.execute("create temp table stage (like people_identity) on commit drop")
        copying.copy(cursor, "stage", rows)
        cursor.execute(INTRODUCED)
        told = cursor.fetchall()
        cursor.execute("drop table stage")
    new = sum(added for _, added in told)
    return Merged(
        new=new,
        corrected=len(told) - new,
        unchanged=len(rows) - len(told),
        subjects=np.array([subject for subject, _ in told], np.int64),
    )
