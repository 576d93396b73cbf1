import type { Request, Turn } from "../core/life.ts";
import type { Op } from "../types.ts";
import { operationNames } from "./changeRows.ts";
import type { AuditDatabase } from "./installation.ts";
import type { Relation } from "./registry.ts";
import { orderOfKey, type Placed } from "./rowOrder.ts";

type PlacedTurn = Turn & Placed;

interface TurnRow {
  readonly id: string;
  readonly tx: string;
  readonly op: Op;
  readonly key: string | null;
  readonly old_key: string | null;
  readonly old_tid: string | null;
  readonly new_tid: string | null;
}

/** The turns of a key that a search for its rows' lives asks for, in the order of their effects. */
export async function readTurns(
  audit: AuditDatabase,
  relation: Relation,
  { key, need }: Request,
): Promise<Turn[]> {
  const { sql } = audit;
  // Each side finds its rows by the key. Were the second "is not null", the planner might look through all key changes.
  const turns =
    need === "turns"
      ? sql`or (change.key = ${key} and change.op in ('I', 'D', 'T')) or (change.key is null and change.op = 'T')`
      : sql``;
  const rows = await sql<TurnRow[]>`
    select ${turnColumns(audit)}
    from ${audit.object("change")} as change
    where change.relation = ${relation.id}
      and (change.old_key = ${key} or (change.key = ${key} and num_nulls(change.old_key) = 0) ${turns})
    order by change.id`;
  return inRowOrder(audit, relation, key, rows.map(toTurn));
}

function turnColumns({ sql }: AuditDatabase) {
  return sql`
    change.id, change.xid::text as tx, change.op::text, change.key, change.old_key,
    change.old_tid::text as old_tid, change.new_tid::text as new_tid`;
}

function toTurn({ id, tx, op, key, old_key, old_tid, new_tid }: TurnRow): PlacedTurn {
  return { id, tx, op: operationNames[op], key, oldKey: old_key, oldTid: old_tid, newTid: new_tid };
}

/** Where a table's own triggers may have written, several turns of one transaction need not be in order; see _row_order. */
async function inRowOrder(
  audit: AuditDatabase,
  relation: Relation,
  key: string,
  turns: readonly PlacedTurn[],
): Promise<Turn[]> {
  const byTransaction = new Map<string, PlacedTurn[]>();
  for (const turn of turns) {
    const group = byTransaction.get(turn.tx) ?? [];
    byTransaction.set(turn.tx, group);
    group.push(turn);
  }
  const groups = [...byTransaction.values()].filter(
    (group) =>
      group.length > 1 && group.every((turn) => turn.key !== null && (turn.oldTid ?? turn.newTid) !== null),
  );
  if (groups.length === 0) return [...turns];
  const updates = await readUpdates(
    audit,
    relation,
    key,
    groups.map(([first]) => first?.tx ?? ""),
  );
  const orders = await orderOfKey(
    audit,
    key,
    groups.map((group) =>
      [...group, ...updates.filter(({ tx }) => tx === group[0]?.tx)].sort((one, other) =>
        BigInt(one.id) < BigInt(other.id) ? -1 : 1,
      ),
    ),
  );
  const placeOf = new Map(turns.map(({ id }, place) => [id, place]));
  const ordered: Turn[] = [...turns];
  groups.forEach((group, index) => {
    const own = withUpdates(orders[index] ?? [], (id) => turns[placeOf.get(id) ?? -1]);
    group.forEach(({ id }, position) => {
      const turn = own[position];
      if (turn) ordered[placeOf.get(id) ?? 0] = turn;
    });
  });
  return ordered;
}

/** The turns among a transaction's changes of a key, each with the plain updates around it. */
function withUpdates(order: readonly string[], turnOf: (id: string) => Turn | undefined): Turn[] {
  const found: Turn[] = [];
  let before: string[] = [];
  for (const id of order) {
    const turn = turnOf(id);
    if (turn === undefined) before.push(id);
    else {
      found.push({ ...turn, updates: { before, after: [] } });
      before = [];
    }
  }
  const last = found.pop();
  if (last === undefined) return [];
  return [...found, { ...last, updates: { before: last.updates?.before ?? [], after: before } }];
}

/** The plain updates that transactions made to a key: they link its turns. */
async function readUpdates(
  audit: AuditDatabase,
  relation: Relation,
  key: string,
  transactions: readonly string[],
): Promise<PlacedTurn[]> {
  const rows = await audit.sql<TurnRow[]>`
    select ${turnColumns(audit)}
    from ${audit.object("change")} as change
    where change.relation = ${relation.id} and change.key = ${key} and change.op = 'U' and change.old_key is null
      and change.xid = any (${audit.sql.array([...transactions], 25)}::text[]::xid8[])
    order by change.id`;
  return rows.map(toTurn);
}
