import type { Drift, DriftKind } from "../../core/drift.ts";
import { quoteIdentifier } from "../../core/name.ts";
import { version } from "../../version.ts";
import { type AuditDatabase, isNewer } from "../installation.ts";
import { installScripts, shippedFunctions } from "../templates.ts";

type Ask = (audit: AuditDatabase) => Promise<Drift[]>;

/** Looks whether everything that belongs to no single table is as init made it. */
export async function findInstallationDrift(audit: AuditDatabase): Promise<Drift[]> {
  const drifts: Drift[] = [];
  for (const ask of questions) drifts.push(...(await ask(audit)));
  return drifts;
}

function drift(
  kind: DriftKind,
  subject: string,
  detail: string | null = null,
  sql: readonly string[] = [],
): Drift {
  return { kind, relation: null, table: null, subject, detail, sql };
}

const askVersion: Ask = async ({ installation }) =>
  isNewer(version, installation.version) ? [drift("version-older", "the schema", installation.version)] : [];

const askFeatures: Ask = async ({ installation }) => [
  ...(installation.roles ? [] : [drift("no-roles", "the roles")]),
  ...(installation.eventTriggers ? [] : [drift("no-event-triggers", "the event triggers")]),
];

/** Compares the bodies in the server with those that this version ships. */
const askHelpers: Ask = async ({ sql, installation }) => {
  if (isNewer(version, installation.version)) return [];
  const rows = await sql<{ name: string; body: string }[]>`
    select function.proname as name, function.prosrc as body
    from pg_proc as function
    join pg_namespace as namespace on namespace.oid = function.pronamespace
    where namespace.nspname = ${installation.schema}`;
  const installed = new Map(rows.map(({ name, body }) => [name, body]));
  return shippedFunctions(installation.schema).flatMap(({ name, body, text }) => {
    const subject = `${quoteIdentifier(installation.schema)}.${name}`;
    const there = installed.get(name);
    if (there === undefined) return [drift("helper-missing", subject, null, [text])];
    return body !== undefined && there !== body ? [drift("helper-changed", subject, null, [text])] : [];
  });
};

const askEventTriggers: Ask = async ({ sql, installation }) => {
  if (!installation.eventTriggers) return [];
  const rows = await sql<{ event: string; name: string; enabled: string | null }[]>`
    select event.name as event, format('audit_%s_%s', namespace.oid, event.name) as name, own.evtenabled::text as enabled
    from pg_namespace as namespace
    cross join (values ('ddl_command_end'), ('sql_drop')) as event (name)
    left join pg_event_trigger as own
      on own.evtname = format('audit_%s_%s', namespace.oid, event.name)
      and own.evtfoid = to_regprocedure(format('%I._on_ddl()', namespace.nspname))
    where namespace.nspname = ${installation.schema}`;
  const [setting] = await sql<
    { off: boolean | null }[]
  >`select current_setting('event_triggers', true) = 'off' as off`;
  const script = installScripts(installation.schema).eventTriggers;
  return [
    ...(setting?.off ? [drift("event-triggers-setting", "event_triggers")] : []),
    ...rows.flatMap(({ event, name, enabled }) => {
      if (enabled === null) return [drift("event-trigger-missing", event, null, [script])];
      if (enabled === "A") return [];
      const how = enabled === "D" ? "switched off" : "not ENABLE ALWAYS";
      return [drift("event-trigger-off", name, how, [`alter event trigger ${name} enable always;`])];
    }),
  ];
};

/** The log and each of its segments have a guard against UPDATE and DELETE, and one against TRUNCATE. */
const askGuards: Ask = async ({ sql, object, installation }) => {
  const schema = quoteIdentifier(installation.schema);
  const rows = await sql<{ table: string; guard: string; enabled: string | null }[]>`
    with log as (
      select 'change' as name
      union all
      select 'change_' || segment.id
      from ${object("segment")} as segment
      where segment.state in ('hot', 'closing', 'closed', 'sealed')
    )
    select log.name as table, guard.name as guard, own.tgenabled::text as enabled
    from log
    join pg_class as class on class.relname = log.name
    join pg_namespace as namespace on namespace.oid = class.relnamespace and namespace.nspname = ${installation.schema}
    cross join (values ('_append_only'), ('_append_only_truncate')) as guard (name)
    left join pg_trigger as own on own.tgrelid = class.oid and own.tgname = guard.name
    where (own.oid is null or own.tgenabled <> 'A')
      -- a segment takes its row guard over from the log when it is attached
      and (log.name = 'change' or guard.name <> '_append_only' or exists (
        select
        from pg_inherits
        join pg_trigger as handed on handed.tgrelid = pg_inherits.inhparent and handed.tgname = guard.name
        where pg_inherits.inhrelid = class.oid
      ))
    order by 1, 2`;
  return rows.map(({ table, guard, enabled }) => {
    const subject = `${schema}.${table}`;
    const on = `alter table ${subject} enable always trigger ${guard};`;
    if (enabled !== null) return drift("guard-off", subject, guard, [on]);
    const when =
      guard === "_append_only"
        ? "before update or delete on TABLE for each row"
        : "before truncate on TABLE for each statement";
    const make = `create or replace trigger ${guard} ${when.replace("TABLE", subject)} execute function ${schema}._append_only();`;
    return drift("guard-missing", subject, guard, [make, on]);
  });
};

/** Every class that is written to has a hot segment, attached, and a function that names it. */
const askSegments: Ask = async ({ sql, object, installation }) => {
  const schema = quoteIdentifier(installation.schema);
  const rows = await sql<
    { retention: number; segment: number; attached: boolean; there: boolean; named: string | null }[]
  >`
    select retention.id as retention, retention.hot_segment as segment,
      class.oid is not null as there,
      exists (
        select from pg_inherits
        where inhrelid = class.oid and inhparent = ${`${schema}.change`}::regclass and not inhdetachpending
      ) as attached,
      (
        select function.prosrc
        from pg_proc as function
        where function.oid = to_regprocedure(format('%I.%I()', ${installation.schema}::text, '_hot_' || retention.id))
      ) as named
    from ${object("retention")} as retention
    left join pg_class as class
      on class.relname = 'change_' || retention.hot_segment and class.relnamespace = ${schema}::regnamespace
    where retention.hot_segment is not null
    order by retention.id`;
  return rows.flatMap(({ retention, segment, attached, there, named }) => {
    const open = `select ${schema}._open_segment(${retention});`;
    if (!attached) {
      const attach = `alter table ${schema}.change attach partition ${schema}.change_${segment} for values in (${segment});`;
      return [drift("segment-lost", String(segment), null, [there ? attach : open])];
    }
    const subject = `${schema}._hot_${retention}()`;
    const right = `select ${segment}`;
    if (named === right) return [];
    const make = `create or replace function ${subject} returns integer language sql immutable as '${right}';`;
    const grants = [
      `revoke execute on function ${subject} from public;`,
      ...(installation.roles
        ? [`grant execute on function ${subject} to audit_writer, audit_truncate;`]
        : []),
    ];
    return [drift("hot-function-wrong", subject, named ?? "it is gone", [make, ...grants])];
  });
};

const askSequence: Ask = async ({ sql, object, installation }) => {
  const sequence = `${quoteIdentifier(installation.schema)}.change_id`;
  const [row] = await sql<{ newest: string | null; behind: boolean | null }[]>`
    select newest.id::text as newest, newest.id > sequence.last_value as behind
    from ${object("change_id")} as sequence, (
      select max(id) as id from ${object("change")}
      where segment in (select hot_segment from ${object("retention")})
    ) as newest`;
  if (!row?.behind) return [];
  return [
    drift("sequence-behind", sequence, `change ${row.newest}`, [
      `select setval('${sequence}', ${row.newest});`,
    ]),
  ];
};

const ourRoles = ["audit_writer", "audit_truncate", "audit_ddl", "audit_reader"];

const askRoles: Ask = async ({ sql, installation }) => {
  if (!installation.roles) return [];
  const rows = await sql<
    { name: string; there: boolean; attributes: string; undo: string; others: string[][] }[]
  >`
    select wanted.name, role.oid is not null as there,
      concat_ws(', ',
        case when role.rolcanlogin then 'LOGIN' end, case when role.rolsuper then 'SUPERUSER' end,
        case when role.rolcreaterole then 'CREATEROLE' end, case when role.rolcreatedb then 'CREATEDB' end,
        case when role.rolreplication then 'REPLICATION' end, case when role.rolbypassrls then 'BYPASSRLS' end,
        case when not role.rolinherit then 'NOINHERIT' end) as attributes,
      concat_ws(' ',
        case when role.rolcanlogin then 'nologin' end, case when role.rolsuper then 'nosuperuser' end,
        case when role.rolcreaterole then 'nocreaterole' end, case when role.rolcreatedb then 'nocreatedb' end,
        case when role.rolreplication then 'noreplication' end, case when role.rolbypassrls then 'nobypassrls' end,
        case when not role.rolinherit then 'inherit' end) as undo,
      array(
        select array[granted.rolname::text, member.rolname::text]
        from pg_auth_members as membership
        join pg_roles as granted on granted.oid = membership.roleid
        join pg_roles as member on member.oid = membership.member
        where wanted.name <> 'audit_reader'
          and (member.oid = role.oid or granted.oid = role.oid and not membership.admin_option)
          and not (member.rolname = 'audit_ddl' and granted.rolname = 'audit_writer')
          or wanted.name = 'audit_reader' and member.oid = role.oid
      ) as others
    from unnest(${sql.array(ourRoles, 25)}::text[]) as wanted (name)
    left join pg_roles as role on role.rolname = wanted.name
    order by 1`;
  return rows.flatMap(({ name, there, attributes, undo, others }) => {
    if (!there) return [drift("role-missing", name, null, [installScripts(installation.schema).roles])];
    const revokes = others.map(
      ([granted, member]) =>
        `revoke ${quoteIdentifier(granted ?? "")} from ${quoteIdentifier(member ?? "")};`,
    );
    return [
      ...(attributes === ""
        ? []
        : [drift("role-attributes", name, attributes, [`alter role ${name} ${undo};`])]),
      ...(others.length === 0
        ? []
        : [
            drift(
              "role-members",
              name,
              others.map(([granted, member]) => `${member} in ${granted}`).join(", "),
              revokes,
            ),
          ]),
    ];
  });
};

/** What each of our roles must be able to do: see templates/grants.sql. */
const askRights: Ask = async ({ sql, installation }) => {
  if (!installation.roles) return [];
  const schema = quoteIdentifier(installation.schema);
  const rows = await sql<{ role: string; privilege: string; object: string }[]>`
    with role as (
      select rolname::text as name, oid from pg_roles where rolname in ('audit_writer', 'audit_truncate', 'audit_ddl')
    ), needed (role, privilege, object, had) as (
      select role.name, 'usage', 'schema ' || ${schema}::text, has_schema_privilege(role.oid, ${schema}::regnamespace, 'usage')
      from role
      union all
      select role.name, 'usage', 'sequence ' || class.oid::regclass, has_sequence_privilege(role.oid, class.oid, 'usage')
      from role, pg_class as class
      where class.oid = ${`${schema}.change_id`}::regclass
      union all
      select role.name, wanted.privilege, class.oid::regclass::text, has_table_privilege(role.oid, class.oid, wanted.privilege)
      from (
        values ('audit_writer', 'insert', 'change'), ('audit_truncate', 'insert', 'change'),
          ('audit_ddl', 'select', 'relation'), ('audit_ddl', 'update', 'relation'), ('audit_ddl', 'select', 'coverage'),
          ('audit_ddl', 'insert', 'coverage'), ('audit_ddl', 'update', 'coverage'),
          ('audit_ddl', 'select', 'relation_shape'), ('audit_ddl', 'insert', 'relation_shape')
      ) as wanted (role, privilege, name)
      join role on role.name = wanted.role
      join pg_class as class on class.relname = wanted.name and class.relnamespace = ${schema}::regnamespace
      union all
      select role.name, 'execute', 'function ' || function.oid::regprocedure, has_function_privilege(role.oid, function.oid, 'execute')
      from role, pg_proc as function
      where function.pronamespace = ${schema}::regnamespace
        and function.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
        and function.proname !~ '^_(rows_[0-9]+|open_segment|close_segment|let_go|lay_restored|attach_restored|shut)$'
        and not (function.proname ~ '^_hot_[0-9]+$' and role.name = 'audit_ddl')
    )
    select role, privilege, object from needed where not had order by role, object, privilege`;
  return [...new Set(rows.map(({ role }) => role))].map((role) => {
    const lost = rows.filter((row) => row.role === role);
    const names = lost.map(({ privilege, object }) => `${privilege} on ${object}`);
    const grants = names.map((name) => `grant ${name} to ${role};`);
    return drift(
      "right-missing",
      role,
      names.length > 3 ? `${names.length} rights` : names.join(", "),
      grants,
    );
  });
};

/** Who but the owner and the trigger functions' roles may write to the log, its registry and its sequence. */
const askGrants: Ask = async ({ sql, installation }) => {
  const rows = await sql<{ object: string; kind: string; grantee: string; privileges: string }[]>`
    select format('%I.%I', namespace.nspname, class.relname) as object,
      case class.relkind when 'S' then 'sequence' else 'table' end as kind,
      case granted.grantee when 0 then 'public' else granted.grantee::regrole::text end as grantee,
      string_agg(lower(granted.privilege_type), ', ' order by granted.privilege_type) as privileges
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    cross join aclexplode(class.relacl) as granted
    where namespace.nspname = ${installation.schema}
      and class.relkind in ('r', 'p', 'S')
      and granted.grantee <> class.relowner
      and granted.privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES', 'USAGE')
      and not (
        granted.grantee = any (array(select oid from pg_roles where rolname in ('audit_writer', 'audit_truncate')))
        and (class.relname = 'change' and granted.privilege_type = 'INSERT' or class.relkind = 'S' and granted.privilege_type = 'USAGE')
      )
      and not (
        granted.grantee = (select oid from pg_roles where rolname = 'audit_ddl')
        and (
          class.relname in ('relation', 'coverage') and granted.privilege_type = 'UPDATE'
          or class.relname in ('relation_shape', 'coverage') and granted.privilege_type = 'INSERT'
          or class.relkind = 'S' and granted.privilege_type = 'USAGE'
        )
      )
    group by 1, 2, 3
    order by 1, 3`;
  return rows.map(({ object, kind, grantee, privileges }) =>
    drift("log-open", object, `${grantee} (${privileges})`, [
      `revoke ${privileges} on ${kind === "sequence" ? "sequence " : ""}${object} from ${grantee};`,
    ]),
  );
};

const askEra: Ask = async ({ sql, object }) => {
  const [row] = await sql<{ known: boolean }[]>`
    select control.system_identifier = (
      select system_identifier from ${object("installation")} order by era desc limit 1
    ) as known
    from pg_control_system() as control`;
  return row?.known === false ? [drift("era-unknown", "the cluster")] : [];
};

const questions: readonly Ask[] = [
  askVersion,
  askHelpers,
  askEventTriggers,
  askGuards,
  askSegments,
  askSequence,
  askRoles,
  askRights,
  askGrants,
  askEra,
  askFeatures,
];
