"""The purpose wall: SQL for one login role and its views per purpose, and what the role loses."""

import hashlib
import hmac
from collections.abc import Sequence
from uuid import UUID

from stadi.kit.rule import Fact, Relation
from stadi.kit.service import Basis, Purpose
from stadi.people.facts import RESIDENCE

KNOWN = "{a}.known_since <= %(known)s and %(known)s < {a}.known_until"
NOW = KNOWN + " and {a}.true_since <= %(as_of)s and %(as_of)s < {a}.true_until"
# A server's log tells what failed, with the values that made it fail; only its owner may set these.
DISCREET = (
    ("log_min_messages", "log"),
    ("log_min_error_statement", "panic"),
    ("log_min_duration_statement", "-1"),
    ("log_statement", "none"),
)
SETTINGS = (
    ("default_transaction_read_only", "on"),
    ("statement_timeout", "60s"),
    ("idle_in_transaction_session_timeout", "60s"),
)
OBJECTION = (
    "{a}.purpose = %(purpose)s and {a}.given_at <= %(known)s"
    " and ({a}.lifted_at is null or %(known)s < {a}.lifted_at)"
)
OBJECTED = " left join consent_objection {o} on {o}.subject = {who} and " + OBJECTION.replace(
    "{a}", "{o}"
)

# What residents answered to this purpose's own questions: all of one resident in one value.
TOLD = (
    " left join{lateral} (select q.subject, jsonb_object_agg(q.fact, q.value) as said"
    " from consent_told q where q.purpose = %(purpose)s and q.known_since <= %(known)s"
    " and (q.known_until is null or %(known)s < q.known_until){one} group by q.subject) told"
    " on told.subject = m.subject"
)
TOLD_EVERYONE = TOLD.format(lateral="", one="")
TOLD_FEW = TOLD.format(lateral=" lateral", one=" and q.subject = m.subject")
TYPES = {"date": "date", "int": "bigint", "bool": "boolean", "text": "text"}

# What PostgreSQL gives to everyone and no purpose needs: every function with an effect outside
# its own answer, functions that tell what lies elsewhere, and the catalogue. Only a session's own
# settings stay; an answer comes from the rows alone.
TAKEN_FROM_EVERYONE = """
do $wall$ declare f regprocedure; t regclass; begin
  for f in select oid::regprocedure from pg_proc
    where pronamespace = 'pg_catalog'::regnamespace
      and has_function_privilege('public', oid, 'execute') and (
      provolatile = 'v' and proname <> 'set_config'
      or proname in ('pg_current_xact_id', 'txid_current', 'pg_current_snapshot',
                     'txid_current_snapshot', 'pg_get_replication_slots', 'pg_get_ruledef',
                     'pg_get_viewdef')
      or proname like 'pg\\_stat\\_get%' or proname like '%\\_to\\_xml%')
  loop execute 'revoke execute on function ' || f || ' from public'; end loop;
  for t in select oid::regclass from pg_class
    where relnamespace = 'pg_catalog'::regnamespace
      and has_table_privilege('public', oid, 'select, update')
  loop execute 'revoke all on ' || t || ' from public'; end loop;
end $wall$;
revoke usage on language plpgsql from public;
revoke all on schema public from public;
"""

# What a server must be like for a wall to stand; each row says what is wrong.
UNFIT = """
select 'the role ' || current_user || ' of this PostgreSQL is no superuser: the wall takes'
  ' functions and catalogues from everyone, which only one may. Let a superuser say `alter role '
  || quote_ident(current_user) || ' superuser`, or use a server of your own'
  where current_setting('is_superuser') <> 'on'
union all select 'this PostgreSQL is version ' || current_setting('server_version')
  || ': 15 or newer is needed'
  where current_setting('server_version_num')::int < 150000
union all select 'this PostgreSQL keeps prepared transactions, whose locks would keep a look from'
  ' closing: set max_prepared_transactions to 0 and start it anew'
  where current_setting('max_prepared_transactions') <> '0'
"""

FEW = """
create view {behind} as {query};
create function {see}() returns setof {behind} language plpgsql stable security definer
  set search_path = pg_catalog as 'begin return query select * from {behind}; end';
revoke all on function {see}() from public;
grant execute on function {see}() to {role};
create view {view} with (security_barrier) as select * from {see}();
grant select on {view} to {role};
"""

# Whoever still reads when a look closes, in a session of their own, would keep it from closing.
CUT_OFF = """
select pg_terminate_backend(pid) from pg_locks l join pg_class c on c.oid = l.relation
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = %s and l.pid <> pg_backend_pid()
"""

# A trial's own purpose, the same for all: so what a killed one left has a name. Its role signs in
# for a while only, whatever becomes of the trial.
TRIAL = Purpose(id="stadi.trial", basis=Basis(kind="public_task", law=""), uses={})
TRYING = 2029  # the lock that keeps trials to one at a time in a database
FOR_A_WHILE = """
do $while$ begin
  execute format('alter role %I valid until %L', {name}, now() + interval '10 minutes');
end $while$
"""
LEFT_BY_TRIALS = """
select nspname, right(nspname, 12) from pg_namespace
  where nspname ~ '^wall_stadi_trial_[0-9a-f]{12}$'
"""
BEHIND_A_LOOK = """
select tablename from pg_tables
  where schemaname = 'behind_the_wall' and tablename ~ ('_' || %s || '[0-9a-f]{20}$')
"""
CLOSE_LEFT = """
update consent_snapshot set closed_at = opened_at
  where closed_at is null and starts_with(replace(id::text, '-', ''), %s)
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


def snapshot_sql(view: str, facts: Sequence[Fact], among: str = "") -> str:
    """Return the query of a view's rows of everyone, or of those in a table, at literal times.

    An objection keeps the row, nulls every fact and says so in `basis`: never an anti-join,
    which would filter in silence.
    """
    start = f"{EVERYONE} join {among} w on w.subject = m.{{key}}" if among else EVERYONE
    return f"{_select(view, facts, start)} order by 1"


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
    told = TOLD_EVERYONE if start == EVERYONE else TOLD_FEW
    relations = sorted({f.relation for f in facts}, key=lambda r: r.name)
    alias = {relation: f"t{i}" for i, relation in enumerate(relations)}
    shown = "".join(f", {_known(alias[f.relation], f)} as {f.column}" for f in facts)
    joins = "".join(
        f" left join {r.table} {a} on {a}.{r.key} = m.subject and {_now(r, a)}"
        for r, a in alias.items()
    )
    return (
        "select m.subject as subject,"
        f" case when o.subject is null then 'ok' else 'objected' end as basis{shown}"
        f" from {start.format(table=RESIDENCE.table, key=RESIDENCE.key)}{joins}"
        f"{OBJECTED.format(o='o', who='m.subject')}{told} where {NOW.format(a='m')}"
    )


def _rows(facts: Sequence[Fact], start: str) -> str:
    """Return the query of a relation of many rows a subject, some of them about a relative.

    A subject who objected has one empty row, whatever lies in the register: how many there are is
    a fact too. A relative who objected keeps the link and loses the facts reached through it: the
    answer is then unknown, not computed without them.
    """
    (relation,) = {f.relation for f in facts}
    joins, there, alias = OBJECTED.format(o="o", who=f"m.{relation.key}"), "", {}
    if relation.member:
        joins += OBJECTED.format(o="om", who=f"m.{relation.member}")
    if (rows := relation.rows_of) is not None:
        joins += (
            f" left join {rows.table} i on i.{rows.key} = m.{relation.member} and {_now(rows, 'i')}"
            " and om.subject is null"
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
            shown += f", m.{fact.column} as {fact.column}"
        else:
            spot = alias.get(fact.through.relation, "i")
            shown += f", {_hidden(spot, fact.through.column, 'om')} as {fact.column}"
    return (
        f"select m.{relation.key} as subject{shown}"
        f" from {start.format(table=relation.table, key=relation.key)}{joins}"
        f" where {_now(relation, 'm')} and o.subject is null{there}"
        f" union all select m.subject{', null' * len(facts)}"
        f" from {start.format(table='consent_objection', key='subject')}"
        f" where {OBJECTION.format(a='m')}"
    )


def _now(relation: Relation, alias: str) -> str:
    return (KNOWN if relation.history else NOW).format(a=alias)


def _known(alias: str, fact: Fact) -> str:
    """Return a fact from the register, or where it has none from the subject's own answer."""
    said = f"(told.said ->> '{fact.name}')::{TYPES[fact.type]}"
    held = f"coalesce({alias}.{fact.column}, {said})"
    return f"case when o.subject is null then {held} end"


def _hidden(alias: str, column: str, objection: str = "o") -> str:
    return f"case when {objection}.subject is null then {alias}.{column} end"
