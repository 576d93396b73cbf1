import type { TestSql } from "../helpers/client.ts";
import type { PastHistory } from "./making.ts";
import type { TrueRow } from "./truth.ts";
import { exactSettings } from "./truth.ts";
import { readWalLine, truncatedTables } from "./walText.ts";
import type { LiveTable, World } from "./world.ts";

/** What set a value, by the server's own log. */
export interface WalBlame {
  readonly tx: string;
  readonly op: "INSERT" | "UPDATE";
  /** What the value was before; undefined for a row that was new. */
  readonly previous: string | null | undefined;
}

/** A row that is there, and for each column, by attribute number, what set its value; nothing where the log does not tell. */
export interface WalRow {
  readonly values: TrueRow;
  readonly blame: ReadonlyMap<number, WalBlame>;
  /** How often something of it was set. */
  readonly writes: number;
}

/** The tables of a session's view as they were from a position of the WAL on. */
export interface WalView {
  readonly from: bigint;
  readonly world: World;
}

/**
 * Begins to keep what the server writes to its own log; waits for whatever transactions are open on the server. False
 * where the server does not write enough to tell changes from it.
 */
export async function keepWal(sql: TestSql): Promise<boolean> {
  const [level] = await sql`show wal_level`;
  if (level?.wal_level !== "logical") return false;
  await sql`select pg_create_logical_replication_slot(current_database(), 'test_decoding')`;
  return true;
}

export async function forgetWal(sql: TestSql): Promise<void> {
  await sql`select pg_drop_replication_slot(current_database())`;
}

/** Where the WAL ends now, as a number. */
export async function walPosition(sql: TestSql): Promise<bigint> {
  const [row] = await sql<{ at: string }[]>`select (pg_current_wal_insert_lsn() - '0/0')::text as at`;
  return BigInt(row?.at ?? 0);
}

/**
 * Lets what the WAL tells happen to the rows of the first boundary: independently of the audit, the rows of each table,
 * by oid, with what set their values. Tables with partitions are left out: a row that moves looks like two. Takes
 * what was kept.
 */
export async function replayWal(
  sql: TestSql,
  { world, boundaries, views }: PastHistory,
): Promise<ReadonlyMap<number, readonly WalRow[]>> {
  const tables = world.tables.filter(({ design }) => design.kind !== "parts");
  const first = boundaries[0]?.byTag.state;
  const rows = new Map(
    tables.map((table): [number, WalRow[]] => [
      table.oid,
      (first?.get(table.oid)?.rows ?? []).map((values) => ({ values, blame: new Map(), writes: 0 })),
    ]),
  );
  for (const { at, tx, line } of await readWal(sql, world.schema)) {
    const view = views.findLast(({ from }) => from <= at);
    if (view === undefined) continue;
    for (const name of truncatedTables(line)) rows.get(tableCalled(view.world, name)?.oid ?? 0)?.splice(0);
    const change = readWalLine(line);
    const table = change && tableCalled(view.world, change.table);
    const present = table && rows.get(table.oid);
    if (!change || !table || !present) continue;
    const old = numbered(table, change.old);
    const after = numbered(table, change.new);
    const left = change.op === "INSERT" ? undefined : take(table, present, old);
    if (change.op === "DELETE") continue;
    const blame = new Map(left?.blame);
    for (const [attnum, value] of after) {
      const previous = left && (old.get(attnum) ?? null);
      if (previous !== value) blame.set(attnum, { tx, op: left ? "UPDATE" : "INSERT", previous });
    }
    present.push({ values: after, blame, writes: (left?.writes ?? 0) + 1 });
  }
  return rows;
}

async function readWal(sql: TestSql, schema: string): Promise<{ at: bigint; tx: string; line: string }[]> {
  const lines = await sql.begin(async (transaction) => {
    await transaction.unsafe(exactSettings);
    return transaction<{ at: string; tx: string; line: string }[]>`
      select (lsn - '0/0')::text as at, xid::text as tx, data as line
      from pg_logical_slot_get_changes(current_database(), null, null)
      where data like ${`table ${schema}.%`} or data like '%: TRUNCATE:%'`;
  });
  return lines.map(({ at, tx, line }) => ({ at: BigInt(at), tx, line }));
}

function tableCalled({ tables }: World, name: string): LiveTable | undefined {
  return tables.find((table) => table.name === name);
}

function numbered(table: LiveTable, values: ReadonlyMap<string, string | null>): TrueRow {
  return new Map(
    table.columns.flatMap(({ attnum, name }) => {
      const value = values.get(name);
      return value === undefined ? [] : [[attnum, value] as const];
    }),
  );
}

/**
 * Takes out the row that was so. ALTER TYPE may have given values another text since, and under a deferrable key two
 * rows may have one key for a while: of those with the key, the one most like it.
 */
function take(table: LiveTable, rows: WalRow[], old: TrueRow): WalRow | undefined {
  const likeness = ({ values }: WalRow) =>
    table.columns.filter(({ attnum }) => (values.get(attnum) ?? null) === (old.get(attnum) ?? null)).length;
  const candidates = rows.filter(({ values }) =>
    table.key.every((attnum) => (values.get(attnum) ?? null) === (old.get(attnum) ?? null)),
  );
  const [found] = candidates.toSorted((one, other) => likeness(other) - likeness(one));
  if (found) rows.splice(rows.indexOf(found), 1);
  return found;
}
