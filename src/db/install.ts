import type { Connection, Sql } from "../connection/connect.ts";
import { sqlStateOf } from "../connection/failure.ts";
import { quoteIdentifier } from "../core/name.ts";
import { safeText } from "../core/safe.ts";
import { refusal, usageError } from "../errors.ts";
import { version } from "../version.ts";
import { disableStatements, enableStatements } from "./capture.ts";
import { readTables } from "./catalog.ts";
import {
  type AuditDatabase,
  isNewer,
  listInstallations,
  listStrangersSchemas,
  objectsOf,
  readInstallation,
  strangersSchemaRefusal,
} from "./installation.ts";
import { literal } from "./literal.ts";
import { listRelations } from "./registry.ts";
import { installScripts, uninstallScript } from "./templates.ts";
import { findStrangersObject } from "./trust.ts";

/** What init did. */
export interface InstallResult {
  readonly schema: string;
  readonly did: "installed" | "upgraded" | "refreshed";
  readonly formerVersion: string | undefined;
  readonly roles: boolean;
  readonly eventTriggers: boolean;
}

/** Room for the names of our objects next to the schema's in messages and generated names. */
const LONGEST_SCHEMA_BYTES = 40;

/** Refuses names for our schema that could not be used everywhere (exit 2). */
export function checkSchemaName(schema: string): void {
  if (Buffer.byteLength(schema) > LONGEST_SCHEMA_BYTES) {
    throw usageError(
      `The audit schema's name is longer than ${LONGEST_SCHEMA_BYTES} bytes.`,
      "Choose a shorter one with --audit-schema.",
    );
  }
  if (schema.includes("$") || /^pg_/.test(schema)) {
    throw usageError(
      `"${schema}" cannot be the audit schema's name.`,
      'Choose one without "$" that does not begin with pg_.',
    );
  }
}

/**
 * Installs our objects, or brings those that are there up to this version, inside the transaction it is given.
 * Where roles or event triggers are not permitted it does without them and says so in the result. Refuses a
 * schema that holds something else or a stranger's objects, roles of our names that are not as we make them, and an
 * installation of a newer version (exit 5).
 */
export async function install(connection: Connection, schema: string): Promise<InstallResult> {
  const { sql } = connection;
  const scripts = installScripts(schema);
  // Two inits at once: the second waits here and then finds the work done.
  await sql`select pg_advisory_xact_lock(hashtext('pgtrail init'))`;
  const there = (await listInstallations(sql)).includes(schema);
  // Before anything in it is read: even a table may be somebody's view.
  if (there) await refuseStrangersObjects(sql, schema);
  const former = there ? await readInstallation(connection, schema) : undefined;
  if (former && isNewer(former.version, version)) {
    throw refusal(
      `The installation in schema ${quoteIdentifier(schema)} is of version ${former.version}, this tool is ${version}.`,
      "Upgrade the tool: npm install -g pgtrail",
    );
  }
  if (former && former.version !== version) await refuseHalfDetached(sql, schema);
  if (former && (former.version !== version || !former.roles || !former.eventTriggers))
    await lockAuditedTables(sql, schema);
  if (!there) {
    await refuseForeignSchema(sql, schema);
    await sql.unsafe(scripts.schema);
  }
  if (former) await sql.unsafe(scripts.upgrade);
  await sql.unsafe(scripts.functions);
  await sql.unsafe(scripts.views);
  await sql.unsafe(scripts.appendOnly);
  if (former) await sql.unsafe(scripts.owners);
  await sql.unsafe(
    there ? `revoke execute on all functions in schema ${quoteIdentifier(schema)} from public` : scripts.shut,
  );
  // Looked at again on an upgrade: what was ours then may have been given away since.
  if (former?.roles) await sql.unsafe(scripts.roles);
  const roles = former?.roles || (await permitted(sql, scripts.roles + trial(connection)));
  if (roles) await sql.unsafe(scripts.grants);
  const eventTriggers = roles && (await permitted(sql, scripts.eventTriggers));

  await writeInstallation(sql, schema, roles, eventTriggers);
  // With event triggers that may not replace the trigger functions of former days, ALTER TABLE would fail.
  const gained = former && (former.roles !== roles || former.eventTriggers !== eventTriggers);
  if (former && (former.version !== version || gained)) await refreshCapture(connection, schema);
  return {
    schema,
    did: !former ? "installed" : former.version === version ? "refreshed" : "upgraded",
    formerVersion: former?.version,
    roles,
    eventTriggers,
  };
}

/** The script that init would run, for those who install by hand or want to read it first. */
export function installScript(schema: string): string {
  const {
    schema: tables,
    functions,
    views,
    appendOnly,
    shut,
    roles,
    grants,
    eventTriggers,
  } = installScripts(schema);
  const name = quoteIdentifier(schema);
  return [
    "begin;",
    tables,
    functions,
    views,
    appendOnly,
    shut,
    roles,
    grants,
    eventTriggers,
    `insert into ${name}.installation (era, version, system_identifier, first_id, roles, event_triggers)
select 1, ${literal(version)}, system_identifier, 1, true, true from pg_control_system();`,
    `insert into ${name}.retention (name) values ('forever');`,
    "commit;",
  ].join("\n");
}

/** The statements that take capture off every audited table, table by table, and then the script that removes the rest. */
export async function uninstallSteps(audit: AuditDatabase): Promise<{
  readonly tables: readonly {
    readonly name: string;
    readonly oid: number;
    readonly statements: readonly string[];
  }[];
  readonly script: string;
}> {
  const tables = [];
  for (const relation of await listRelations(audit)) {
    if (relation.dropped || !relation.enabled) continue;
    tables.push({
      name: `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.table)}`,
      oid: relation.oid,
      statements: await disableStatements(audit, relation, "uninstalled"),
    });
  }
  return { tables, script: uninstallScript(audit.installation.schema) };
}

async function refuseForeignSchema(sql: Sql, schema: string): Promise<void> {
  const stranger = (await listStrangersSchemas(sql)).find(({ name }) => name === schema);
  if (stranger) throw strangersSchemaRefusal(stranger);
  const [foreign] = await sql`select from pg_namespace where nspname = ${schema}`;
  if (foreign) {
    throw refusal(
      `Schema ${quoteIdentifier(schema)} exists and is not ours; nothing in it was touched.`,
      "Choose another name: audit init --audit-schema audit_trail",
    );
  }
}

async function refuseStrangersObjects(sql: Sql, schema: string): Promise<void> {
  const found = await findStrangersObject(sql, schema);
  if (found) {
    throw refusal(
      `Schema ${quoteIdentifier(schema)} holds what is not ours: ${safeText(found.description)}, which belongs to role ${quoteIdentifier(found.owner)}; nothing was changed.`,
      "It would run with the rights of whoever uses the audit trail. Drop it, then run audit init again.",
    );
  }
}

/** The server alters no table of which a partition is on its way out. */
async function refuseHalfDetached(sql: Sql, schema: string): Promise<void> {
  const [segment] = await sql<{ name: string }[]>`
    select class.relname as name
    from pg_inherits as member
    join pg_class as class on class.oid = member.inhrelid
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where namespace.nspname = ${schema} and member.inhdetachpending`;
  if (segment) {
    const name = quoteIdentifier(schema);
    throw refusal(
      `An audit prune was cut off while it took the segment ${name}.${segment.name} out of the log; nothing was changed.`,
      `Let it end, then run audit init again: alter table ${name}.change detach partition ${name}.${segment.name} finalize`,
    );
  }
}

/** Roles that are there already are of no use to an installer who cannot hand functions over to them. */
function trial({ isSuperuser }: Connection): string {
  if (isSuperuser) return "";
  return "grant audit_writer, audit_truncate to current_user; revoke audit_writer, audit_truncate from current_user;";
}

/** Runs a script for which the rights may be missing: false, and nothing done, where they are. */
async function permitted(sql: Sql, script: string): Promise<boolean> {
  await sql.unsafe("savepoint attempt");
  try {
    await sql.unsafe(script);
    await sql.unsafe("release savepoint attempt");
    return true;
  } catch (error) {
    if (sqlStateOf(error) !== "42501") throw error;
    await sql.unsafe("rollback to savepoint attempt");
    return false;
  }
}

async function writeInstallation(
  sql: Sql,
  schema: string,
  roles: boolean,
  eventTriggers: boolean,
): Promise<void> {
  const object = objectsOf(sql, schema);
  // A new era where the database was restored into another cluster: there xids start anew.
  await sql`
    insert into ${object("installation")} (era, version, system_identifier, first_id, roles, event_triggers)
    select
      coalesce((select max(era) from ${object("installation")}), 0) + 1,
      ${version}, control.system_identifier,
      case
        when exists (select from ${object("installation")}) then nextval(${`${quoteIdentifier(schema)}.change_id`}::regclass)
        else 1
      end,
      ${roles}, ${eventTriggers}
    from pg_control_system() as control
    where control.system_identifier is distinct from (
      select system_identifier from ${object("installation")} order by era desc limit 1
    )`;
  await sql`
    update ${object("installation")}
    set version = ${version}, roles = ${roles}, event_triggers = ${eventTriggers}
    where era = (select max(era) from ${object("installation")})`;
  await sql`insert into ${object("retention")} (name) values ('forever') on conflict (name) do nothing`;
}

/**
 * Locks every audited table before anything of ours is locked, in the order in which writers come: a table, its
 * partitions, the log. The other way round a writer that has its table already would wait for the log, and init for
 * the table, until the server ends one of them. The tables are found by their triggers, for a former registry may be
 * stale or have other columns. One that may not be locked is left to refreshCapture, which fails where it needs it.
 */
async function lockAuditedTables(sql: Sql, schema: string): Promise<void> {
  const tables = await sql<{ name: string }[]>`
    select format('%I.%I', namespace.nspname, class.relname) as name
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where namespace.nspname <> ${schema}
      and has_table_privilege(class.oid, 'update, delete, truncate')
      and class.oid in (
        select trigger.tgrelid
        from pg_trigger as trigger
        join pg_proc as function on function.oid = trigger.tgfoid
        join pg_namespace as home on home.oid = function.pronamespace
        where home.nspname = ${schema}
      )
    order by class.relispartition, name`;
  if (tables.length === 0) return;
  await sql.unsafe(`lock table ${tables.map(({ name }) => name).join(", ")} in share row exclusive mode`);
}

/** Makes the trigger functions of all audited tables anew, as this version writes them. */
async function refreshCapture(connection: Connection, schema: string): Promise<void> {
  const { sql } = connection;
  const audit: AuditDatabase = {
    ...connection,
    installation: await readInstallation(connection, schema),
    object: objectsOf(sql, schema),
    logSchema: schema,
  };
  for (const relation of await listRelations(audit)) {
    if (!relation.enabled) continue;
    const [facts] = await readTables(sql, [relation.oid]);
    if (!facts) continue;
    for (const statement of await enableStatements(audit, {
      facts,
      relation: relation.id,
      existing: relation,
      settings: relation,
    })) {
      await sql.unsafe(statement);
    }
  }
}
