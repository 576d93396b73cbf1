import { losesRows, netOf } from "../core/net.ts";
import type { TransactionNet } from "../core/tracks.ts";
import type { Image } from "../types.ts";
import { presentNames } from "./between.ts";
import { presentImages } from "./carryOut.ts";
import {
  type ChangeRow,
  changeColumns,
  type PlacedChange,
  type TableChange,
  toChange,
} from "./changeRows.ts";
import type { AuditDatabase } from "./installation.ts";
import { type RepairOperation, readRepairs } from "./operation.ts";
import type { Relation } from "./registry.ts";
import { inRowOrder } from "./rowOrder.ts";
import type { FoundTransaction } from "./transaction.ts";

/** What became of the rows that transactions touched. */
export interface Followed {
  /** These and all later ones that came to the same rows, in the order in which they did. */
  readonly transactions: readonly TransactionNet[];
  /** The last change of each. */
  readonly last: ReadonlyMap<string, TableChange>;
  /** Those among them that put rows back. */
  readonly repairs: ReadonlyMap<string, RepairOperation>;
  /** The rows that are there now under all keys that these rows ever had. */
  readonly present: ReadonlyMap<string, Image>;
}

/**
 * Follows the rows that transactions of the present era touched in a table, through changes of their keys, from the first of
 * these transactions to now. Holds all changes of these rows in memory. Present values of columns that are not to be seen are left
 * out.
 */
export async function followRows(
  audit: AuditDatabase,
  relation: Relation,
  found: readonly FoundTransaction[],
): Promise<Followed> {
  const firstId = found.map((one) => BigInt(one.firstId)).reduce((one, other) => (one < other ? one : other));
  const source = await presentNames(audit, relation, [`change.id >= ${firstId}`]);
  const changes = new Map<string, PlacedChange>();
  const keys = new Set<string>();
  let fresh = await touchedKeys(audit, relation, found);
  while (fresh.length > 0) {
    for (const key of fresh) keys.add(key);
    const read = await readChanges(audit, relation, source, fresh);
    for (const change of read) changes.set(change.id, change);
    const met = read.flatMap(({ key, oldKey }) => [key, oldKey]);
    fresh = [...new Set(met)].filter((key): key is string => key !== null && !keys.has(key));
  }
  for (const change of await readChanges(audit, relation, source, [])) changes.set(change.id, change);
  const sorted = [...changes.values()].sort((one, other) => (BigInt(one.id) < BigInt(other.id) ? -1 : 1));
  const byTransaction = new Map<string, TableChange[]>();
  for (const change of await inRowOrder(audit, sorted)) {
    const own = byTransaction.get(change.tx) ?? [];
    byTransaction.set(change.tx, own);
    own.push(change);
  }
  // Who comes to a row waits for whoever was there to be done: so the last changes tell the order.
  const last = new Map(sorted.map((change) => [change.tx, change]));
  const order = [...last.values()].sort((one, other) => (BigInt(one.id) < BigInt(other.id) ? -1 : 1));
  const repairs = await readRepairs(audit, [...last.keys()]);
  return {
    transactions: order.map(({ tx }) => {
      const own = byTransaction.get(tx) ?? [];
      return { tx, net: netOf(own), cleared: own.some(losesRows), repairs: repairs.has(tx) };
    }),
    last,
    repairs,
    present: await presentImages(audit, relation, [...keys], [...relation.excluded, ...relation.redacted]),
  };
}

async function touchedKeys(
  { sql, object }: AuditDatabase,
  relation: Relation,
  found: readonly FoundTransaction[],
): Promise<string[]> {
  const keys = new Set<string>();
  for (const { tx, firstId, lastId, firstAt, lastAt } of found) {
    const rows = await sql<{ key: string }[]>`
      select distinct part.key
      from ${object("change")} as change
      cross join lateral unnest(array[change.key, change.old_key]) as part (key)
      where change.relation = ${relation.id} and change.xid = ${tx}::text::xid8
        and change.id between ${firstId}::bigint and ${lastId}::bigint
        and change.at between ${firstAt}::text::timestamptz and ${lastAt}::text::timestamptz
        and part.key is not null`;
    for (const { key } of rows) keys.add(key);
  }
  return [...keys];
}

/** The changes under these keys; without one, truncations that kept no row. */
async function readChanges(
  audit: AuditDatabase,
  relation: Relation,
  source: string,
  keys: readonly string[],
): Promise<PlacedChange[]> {
  const { sql } = audit;
  const list = sql.array([...keys], 25);
  const rows = await sql<ChangeRow[]>`
    select ${changeColumns(audit)}
    from ${sql.unsafe(source)} as change
    where ${
      keys.length === 0
        ? sql`change.op = 'T' and change.key is null and change.old is null`
        : sql`change.key = any (${list}::text[]) or change.old_key = any (${list}::text[])`
    }`;
  return rows.map((row) => toChange(row, relation));
}
