"""The purpose wall: SQL for one login role and its views per purpose, and what the role loses."""

import hashlib
import hmac
from collections.abc import Sequence
from uuid import UUID

from stadi.kit.rule import Fact
from stadi.kit.service import Purpose
from stadi.people.facts import RESIDENCE

NOW = (
    "{a}.known_since <= %(known)s and %(known)s < {a}.known_until"
    " and {a}.true_since <= %(as_of)s and %(as_of)s < {a}.true_until"
)
HIDE = "case when o.subject is null then {a}.{c} end as {c}"
SETTINGS = (("default_transaction_read_only", "on"), ("statement_timeout", "60s"))
OBJECTED = (
    " left join consent_objection o on o.subject = m.subject and o.purpose = %(purpose)s"
    " and o.given_at <= %(known)s and (o.lifted_at is null or %(known)s < o.lifted_at)"
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


def snapshot_sql(view: str, facts: Sequence[Fact], *, only: int | None = None) -> str:
    """Return the query of a view's rows at literal times, of everyone or of `only` one subject.

    An objection keeps the row, nulls every fact and says so in `basis`: never an anti-join,
    which would filter in silence.
    """
    scope = "" if only is None else f" and m.subject = {only:d}"
    rest = f"{OBJECTED} where {NOW.format(a='m')}{scope} order by 1"
    relations = sorted({f.relation for f in facts}, key=lambda r: r.name)
    if view != "subject":
        (relation,) = relations
        shown = ", ".join(HIDE.format(a="m", c=f.column) for f in facts)
        return f"select m.{relation.key} as subject, {shown} from {relation.table} m{rest}"
    alias = {relation: f"t{i}" for i, relation in enumerate(relations)}
    shown = "".join(", " + HIDE.format(a=alias[f.relation], c=f.column) for f in facts)
    joins = "".join(
        f" left join {r.table} {a} on {a}.{r.key} = m.subject and {NOW.format(a=a)}"
        for r, a in alias.items()
    )
    return (
        "select m.subject as subject,"
        f" case when o.subject is null then 'ok' else 'objected' end as basis{shown}"
        f" from {RESIDENCE.table} m{joins}{rest}"
    )
