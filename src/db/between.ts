import { quoteIdentifier } from "../core/name.ts";
import { losesRows, netOf } from "../core/net.ts";
import type { Change, Instant, RowDifference } from "../types.ts";
import { type ChangeRow, changeColumns, type PlacedChange, toChange } from "./changeRows.ts";
import type { AuditDatabase } from "./installation.ts";
import { literal } from "./literal.ts";
import type { Relation } from "./registry.ts";
import { inRowOrder } from "./rowOrder.ts";
import type { FoundTransaction } from "./transaction.ts";

/** Two instants, the earlier one first. */
export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/** A row that goes by another key at the later instant. */
export interface Move {
  readonly origin: string;
  readonly key: string;
}

const BATCH = 500;

/**
 * SQL text of the changes of a table between two instants, for a FROM clause: those that were not done at the earlier one,
 * and were at the later. Their columns are called as they are today.
 */
export async function changesBetween(
  audit: AuditDatabase,
  relation: Relation,
  { from, to }: Span,
): Promise<string> {
  const { sql, object } = audit;
  const [bounds] = await sql<{ later: string; straddling: string | null; done: string }[]>`
    select first.later, first.straddling,
      concat('not (', second.later, ')', ' and (' || second.straddling || ') is not true') as done
    from ${object("_undone")}(${from.at}::text::timestamptz, ${from.tag ?? null}::text) as first
    cross join ${object("_undone")}(${to.at}::text::timestamptz, ${to.tag ?? null}::text) as second`;
  if (!bounds) throw new Error("the server did not say what lies between two instants");
  const parts = [bounds.later, bounds.straddling].filter((part) => part !== null);
  return presentNames(
    audit,
    relation,
    parts.map((part) => `(${part}) and ${bounds.done}`),
  );
}

/** SQL text of the changes that a transaction made to a table, as changesBetween. */
export async function changesOfTransaction(
  audit: AuditDatabase,
  relation: Relation,
  { tx, firstId, lastId, firstAt, lastAt }: FoundTransaction,
): Promise<string> {
  const bounds = [
    `change.xid = ${literal(tx)}`,
    `change.id between ${BigInt(firstId)} and ${BigInt(lastId)}`,
    `change.at between ${literal(firstAt)} and ${literal(lastAt)}`,
  ];
  return presentNames(audit, relation, [bounds.join(" and ")]);
}

/** Changes in the order of their effects, as far as a batch tells; of one row only where a key is given. */
export async function* streamChanges(
  audit: AuditDatabase,
  relation: Relation,
  source: string,
  key?: string,
): AsyncGenerator<Change[], void, undefined> {
  const { sql } = audit;
  const narrowed = key === undefined ? sql`` : sql`where change.key = ${key} or change.old_key = ${key}`;
  const query = sql<ChangeRow[]>`
    select ${changeColumns(audit)}
    from ${sql.unsafe(source)} as change
    ${narrowed}
    order by change.id`;
  for await (const rows of query.cursor(BATCH))
    yield inRowOrder(
      audit,
      rows.map((row) => toChange(row, relation)),
    );
}

/**
 * What the changes come to, row by row: memory holds one row's changes, and those of all rows whose keys changed. Says
 * by `onLoss` that rows were removed which the log does not hold.
 */
export async function* streamNet(
  audit: AuditDatabase,
  relation: Relation,
  source: string,
  { key, onLoss }: { readonly key?: string | undefined; readonly onLoss: () => void },
): AsyncGenerator<RowDifference[], void, undefined> {
  const { sql } = audit;
  const apart = await keysOfMoves(audit, source);
  const [own, others] = await readTurns(audit, relation, source, apart);
  const losses = others.filter(losesRows);
  if (losses.length > 0) onLoss();
  const wanted = (difference: RowDifference) => key === undefined || isOf(difference, key);
  const moved = netOf(await inRowOrder(audit, own)).filter(wanted);
  if (moved.length > 0) yield moved;
  const query = sql<ChangeRow[]>`
    select ${changeColumns(audit)}
    from (
      select change.*, min(change.id) over (partition by change.key) as began
      from ${sql.unsafe(source)} as change
      where change.key is not null and change.key <> all (${sql.array([...apart], 25)}::text[])
        ${key === undefined ? sql`` : sql`and change.key = ${key}`}
    ) as change
    order by change.began, change.id`;
  let group: PlacedChange[] = [];
  const net = async () =>
    netOf(await inRowOrder(audit, losses.length > 0 ? byId([...group, ...losses]) : group));
  for await (const rows of query.cursor(BATCH)) {
    const found: RowDifference[] = [];
    for (const change of rows.map((row) => toChange(row, relation))) {
      if (group[0] && group[0].key !== change.key) {
        found.push(...(await net()));
        group = [];
      }
      group.push(change);
    }
    if (found.length > 0) yield found;
  }
  if (group.length > 0) yield await net();
  if (key === undefined) yield* keyless(audit, relation, source);
}

/** Whether a difference is one of the row that had, or has, this key. */
export function isOf(difference: RowDifference, key: string): boolean {
  return difference.key === key || (difference.kind === "changed" && difference.oldKey === key);
}

/** The rows that go by another key after the changes. Reads those of the keys concerned alone. */
export async function findMoves(
  audit: AuditDatabase,
  relation: Relation,
  source: string,
): Promise<readonly Move[]> {
  const keys = await keysOfMoves(audit, source);
  if (keys.length === 0) return [];
  const [own] = await readTurns(audit, relation, source, keys);
  return netOf(await inRowOrder(audit, own)).flatMap((difference) =>
    difference.kind === "changed" && difference.oldKey !== undefined && difference.key !== null
      ? [{ origin: difference.oldKey, key: difference.key }]
      : [],
  );
}

async function keysOfMoves({ sql }: AuditDatabase, source: string): Promise<string[]> {
  const rows = await sql<{ key: string }[]>`
    select unnest(array[change.key, change.old_key]) as key
    from ${sql.unsafe(source)} as change
    where change.old_key is not null
    group by 1`;
  return rows.map(({ key }) => key);
}

/** The changes under these keys with the truncations that kept no row, and the latter alone. */
async function readTurns(
  audit: AuditDatabase,
  relation: Relation,
  source: string,
  keys: readonly string[],
): Promise<[own: PlacedChange[], others: PlacedChange[]]> {
  const { sql } = audit;
  const rows = await sql<ChangeRow[]>`
    select ${changeColumns(audit)}
    from ${sql.unsafe(source)} as change
    where change.key = any (${sql.array([...keys], 25)}::text[])
      or (change.op = 'T' and change.key is null and change.old is null)
    order by change.id`;
  const changes = rows.map((row) => toChange(row, relation));
  return [changes, changes.filter(({ key }) => key === null)];
}

async function* keyless(audit: AuditDatabase, relation: Relation, source: string) {
  if (relation.keyFrom !== "none") return;
  for await (const changes of streamChanges(audit, relation, source)) yield netOf(changes);
}

function byId(changes: readonly PlacedChange[]): PlacedChange[] {
  return [...changes].sort((one, other) => (BigInt(one.id) < BigInt(other.id) ? -1 : 1));
}

/**
 * SQL text of the changes of a table that fit one of the conditions on `change`, as changesBetween. The conditions part
 * the changes: each is sought by its own bounds.
 */
export async function presentNames(
  audit: AuditDatabase,
  relation: Relation,
  conditions: readonly string[],
): Promise<string> {
  const ours = quoteIdentifier(audit.logSchema);
  const image = (await wasRenamed(audit, relation))
    ? (side: string) =>
        `case when change.${side} is not null then ${ours}._rename(change.${side}, ${relation.id}, ${relation.oid}, change.id) end as ${side}`
    : (side: string) => `change.${side}`;
  const parts = conditions.map(
    (condition) => `
      select change.id, change.at, change.xid, change.op, change.key, change.old_key, ${image("old")}, ${image("new")},
        change.actor, change.db_user, change.role, change.application, change.client_addr, change.context,
        change.old_tid, change.new_tid
      from ${ours}.change as change
      where change.relation = ${relation.id} and ${condition}`,
  );
  return `(${parts.join(" union all ")})`;
}

/** Whether a column has, or a name meant, more than one in the table's life. */
async function wasRenamed({ sql, object }: AuditDatabase, relation: Relation): Promise<boolean> {
  if (relation.dropped) return false;
  const [found] = await sql<{ renamed: boolean }[]>`
    select exists (
      select
      from (
        select shape.attnum, shape.name from ${object("relation_shape")} as shape where shape.relation = ${relation.id}
        union
        select attribute.attnum, attribute.attname::text
        from pg_attribute as attribute
        where attribute.attrelid = ${relation.oid}::oid and attribute.attnum > 0 and not attribute.attisdropped
      ) as called
      group by grouping sets (called.attnum, called.name)
      having count(*) > 1
    ) as renamed`;
  return found?.renamed ?? false;
}
