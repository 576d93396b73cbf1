import { toMicroseconds } from "../core/instant.ts";
import { firstStep, nextStep, type Reading, type Step, type Walk } from "../core/window.ts";
import type { Origin, TransactionSummary } from "../types.ts";
import { type ChangeFilter, filterCondition } from "./changeFilter.ts";
import { type Era, listEras } from "./eras.ts";
import type { AuditDatabase } from "./installation.ts";
import { findNewestId } from "./pages.ts";
import type { Relation } from "./registry.ts";

/** Which transactions to read, and which of their changes count. */
export interface TransactionFilter extends ChangeFilter {
  /** Changes of these tables only; undefined: of all. */
  readonly relations?: readonly number[] | undefined;
}

/** Registry entries by id: how the log's numbers become names. */
export type Names = ReadonlyMap<number, Pick<Relation, "schema" | "table">>;

/** How many summaries travel at once. */
const BATCH = 100;

/** So many transactions are remembered at a time, however many a window holds. */
const MOST = 5000;

/** Of a transaction that changes its actor or context all the time, so many of them are told. */
const MOST_ORIGINS = 20;

const TEXT = 25;

const ISO = 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM';

/** A transaction met in a window. */
interface Met {
  readonly tx: string;
  readonly lastId: string;
  readonly began: string | null;
  /** How many changes were looked at, over all transactions of the window. */
  readonly rows: string;
}

/** Changes to be grouped by their transactions. */
interface Stretch {
  readonly from: bigint | undefined;
  /** The first id after it. */
  readonly to: bigint | undefined;
  /** None of the changes is older, as ISO 8601. */
  readonly since?: string | undefined;
  /** Of these transactions only. */
  readonly only?: readonly string[] | undefined;
  /** Of these not. */
  readonly without?: readonly string[] | undefined;
}

/**
 * The transactions with a change that fits, in batches, each once, by their last such change: newest first. Walks the
 * log backwards in windows, so that the first comes at once and memory stays flat however long log and transactions
 * are. `newest` narrows to the newest so many.
 */
export async function* streamTransactions(
  audit: AuditDatabase,
  names: Names,
  filter: TransactionFilter,
  newest: number | undefined,
): AsyncGenerator<TransactionSummary[], void, undefined> {
  let left = newest ?? Number.POSITIVE_INFINITY;
  const newestId = await findNewestId(audit);
  for (const era of await listEras(audit)) {
    for await (const batch of walkEra(audit, names, filter, era, newestId, () => left)) {
      left -= batch.length;
      yield batch;
    }
    if (left === 0) return;
  }
}

/** The same, all of them, oldest first: the server sorts them, so the first comes when all of the log was read. */
export async function* streamTransactionsInOrder(
  audit: AuditDatabase,
  names: Names,
  filter: TransactionFilter,
): AsyncGenerator<TransactionSummary[], void, undefined> {
  for (const era of (await listEras(audit)).reverse()) {
    yield* summarize(audit, names, filter, era, { from: era.first, to: era.next }, { order: "oldest first" });
  }
}

/** What one transaction did. */
export async function summarizeTransaction(
  audit: AuditDatabase,
  names: Names,
  found: {
    readonly tx: string;
    readonly era: Era;
    readonly firstId: string;
    readonly lastId: string;
    readonly firstAt: string;
  },
): Promise<TransactionSummary | undefined> {
  const stretch = {
    from: BigInt(found.firstId),
    to: BigInt(found.lastId) + 1n,
    since: found.firstAt,
    only: [found.tx],
  };
  for await (const [summary] of summarize(audit, names, {}, found.era, stretch, { order: "newest first" }))
    return summary;
  return undefined;
}

async function* walkEra(
  audit: AuditDatabase,
  names: Names,
  filter: TransactionFilter,
  era: Era,
  newestId: bigint,
  left: () => number,
): AsyncGenerator<TransactionSummary[], void, undefined> {
  // Told already, while older changes of theirs may be met: the first change of each.
  const told = new Map<string, bigint>();
  const highest = era.next === undefined ? newestId : era.next - 1n;
  const walk: Walk = { lowest: era.first, highest, from: era.first, newestFirst: true };
  let step: Step | undefined = firstStep(walk);
  while (step !== undefined) {
    const start = performance.now();
    const { from } = step.window;
    const to = step.window.to ?? era.next;
    const limit = Math.min(MOST, left());
    const without = [...told.keys()];
    const met = await readMet(audit, filter, { from, to, without }, limit);
    const ms = performance.now() - start;
    if (met.some(({ began }) => began === null)) {
      // How far back these go is not known: one pass over the rest tells of all.
      const rest = { from: era.first, to, without };
      yield* summarize(audit, names, filter, era, rest, { order: "newest first", limit: left() });
      return;
    }
    if (met.length > 0) {
      const stretch = { from: era.first, to, since: earliestBeginning(met), only: met.map(({ tx }) => tx) };
      for await (const batch of summarize(audit, names, filter, era, stretch, { order: "newest first" })) {
        for (const { tx, firstId } of batch) told.set(tx, BigInt(firstId));
        yield batch;
      }
      if (left() === 0) return;
    }
    step =
      met.length < limit
        ? nextStep(walk, step, { rows: Number(met[0]?.rows ?? 0), ms })
        : nextStep(walk, ...endingWith(step, met));
    const border = step?.window.to;
    for (const [tx, firstId] of told) if (border === undefined || firstId >= border) told.delete(tx);
  }
}

/**
 * Where more transactions were met than are told at once, the window ends with the last of these, and held as many rows
 * as its share. What it took says nothing of that share.
 */
function endingWith(step: Step, met: readonly Met[]): [Step, Reading] {
  const { window, width } = step;
  const from = BigInt(met.at(-1)?.lastId ?? 0);
  const read = window.to === undefined ? width : window.to - from;
  const rows = Math.ceil((Number(met[0]?.rows ?? 0) * Number(read)) / Number(width));
  return [
    { window: { from, to: window.to }, width: read },
    { rows, ms: 0 },
  ];
}

/** The one to look from: none of their changes is older, for a transaction begins before it records. */
function earliestBeginning(met: readonly Met[]): string | undefined {
  const beginnings = met.flatMap(({ began }) => (began === null ? [] : [began]));
  return beginnings.reduce((one, other) => (toMicroseconds(one) <= toMicroseconds(other) ? one : other));
}

async function readMet(
  audit: AuditDatabase,
  filter: TransactionFilter,
  stretch: Stretch,
  limit: number,
): Promise<Met[]> {
  const { sql, object } = audit;
  return sql<Met[]>`
    select
      change.xid::text as tx, max(change.id)::text as "lastId",
      case when bool_and(change.began is not null) then to_char(min(change.began), ${ISO}) end as began,
      (sum(count(*)) over ())::text as rows
    from ${object("change")} as change
    where ${stretchCondition(audit, stretch)} ${fits(audit, filter)}
    group by change.xid
    order by max(change.id) desc
    limit ${limit}`;
}

function fits(audit: AuditDatabase, { relations, ...filter }: TransactionFilter) {
  const { sql } = audit;
  return sql`
    ${relations === undefined ? sql`` : sql`and change.relation = any (${sql.array(relations.map(String), TEXT)}::text[]::integer[])`}
    ${filterCondition(audit, filter)}`;
}

function stretchCondition({ sql }: AuditDatabase, { from, to, since, only, without = [] }: Stretch) {
  const list = (ids: readonly string[]) => sql`(${sql.array([...ids], TEXT)}::text[]::xid8[])`;
  return sql`
    true
    ${from === undefined ? sql`` : sql`and change.id >= ${String(from)}::bigint`}
    ${to === undefined ? sql`` : sql`and change.id < ${String(to)}::bigint`}
    ${since === undefined ? sql`` : sql`and change.at >= ${since}::text::timestamptz`}
    ${only === undefined ? sql`` : sql`and change.xid = any ${list(only)}`}
    ${without.length === 0 ? sql`` : sql`and change.xid <> all ${list(without)}`}`;
}

interface Row extends Omit<TransactionSummary, "era" | "changes" | "tables" | "origins" | "originCount"> {
  readonly changes: string;
  readonly tables: string;
  readonly origins: string;
  readonly originCount: string;
}

/** Groups the changes of a stretch by their transactions, within the server, and streams what comes of it. */
async function* summarize(
  audit: AuditDatabase,
  names: Names,
  filter: TransactionFilter,
  era: Era,
  stretch: Stretch,
  { order, limit }: { order: "newest first" | "oldest first"; limit?: number },
): AsyncGenerator<TransactionSummary[], void, undefined> {
  const { sql, object } = audit;
  const query = sql<Row[]>`
    with counted as (
      select
        change.xid, change.relation, change.op, change.actor, change.db_user, change.role, change.application,
        change.client_addr, change.context, min(change.began) as began, count(*) as changes,
        min(change.id) as first_id, max(change.id) as last_id, min(change.at) as first_at, max(change.at) as last_at
      from ${object("change")} as change
      where ${stretchCondition(audit, stretch)} ${fits(audit, filter)}
      group by change.xid, change.relation, change.op, change.actor, change.db_user, change.role, change.application,
        change.client_addr, change.context
    ), done as (
      select
        xid, min(began) as began, sum(changes) as changes, min(first_id) as first_id, max(last_id) as last_id,
        min(first_at) as first_at, max(last_at) as last_at
      from counted
      group by xid
      order by max(last_id) ${order === "newest first" ? sql`desc` : sql`asc`}
      ${Number.isFinite(limit) ? sql`limit ${limit ?? 0}` : sql``}
    ), table_counts as (
      select xid, relation, min(first_id) as place,
        coalesce(sum(changes) filter (where op = 'I'), 0) as inserts,
        coalesce(sum(changes) filter (where op = 'U'), 0) as updates,
        coalesce(sum(changes) filter (where op = 'D'), 0) as deletes,
        coalesce(sum(changes) filter (where op = 'T'), 0) as truncates
      from counted
      group by xid, relation
    ), tables as (
      select xid, jsonb_agg(jsonb_build_array(relation, inserts, updates, deletes, truncates) order by place) as list
      from table_counts
      group by xid
    ), origin_counts as (
      select xid, actor, db_user, role, application, client_addr, context, sum(changes) as changes,
        row_number() over (partition by xid order by min(first_id)) as place
      from counted
      group by xid, actor, db_user, role, application, client_addr, context
    ), origins as (
      select xid, count(*) as total,
        jsonb_agg(
          jsonb_build_array(actor, db_user, role, application, host(client_addr), context::text, changes)
          order by place
        ) filter (where place <= ${MOST_ORIGINS}) as list
      from origin_counts
      group by xid
    )
    select
      done.xid::text as tx, to_char(done.began, ${ISO}) as began,
      done.first_id::text as "firstId", done.last_id::text as "lastId",
      to_char(done.first_at, ${ISO}) as "firstAt", to_char(done.last_at, ${ISO}) as "lastAt",
      done.changes::text as changes, tables.list::text as tables,
      origins.list::text as origins, origins.total::text as "originCount"
    from done
    join tables using (xid)
    join origins using (xid)
    order by done.last_id ${order === "newest first" ? sql`desc` : sql`asc`}`;
  for await (const rows of query.cursor(BATCH)) yield rows.map((row) => toSummary(row, era.era, names));
}

type OriginRow = [string | null, string, string | null, string | null, string | null, string | null, number];

function toSummary(row: Row, era: number, names: Names): TransactionSummary {
  const tables = JSON.parse(row.tables) as [number, number, number, number, number][];
  const origins = JSON.parse(row.origins) as OriginRow[];
  return {
    ...row,
    era,
    changes: Number(row.changes),
    tables: tables.map(([relation, insert, update, del, truncate]) => ({
      ...nameOf(names, relation),
      insert,
      update,
      delete: del,
      truncate,
    })),
    origins: origins.map(([actor, dbUser, role, application, clientAddr, context, changes]) => ({
      actor,
      dbUser,
      role,
      application,
      clientAddr,
      context: context === null ? null : (JSON.parse(context) as Origin["context"]),
      changes,
    })),
    originCount: Number(row.originCount),
  };
}

/** Every change has its entry in the registry; one that has lost it is told by its number. */
export function nameOf(names: Names, relation: number): Pick<Relation, "schema" | "table"> {
  const { schema, table } = names.get(relation) ?? { schema: "", table: `relation:${relation}` };
  return { schema, table };
}
