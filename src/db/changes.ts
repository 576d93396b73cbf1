import {
  belongs,
  learnTurns,
  lifeOf,
  mergeChanges,
  neededTurns,
  type Request,
  startLife,
  type Turn,
} from "../core/life.ts";
import type { Change, Op } from "../types.ts";
import { type ChangeFilter, filterCondition } from "./changeFilter.ts";
import { type ChangeRow, changeColumns, operationNames, type PlacedChange, toChange } from "./changeRows.ts";
import type { AuditDatabase } from "./installation.ts";
import type { Relation } from "./registry.ts";
import { inRowOrder, streamInRowOrder } from "./rowOrder.ts";
import { findNewest, readWindows } from "./windows.ts";

/** Which end of the changes comes first, and how many of the newest are wanted. */
export interface ChangeOrder {
  readonly limit?: number | undefined;
  /** Newest first. */
  readonly reverse?: boolean | undefined;
}

/**
 * The changes of a table, oldest first or newest first, in batches: memory does not grow with the answer. Rows of one
 * key in one transaction come in the order of their effects, as far as streamInRowOrder promises.
 */
export async function* streamTableChanges(
  audit: AuditDatabase,
  relation: Relation,
  filter: ChangeFilter,
  { limit, reverse = false }: ChangeOrder,
): AsyncGenerator<Change[], void, undefined> {
  const source = { relation, filter };
  const from = limit === undefined ? undefined : await findNewest(audit, source, limit);
  if (from === "none") return;
  const batches = readWindows(audit, source, { from, newestFirst: reverse });
  yield* streamInRowOrder(audit, batches, { newestFirst: reverse });
}

/**
 * The life of one row, oldest first and in the order of effects: every change of the key asked for, and what
 * the same row did under other keys before it came here and after it left.
 */
export async function readLife(
  audit: AuditDatabase,
  relation: Relation,
  key: string,
  filter: ChangeFilter,
): Promise<Change[]> {
  let search = startLife(key);
  for (let requests = neededTurns(search); requests.length > 0; requests = neededTurns(search)) {
    for (const request of requests) {
      search = learnTurns(search, request.key, await readTurns(audit, relation, request));
    }
  }
  const stretches = lifeOf(search);
  const lists: PlacedChange[][] = [];
  for (const { key: visited, first, last, early } of stretches) {
    const rows = await audit.sql<ChangeRow[]>`
      select ${changeColumns(audit)}
      from ${audit.object("change")} as change
      where change.relation = ${relation.id}
        and (change.key = ${visited} or change.old_key = ${visited} or (change.op = 'T' and change.key is null and change.old is null))
        and change.id >= ${String(early?.first ?? first ?? 0n)} and change.id <= ${String(last ?? 9223372036854775807n)}
        ${filterCondition(audit, filter)}
      order by change.id`;
    lists.push(
      rows
        .map((row) => toChange(row, relation))
        .filter((change) =>
          change.key === null ? isWithin(change, first, last) : belongs(stretches, change),
        ),
    );
  }
  return inRowOrder(audit, mergeChanges(lists));
}

function isWithin({ id }: Change, first: bigint | undefined, last: bigint | undefined): boolean {
  return (first === undefined || BigInt(id) >= first) && (last === undefined || BigInt(id) <= last);
}

async function readTurns(audit: AuditDatabase, relation: Relation, { key, need }: Request): Promise<Turn[]> {
  const { sql } = audit;
  // Each side finds its rows by the key. Were the second "is not null", the planner might look through all key changes.
  const turns =
    need === "turns"
      ? sql`or (change.key = ${key} and change.op in ('I', 'D', 'T')) or (change.key is null and change.op = 'T')`
      : sql``;
  const rows = await sql<{ id: string; tx: string; op: Op; key: string | null; old_key: string | null }[]>`
    select change.id, change.xid::text as tx, change.op::text, change.key, change.old_key
    from ${audit.object("change")} as change
    where change.relation = ${relation.id}
      and (change.old_key = ${key} or (change.key = ${key} and num_nulls(change.old_key) = 0) ${turns})
    order by change.id`;
  return rows.map(({ id, tx, op, key: own, old_key }) => ({
    id,
    tx,
    op: operationNames[op],
    key: own,
    oldKey: old_key,
  }));
}
