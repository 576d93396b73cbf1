import {
  belongs,
  learnTurns,
  lifeOf,
  mergeChanges,
  neededTurns,
  reachOf,
  type Stretch,
  startLife,
} from "../core/life.ts";
import type { Change } from "../types.ts";
import { type ChangeFilter, filterCondition } from "./changeFilter.ts";
import { type ChangeRow, changeColumns, type PlacedChange, toChange } from "./changeRows.ts";
import type { AuditDatabase } from "./installation.ts";
import type { Relation } from "./registry.ts";
import { inRowOrder, streamInRowOrder } from "./rowOrder.ts";
import { readTurns } from "./turns.ts";
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
  for (const stretch of stretches) {
    const { key: visited } = stretch;
    const { first, last } = reachOf(stretch);
    const rows = await audit.sql<ChangeRow[]>`
      select ${changeColumns(audit)}
      from ${audit.object("change")} as change
      where change.relation = ${relation.id}
        and (change.key = ${visited} or change.old_key = ${visited} or (change.op = 'T' and change.key is null and change.old is null))
        and change.id >= ${String(first ?? 0n)} and change.id <= ${String(last ?? 9223372036854775807n)}
        ${filterCondition(audit, filter)}
      order by change.id`;
    lists.push(
      rows
        .map((row) => toChange(row, relation))
        .filter((change) => (change.key === null ? isWithin(change, stretch) : belongs(stretches, change))),
    );
  }
  return inRowOrder(audit, mergeChanges(lists));
}

function isWithin({ id }: Change, { first, last }: Stretch): boolean {
  return (first === undefined || BigInt(id) >= first) && (last === undefined || BigInt(id) <= last);
}
