import type { Sql } from "../connection/connect.ts";
import { sqlStateOf } from "../connection/failure.ts";
import { quoteIdentifier } from "../core/name.ts";
import { ExitCode, UserError } from "../errors.ts";
import { type AuditDatabase, objectsOf } from "./installation.ts";
import { isReader, readersScript } from "./templates.ts";

/** Where archived changes lie while they are read: among the session's temporary objects. */
const ARCHIVED_TABLE = "archived_change";

/** A log that shows archived changes beside those of the database, for the rest of the transaction. */
export interface ArchivedLog {
  /** The installation, read through that log. */
  readonly audit: AuditDatabase;
  /** The table to put archived changes into, as SQL. */
  readonly table: string;
  /** Makes what was put there quick to find. From the first time on nothing can be written but more of it. */
  readonly settle: () => Promise<void>;
}

/**
 * Lays a log of our own beside the installation's, within a transaction that is to be rolled back: a temporary table for
 * archived changes, views `change` and `relation` that show both, and the functions that read them. The real log is only
 * read: nobody waits for us, nothing is written to it, and a session that dies leaves nothing. `held` are the segments
 * whose archived changes can be had: horizons are those of all others. Exit 4 where temporary tables are not permitted.
 */
export async function layArchivedLog(audit: AuditDatabase, held: readonly number[]): Promise<ArchivedLog> {
  const { sql, installation } = audit;
  const home = quoteIdentifier(installation.schema);
  await createTable(audit, home);
  // Nothing of ours is in anybody's way, and a reader may take its time over a page.
  await sql`select set_config('idle_in_transaction_session_timeout', '0', true)`;
  const [place] = await sql<{ schema: string }[]>`
    select nspname as schema from pg_namespace where oid = pg_my_temp_schema()`;
  if (place === undefined) throw new Error("the server did not say where its temporary objects lie");
  const log = quoteIdentifier(place.schema);
  const columns = (await columnsOf(sql, `${home}.change`)).map((name) => `change.${name}`).join(", ");
  const registered = (await columnsOf(sql, `${home}.relation`)).map((name) =>
    name === "horizon_at" ? horizon(home, held) : `relation.${name}`,
  );
  await sql.unsafe(`
    create temporary view change as
      select ${columns}, change.ctid from ${home}.change
      union all
      select ${columns}, change.ctid from ${log}.${ARCHIVED_TABLE} as change;
    create temporary view relation as select ${registered.join(", ")} from ${home}.relation`);
  await sql.unsafe(readersScript(place.schema, installation.schema));
  const [own, ours] = [objectsOf(sql, place.schema), objectsOf(sql, installation.schema)];
  const table = `${log}.${ARCHIVED_TABLE}`;
  let settled = false;
  return {
    audit: {
      ...audit,
      object: (name) => (isReader(name) ? own(name) : ours(name)),
      logSchema: place.schema,
    },
    table,
    settle: async () => {
      if (!settled) {
        await sql.unsafe(`
          create index on ${table} (relation, key, id);
          create index on ${table} (relation, old_key, id) where old_key is not null;
          create index on ${table} (id)`);
        settled = true;
      }
      await sql.unsafe(`analyze ${table}; set transaction read only`);
    },
  };
}

/** The greatest instant of what went from this table into archives that are not at hand, or into none. */
function horizon(home: string, held: readonly number[]): string {
  return `greatest(relation.lost_at, (
    select max(gone.gone_at) from ${home}.segment_relation as gone
    where gone.relation = relation.id and gone.segment <> all ('{${held.join(",")}}'::integer[])
  )) as horizon_at`;
}

async function columnsOf(sql: Sql, qualified: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select quote_ident(attribute.attname) as name
    from pg_attribute as attribute
    where attribute.attrelid = ${qualified}::text::regclass and attribute.attnum > 0 and not attribute.attisdropped
    order by attribute.attnum`;
  return rows.map(({ name }) => name);
}

/** Without the place in the log: what was archived has none any more. */
async function createTable({ sql, user, database }: AuditDatabase, home: string): Promise<void> {
  try {
    await sql.unsafe(`create temporary table ${ARCHIVED_TABLE} as select * from ${home}.change with no data`);
  } catch (error) {
    const state = sqlStateOf(error);
    if (state === "42501")
      throw new UserError(
        ExitCode.Surroundings,
        `Role ${quoteIdentifier(user)} may not create temporary tables in database ${quoteIdentifier(database)}, and archived changes are read into one.`,
        {
          hint: `Allow it: grant temporary on database ${quoteIdentifier(database)} to ${quoteIdentifier(user)}`,
          cause: error,
        },
      );
    if (state === "25006")
      throw new UserError(
        ExitCode.Surroundings,
        "This server takes no writes, being a standby or read-only, and archived changes are read into a temporary table.",
        { hint: "Read the archive by way of the primary server.", cause: error },
      );
    throw error;
  }
}
