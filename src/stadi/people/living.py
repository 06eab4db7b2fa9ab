"""Turns what happened to invented residents into rows of the registers."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from stadi.people.domain import Batch
from stadi.people.life import Life, Residents
from stadi.people.registers import REGISTERS

RESIDENTS = """
copy (select r.subject, r.household, r.municipality, r.area, r.home_x, r.home_y, r.tenure,
    p.birth_date
  from people_residence r left join people_person p on p.subject = r.subject
    and p.known_until = 'infinity' and p.true_since <= {day} and {day} < p.true_until
  where r.known_until = 'infinity' and r.true_since <= {day} and {day} < r.true_until
  order by r.subject) to stdout (format csv, header)"""
# All that still holds, whatever its days: death and leaving end also what lies ahead.
HELD = """
select {key} from {table} where known_until = 'infinity' and true_until = 'infinity'
  and {who} = any(%s)"""
ENDED = (
    "people_care",
    "people_placement",
    "people_diagnosis",
    "people_measurement",
    "people_clinician",
    "people_education",
    "people_tenancy",
)


def read(cursor: Any, today: date) -> tuple[pa.Table, Residents]:
    """Return the homes of today, and the same residents as what befalls them needs to know."""
    text = pa.string()
    types = {f: kind.type for f, kind in REGISTERS["people_residence"].fields.items()}
    convert = csv.ConvertOptions(
        column_types={**types, "birth_date": pa.date32(), "area": text}, strings_can_be_null=True
    )
    with cursor.copy(RESIDENTS.format(day=f"date '{today.isoformat()}'")) as out:
        homes = csv.read_csv(pa.BufferReader(b"".join(out)), convert_options=convert)
    residents = Residents(
        subject=homes["subject"].to_numpy(),
        household=homes["household"].to_numpy(),
        born=homes["birth_date"].to_numpy().astype("datetime64[D]"),
    )
    return homes.drop_columns(["birth_date"]), residents


def batches(cursor: Any, homes: pa.Table, life: Life) -> list[Batch]:
    """Return the rows that tell a life: new homes, and ends from the day each happened."""
    subject = homes["subject"].to_numpy()
    dead, left = subject[life.died], subject[life.left]
    gone = np.concatenate([dead, left])
    on = np.concatenate([life.died_on, life.left_on])
    day = dict(zip(gone.tolist(), on.tolist(), strict=True))
    ended = [_ended(cursor, table, "subject", day) for table in ENDED]
    dead_day = dict(zip(dead.tolist(), life.died_on.tolist(), strict=True))
    guarded = [
        _ended(cursor, "people_guardianship", who, dead_day) for who in ("subject", "guardian")
    ]
    moved = _moved(homes, life)
    out = pa.table({"subject": gone, "true_since": on, "gone": np.full(len(gone), True)})
    residence = pa.concat_tables([moved, out], promote_options="default")
    found = {"people_residence": residence, **dict(zip(ENDED, ended, strict=True))}
    tenancies = [found["people_tenancy"], _new_tenancies(cursor, moved)]
    found["people_tenancy"] = pa.concat_tables(tenancies, promote_options="default")
    found["people_guardianship"] = _earliest(pa.concat_tables(guarded))
    return [Batch(table=table, rows=rows) for table, rows in found.items()]


def _moved(homes: pa.Table, life: Life) -> pa.Table:
    """Return who moved with the home they moved to: like another's, which says nothing of them."""
    there = homes.take(pa.array(life.to))
    whose = homes.select(["subject", "household"]).take(pa.array(life.moved))
    rows = there.drop_columns(["subject", "household"])
    for name in whose.column_names:
        rows = rows.append_column(name, whose[name])
    return rows.append_column("true_since", pa.array(life.moved_on))


def _new_tenancies(cursor: Any, moved: pa.Table) -> pa.Table:
    """Return the tenancies of the new homes of main tenants who moved, their rents not yet known;
    there is none where the new home is not rented.
    """
    cursor.execute(
        HELD.format(key="subject", table="people_tenancy", who="subject"),
        [moved["subject"].to_pylist()],
    )
    tenants = pa.array([row[0] for row in cursor.fetchall()], pa.int64())
    theirs = moved.filter(pc.is_in(moved["subject"], tenants))
    rented = pc.equal(theirs["tenure"], "rented").fill_null(False)
    return theirs.select(["subject", "true_since"]).append_column("gone", pc.invert(rented))


def _ended(cursor: Any, table: str, who: str, day: Mapping[int, date]) -> pa.Table:
    key = REGISTERS[table].key
    cursor.execute(HELD.format(key=", ".join(key), table=table, who=who), [list(day)])
    rows = cursor.fetchall()
    spot = key.index(who)
    kinds = REGISTERS[table].fields
    columns = {n: pa.array([row[i] for row in rows], kinds[n].type) for i, n in enumerate(key)}
    since = pa.array([day[row[spot]] for row in rows], pa.date32())
    return pa.table(
        {**columns, "true_since": since, "gone": pa.array([True] * len(rows), pa.bool_())}
    )


def _earliest(rows: pa.Table) -> pa.Table:
    """Return each child and guardian once, where both died: from the first day on."""
    first = rows.group_by(["subject", "guardian"]).aggregate([("true_since", "min")])
    first = first.rename_columns(["subject", "guardian", "true_since"])
    return first.append_column("gone", pa.repeat(pa.scalar(True), len(first)))
