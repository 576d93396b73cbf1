import type { ConnectionOptions } from "../commands/options.ts";
import { type Connection, type Sql, withDatabase } from "../connection/connect.ts";
import { sqlStateOf } from "../connection/failure.ts";
import { parseIdentifier, quoteIdentifier } from "../core/name.ts";
import { ExitCode, refusal, UserError, usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { version } from "../version.ts";
import type { Need } from "./need.ts";
import { isTrusted } from "./trust.ts";

/** How our schema is found again, whatever it is called; schema.sql writes it. */
const SCHEMA_COMMENT = "Audit trail of this database, kept by pgtrail%";

/** One installation of ours in a database, as its newest era describes it. */
export interface Installation {
  readonly schema: string;
  readonly version: string;
  /** Whether trigger functions belong to the audit roles. */
  readonly roles: boolean;
  /** Whether DDL is followed by event triggers. */
  readonly eventTriggers: boolean;
}

/** A connection to a database that has an installation. */
export interface AuditDatabase extends Connection {
  readonly installation: Installation;
  /** One of our objects as a fragment for a query, qualified: `from ${audit.object("change")}`. */
  readonly object: (name: string) => ReturnType<Sql["unsafe"]>;
  /** The schema whose log is read: ours, or one that shows archived changes beside it. */
  readonly logSchema: string;
  /** Brings the archived changes that a question needs within its reach; undefined where no archive is read. */
  readonly need?: ((need: Need) => Promise<void>) | undefined;
}

/**
 * Opens the database and its installation. Exit 5 where there is none, or (for commands that write) where it
 * was made by a newer version of this tool; exit 2 where there are several and none was named.
 */
export async function withAudit<T>(
  options: ConnectionOptions & { readonly writes?: boolean },
  io: Io,
  work: (audit: AuditDatabase) => Promise<T>,
): Promise<T> {
  return withDatabase(options, io, async (connection) => {
    const schema = await findSchema(connection, options, io);
    const installation = await readInstallation(connection, schema);
    if (options.writes && isNewer(installation.version, version)) {
      throw refusal(
        `The installation in schema ${quoteIdentifier(schema)} is of version ${installation.version}, this tool is ${version}.`,
        "Upgrade the tool: npm install -g pgtrail",
      );
    }
    try {
      return await work({
        ...connection,
        installation,
        object: objectsOf(connection.sql, schema),
        logSchema: schema,
      });
    } catch (error) {
      throw isMissing(error) && isNewer(version, installation.version) ? notUpgraded(installation) : error;
    }
  });
}

/**
 * Whether the server does not know a table, column or function of a query. What was typed is held against the server by
 * itself and told as what it is (a UserError), so that it can only be one of ours.
 */
function isMissing(error: unknown): boolean {
  return ["42P01", "42703", "42883"].includes(sqlStateOf(error) ?? "");
}

function notUpgraded({ schema, version: installed }: Installation): UserError {
  return refusal(
    `The installation in schema ${quoteIdentifier(schema)} is of version ${installed}, this tool is ${version} and needs what that did not have.`,
    "Upgrade the installation, which keeps all that is recorded: audit init",
  );
}

/** Our objects by name, as query fragments that carry the schema. */
export function objectsOf(sql: Sql, schema: string): AuditDatabase["object"] {
  return (name) => sql.unsafe(`${quoteIdentifier(schema)}.${quoteIdentifier(name)}`);
}

/** The schemas of all installations in this database. One that a stranger laid down is none: see isTrusted. */
export async function listInstallations(sql: Sql): Promise<string[]> {
  const rows = await listMarkedSchemas(sql);
  return rows.filter(({ trusted }) => trusted).map(({ name }) => name);
}

/** A schema that looks like an installation of ours, whose owner is not to be trusted. */
export interface StrangersSchema {
  readonly name: string;
  readonly owner: string;
}

/** The schemas that carry our mark and belong to a stranger. */
export async function listStrangersSchemas(sql: Sql): Promise<StrangersSchema[]> {
  const rows = await listMarkedSchemas(sql);
  return rows.filter(({ trusted }) => !trusted);
}

async function listMarkedSchemas(sql: Sql): Promise<(StrangersSchema & { readonly trusted: boolean })[]> {
  return sql<(StrangersSchema & { trusted: boolean })[]>`
    select
      namespace.nspname as name,
      pg_get_userbyid(namespace.nspowner) as owner,
      ${isTrusted(sql, "namespace.nspowner")} as trusted
    from pg_namespace as namespace
    join pg_class as class on class.relnamespace = namespace.oid and class.relname = 'installation'
    where obj_description(namespace.oid, 'pg_namespace') like ${SCHEMA_COMMENT}
    order by namespace.nspname`;
}

/** What is wrong with a stranger's schema, and what to do. */
export function strangersSchemaRefusal({ name, owner }: StrangersSchema): UserError {
  return refusal(
    `Schema ${quoteIdentifier(name)} looks like an audit trail, but belongs to role ${quoteIdentifier(owner)}, who is neither a superuser nor the database's owner nor you; nothing in it was touched.`,
    `What lies in it would run with your rights. Install under another name (audit init --audit-schema audit_trail), or drop it: drop schema ${quoteIdentifier(name)} cascade`,
  );
}

/** The schema that was asked for, by flag or AUDIT_SCHEMA; undefined where it is left to us. */
export function askedSchema(options: ConnectionOptions, io: Io): string | undefined {
  const asked = options.auditSchema ?? (io.env.AUDIT_SCHEMA || undefined);
  return asked === undefined ? undefined : parseIdentifier(asked);
}

async function findSchema(connection: Connection, options: ConnectionOptions, io: Io): Promise<string> {
  const asked = askedSchema(options, io);
  const found = await listInstallations(connection.sql);
  const others = found.map(quoteIdentifier).join(", ");
  if (asked !== undefined) {
    if (found.includes(asked)) return asked;
    const stranger = (await listStrangersSchemas(connection.sql)).find(({ name }) => name === asked);
    if (stranger) throw strangersSchemaRefusal(stranger);
    throw refusal(
      `There is no audit trail in schema ${quoteIdentifier(asked)} of database "${connection.database}".`,
      found.length > 0 ? `There is one in: ${others}.` : "Install it with: audit init",
    );
  }
  const [only, second] = found;
  if (only === undefined) {
    const [stranger] = await listStrangersSchemas(connection.sql);
    if (stranger) throw strangersSchemaRefusal(stranger);
    throw refusal(`Database "${connection.database}" has no audit trail.`, "Install it with: audit init");
  }
  if (second !== undefined) {
    throw usageError(
      `Database "${connection.database}" has several audit trails: ${others}.`,
      "Choose one with --audit-schema.",
    );
  }
  return only;
}

/** Reads the newest era's row. Exit 5 where the schema is there and its table cannot be used. */
export async function readInstallation({ sql, user }: Connection, schema: string): Promise<Installation> {
  const table = objectsOf(sql, schema)("installation");
  const [access] = await sql<{ readable: boolean }[]>`
    select has_schema_privilege(namespace.oid, 'usage') and has_table_privilege(class.oid, 'select') as readable
    from pg_namespace as namespace
    join pg_class as class on class.relnamespace = namespace.oid and class.relname = 'installation'
    where namespace.nspname = ${schema}`;
  if (access?.readable === false) {
    throw new UserError(
      ExitCode.Surroundings,
      `Role ${quoteIdentifier(user)} may not read the audit trail in schema ${quoteIdentifier(schema)}.`,
      { hint: `A superuser can allow it with: grant audit_reader to ${quoteIdentifier(user)}` },
    );
  }
  const [row] = await sql<{ version: string; roles: boolean; event_triggers: boolean }[]>`
    select version, roles, event_triggers
    from ${table}
    order by era desc
    limit 1`;
  if (row === undefined) {
    throw refusal(
      `The audit trail in schema ${quoteIdentifier(schema)} is only half installed: its table installation is empty.`,
      `Look at what it holds, then remove it (drop schema ${quoteIdentifier(schema)} cascade) and install anew: audit init`,
    );
  }
  return { schema, version: row.version, roles: row.roles, eventTriggers: row.event_triggers };
}

/** Whether one dotted version is greater than another. */
export function isNewer(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => text.split(".").map(Number));
  for (let place = 0; place < 3; place++) {
    const difference = (left?.[place] ?? 0) - (right?.[place] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
