"""The purpose wall: SQL for one login role and its views per purpose, and what the role loses."""

import hashlib
import hmac
from collections.abc import Sequence
from uuid import UUID

from stadi.kit.rule import Fact, Relation
from stadi.kit.service import Purpose
from stadi.people.facts import RESIDENCE

KNOWN = "{a}.known_since <= %(known)s and %(known)s < {a}.known_until"
NOW = KNOWN + " and {a}.true_since <= %(as_of)s and %(as_of)s < {a}.true_until"
SETTINGS = (("default_transaction_read_only", "on"), ("statement_timeout", "60s"))
OBJECTED = (
    " left join consent_objection {o} on {o}.subject = {who} and {o}.purpose = %(purpose)s"
    " and {o}.given_at <= %(known)s and ({o}.lifted_at is null or %(known)s < {o}.lifted_at)"
)

# What PostgreSQL gives to everyone and no purpose needs: large objects, messages to other
# sessions, locks that others can see, and functions that tell what lies elsewhere.
TAKEN_FROM_EVERYONE = """
do $wall$ declare f regprocedure; begin
  for f in select oid::regprocedure from pg_proc
    where pronamespace = 'pg_catalog'::regnamespace and (
      proname in ('lo_create', 'lo_creat', 'lo_from_bytea', 'lo_open', 'lowrite', 'lo_put',
                  'lo_import', 'lo_unlink', 'pg_notify', 'pg_get_viewdef', 'pg_get_ruledef',
                  'pg_relation_size', 'pg_table_size', 'pg_total_relation_size',
                  'pg_indexes_size', 'pg_lock_status', 'pg_blocking_pids',
                  'pg_logical_emit_message')
      or proname like 'pg\\_advisory%' or proname like 'pg\\_try\\_advisory%'
      or proname like 'pg\\_stat\\_get%' or proname like '%\\_to\\_xml%')
  loop execute 'revoke execute on function ' || f || ' from public'; end loop;
end $wall$;
revoke usage on language plpgsql from public;
revoke all on schema public from public;
revoke select on pg_catalog.pg_stats, pg_catalog.pg_stat_activity,
  pg_catalog.pg_stat_user_tables, pg_catalog.pg_stat_all_tables, pg_catalog.pg_locks from public;
"""


def role_name(database: str, purpose: Purpose) -> str:
    """Return the login role of a purpose; roles are cluster-wide, so the database comes first.

    The hash keeps apart what reads alike: `care.gap` and `care-gap` are two purposes.
    """
    short = hashlib.sha256(f"{database}\0{purpose.id}".encode()).hexdigest()[:12]
    return f"{database}_{purpose.slug}"[:48] + f"_{short}"


def password(secret: str, role: str) -> str:
    """Return the role's password: derived, so that it is stored nowhere."""
    return hmac.new(secret.encode(), role.encode(), hashlib.sha256).hexdigest()


def schema_name(purpose: Purpose, snapshot: UUID) -> str:
    """Return the schema that holds one look's views, the only one its role may use."""
    return f"wall_{purpose.slug[:40]}_{snapshot.hex[:12]}"


def few_schema(purpose: Purpose) -> str:
    """Return the schema of the views that stand ready for looks at a few subjects."""
    return f"few_{purpose.slug[:40]}_{hashlib.sha256(purpose.id.encode()).hexdigest()[:12]}"


def snapshot_sql(view: str, facts: Sequence[Fact]) -> str:
    """Return the query of a view's rows of everyone, at literal times.

    An objection keeps the row, nulls every fact and says so in `basis`: never an anti-join,
    which would filter in silence.
    """
    return f"{_select(view, facts)} order by 1"


def few_sql(view: str, facts: Sequence[Fact], purpose: Purpose) -> str:
    """Return the query of a standing view: the rows of the one open look that the session names.

    Times and subjects come from the look's own row, which the role can neither read nor write;
    without an open look there is nothing to see.
    """
    slug = purpose.id.replace("'", "''")
    look = (
        "consent_snapshot l cross join lateral unnest(l.subjects) w (who)"
        " join {table} m on m.{key} = w.who and l.closed_at is null"
        f" and l.purpose = '{slug}'"
        " and l.id = nullif(current_setting('stadi.look', true), '')::uuid"
    )
    text = _select(view, facts, look)
    for name, value in (("known", "l.known_at"), ("as_of", "l.as_of"), ("purpose", f"'{slug}'")):
        text = text.replace(f"%({name})s", value)
    return text


EVERYONE = "{table} m"


def _select(view: str, facts: Sequence[Fact], start: str = EVERYONE) -> str:
    if view != "subject":
        return _rows(facts, start)
    relations = sorted({f.relation for f in facts}, key=lambda r: r.name)
    alias = {relation: f"t{i}" for i, relation in enumerate(relations)}
    shown = "".join(f", {_hidden(alias[f.relation], f.column)} as {f.column}" for f in facts)
    joins = "".join(
        f" left join {r.table} {a} on {a}.{r.key} = m.subject and {_now(r, a)}"
        for r, a in alias.items()
    )
    return (
        "select m.subject as subject,"
        f" case when o.subject is null then 'ok' else 'objected' end as basis{shown}"
        f" from {start.format(table=RESIDENCE.table, key=RESIDENCE.key)}{joins}"
        f"{OBJECTED.format(o='o', who='m.subject')} where {NOW.format(a='m')}"
    )


def _rows(facts: Sequence[Fact], start: str) -> str:
    """Return the query of a relation of many rows a subject, some of them about a relative.

    A relative who objected keeps the link and loses the facts reached through it: the answer is
    then unknown, not computed without them.
    """
    (relation,) = {f.relation for f in facts}
    joins, there, alias = OBJECTED.format(o="o", who=f"m.{relation.key}"), "", {}
    if relation.member:
        joins += OBJECTED.format(o="om", who=f"m.{relation.member}")
    if (rows := relation.rows_of) is not None:
        joins += (
            f" left join {rows.table} i on i.{rows.key} = m.{relation.member} and {_now(rows, 'i')}"
        )
        there = " and (i.subject is not null or om.subject is not null)"
    reached = {f.through.relation for f in facts if f.through is not None} - {relation.rows_of}
    for n, register in enumerate(sorted(reached, key=lambda r: r.name)):
        alias[register] = f"t{n}"
        joins += (
            f" left join {register.table} t{n} on t{n}.{register.key} = m.{relation.member}"
            f" and {_now(register, f't{n}')}"
        )
    shown = ""
    for fact in facts:
        if fact.through is None:
            shown += f", {_hidden('m', fact.column)} as {fact.column}"
        else:
            spot = alias.get(fact.through.relation, "i")
            shown += f", {_hidden(spot, fact.through.column, 'om')} as {fact.column}"
    return (
        f"select m.{relation.key} as subject{shown}"
        f" from {start.format(table=relation.table, key=relation.key)}{joins}"
        f" where {_now(relation, 'm')}{there}"
    )


def _now(relation: Relation, alias: str) -> str:
    return (KNOWN if relation.history else NOW).format(a=alias)


def _hidden(alias: str, column: str, *others: str) -> str:
    free = " and ".join(f"{o}.subject is null" for o in ("o", *others))
    return f"case when {free} then {alias}.{column} end"
