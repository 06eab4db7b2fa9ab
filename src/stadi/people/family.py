"""Whom a guardian may ask about: never a child who is protected, or lives with somebody who is."""

from datetime import date

from django.db import connection

from stadi.people.registers import NOW

OWN_SAY = 15  # years: from this age on the young person asks, and the guardian does not
# A ban on anyone near the child protects the child too: its home would tell theirs. A ban that is
# not known to be absent counts as one.
WARDS = """
with child as (
  select g.subject from people_guardianship g
    join people_person p on p.subject = g.subject and {p}
    join people_residence h on h.subject = g.subject and {h}
  where {g} and g.guardian = %(guardian)s
    and p.birth_date > %(today)s::date - make_interval(years => %(own_say)s)),
near as (
  select subject, subject as who from child
  union select g.subject, g.guardian from people_guardianship g join child using (subject) where {g}
  union select h.subject, m.subject from people_residence h join child using (subject)
    join people_residence m on m.household = h.household where {h} and {m})
select subject from near
group by subject having bool_and(
  exists (select from people_contact c where c.subject = who and {c} and not c.safety_ban)
  and not exists (select from people_contact c where c.subject = who and c.safety_ban
    and c.known_until = 'infinity' and c.true_until > %(today)s))
order by subject""".format(**{alias: NOW.format(a=alias) for alias in "gphmc"})


def wards(*, guardian: int, day: date) -> list[int]:
    """Return the children under 15 of whom a guardian may ask; no protected child is among them."""
    with connection.cursor() as cursor:
        cursor.execute(WARDS, {"guardian": guardian, "today": day, "own_say": OWN_SAY})
        return [row[0] for row in cursor.fetchall()]
