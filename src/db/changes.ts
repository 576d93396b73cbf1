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
import { mergeSequences } from "../core/sequence.ts";
import type { Change, Image, Op, OperationName } from "../types.ts";
import { type ChangeFilter, filterCondition } from "./changeFilter.ts";
import type { AuditDatabase } from "./installation.ts";
import type { Relation } from "./registry.ts";

const names: Readonly<Record<Op, OperationName>> = { I: "insert", U: "update", D: "delete", T: "truncate" };

/** How many changes travel at once: memory does not grow with the answer. */
const BATCH = 500;

/** A change as the server gives it, see changeColumns. */
export interface ChangeRow {
  id: string;
  tx: string;
  at: string;
  op: Op;
  key: string | null;
  old_key: string | null;
  old: string | null;
  new: string | null;
  actor: string | null;
  db_user: string;
  role: string | null;
  application: string | null;
  client_addr: string | null;
  context: string | null;
  old_tid: string | null;
  new_tid: string | null;
}

/** A change with the places of the row versions it replaced and made. */
export interface Placed extends Change {
  readonly oldTid: string | null;
  readonly newTid: string | null;
}

/**
 * The changes of a table, oldest first, in batches; `newest` narrows to the newest so many. Rows of one key in
 * one transaction come in the order of their effects within a batch.
 */
export async function* streamTableChanges(
  audit: AuditDatabase,
  relation: Relation,
  filter: ChangeFilter,
  newest: number | undefined,
): AsyncGenerator<Change[], void, undefined> {
  const { sql } = audit;
  const query = sql<ChangeRow[]>`
    select * from (
      select ${changeColumns(audit)}
      from ${audit.object("change")} as change
      where change.relation = ${relation.id} ${filterCondition(audit, filter)}
      order by change.id desc
      ${newest === undefined ? sql`` : sql`limit ${newest}`}
    ) as newest
    order by id::bigint`;
  const ascending = sql<ChangeRow[]>`
    select ${changeColumns(audit)}
    from ${audit.object("change")} as change
    where change.relation = ${relation.id} ${filterCondition(audit, filter)}
    order by change.id`;
  for await (const rows of (newest === undefined ? ascending : query).cursor(BATCH)) {
    yield inRowOrder(
      audit,
      rows.map((row) => toChange(row, relation)),
    );
  }
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
  const lists: Placed[][] = [];
  for (const { key: visited, first, last } of stretches) {
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
  const turns =
    need === "turns"
      ? sql`or (change.op in ('I', 'D', 'T') and (change.key = ${key} or change.key is null))`
      : sql``;
  const rows = await sql<{ id: string; tx: string; op: Op; key: string | null; old_key: string | null }[]>`
    select change.id, change.xid::text as tx, change.op::text, change.key, change.old_key
    from ${audit.object("change")} as change
    where change.relation = ${relation.id}
      and ((change.old_key is not null and (change.key = ${key} or change.old_key = ${key})) ${turns})
    order by change.id`;
  return rows.map(({ id, tx, op, key: own, old_key }) => ({
    id,
    tx,
    op: names[op],
    key: own,
    oldKey: old_key,
  }));
}

/** The columns of `change` that make a ChangeRow. */
export function changeColumns({ sql }: AuditDatabase) {
  return sql`
    change.id::text as id, change.xid::text as tx,
    to_char(change.at, 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM') as at,
    change.op::text as op, change.key, change.old_key, change.old::text as old, change.new::text as new,
    change.actor, change.db_user, change.role, change.application, host(change.client_addr) as client_addr,
    change.context::text as context, change.old_tid::text as old_tid, change.new_tid::text as new_tid`;
}

/** A row of changeColumns as a change of its table. */
export function toChange(row: ChangeRow, relation: Relation): Placed {
  return {
    id: row.id,
    tx: row.tx,
    at: row.at,
    schema: relation.schema,
    table: relation.table,
    op: names[row.op],
    key: row.key,
    oldKey: row.old_key,
    old: parseImage(row.old),
    new: parseImage(row.new),
    actor: row.actor,
    dbUser: row.db_user,
    role: row.role,
    application: row.application,
    clientAddr: row.client_addr,
    context: row.context === null ? null : (JSON.parse(row.context) as Change["context"]),
    oldTid: row.old_tid,
    newTid: row.new_tid,
  };
}

/** JSON.parse is safe here: images hold text and null only. */
function parseImage(text: string | null): Image | null {
  return text === null ? null : (JSON.parse(text) as Image);
}

/** What a change means to one key: one that moved its row leaves a key and arrives at another. */
interface KeyEvent {
  readonly id: string;
  readonly leaves: boolean;
  readonly arrives: boolean;
  /** Whether every row left at once; afterwards places are used anew. */
  readonly truncates: boolean;
  readonly oldTid: string | null;
  readonly newTid: string | null;
}

/**
 * Puts the changes of each transaction into the order of their effects, which the server's own function knows for
 * each key. Only those that a trigger may have brought out of order are asked about: where a change did not
 * begin with what the one before it left.
 */
export async function inRowOrder(audit: AuditDatabase, changes: readonly Placed[]): Promise<Change[]> {
  const ordered: Change[] = changes.map(withoutPlaces);
  for (const places of placesByTransaction(changes)) {
    const members = places.flatMap((place) => changes[place] ?? []);
    const groups = [...eventsByKey(members).values()];
    if (!groups.some((events) => events.some((event, index) => isOutOfOrder(events[index - 1], event))))
      continue;
    const sequences: string[][] = [];
    for (const events of groups) sequences.push(await rowOrder(audit, events));
    const byId = new Map(members.map((change) => [change.id, change]));
    mergeSequences([...byId.keys()], sequences).forEach((id, index) => {
      const place = places[index];
      const change = byId.get(id);
      if (place !== undefined && change) ordered[place] = withoutPlaces(change);
    });
  }
  return ordered;
}

function placesByTransaction(changes: readonly Placed[]): Iterable<number[]> {
  const places = new Map<string, number[]>();
  changes.forEach(({ tx }, place) => {
    const own = places.get(tx) ?? [];
    places.set(tx, own);
    own.push(place);
  });
  return places.values();
}

function eventsByKey(changes: readonly Placed[]): ReadonlyMap<string, KeyEvent[]> {
  const groups = new Map<string, KeyEvent[]>();
  const add = (key: string, event: KeyEvent) => {
    const own = groups.get(key) ?? [];
    groups.set(key, own);
    own.push(event);
  };
  for (const { id, op, key, oldKey, oldTid, newTid } of changes) {
    if (key === null) continue;
    const leaves = op === "delete" || op === "truncate";
    if (oldKey !== null) {
      add(oldKey, { id, leaves: true, arrives: false, truncates: false, oldTid, newTid: null });
      add(key, { id, leaves: false, arrives: true, truncates: false, oldTid: null, newTid });
    } else {
      add(key, { id, leaves, arrives: op === "insert", truncates: op === "truncate", oldTid, newTid });
    }
  }
  return groups;
}

async function rowOrder({ sql, object }: AuditDatabase, events: readonly KeyEvent[]): Promise<string[]> {
  if (!events.some((event, index) => isOutOfOrder(events[index - 1], event)))
    return events.map(({ id }) => id);
  const column = (values: readonly (string | null)[]) => sql.array([...values], 25);
  const [answer] = await sql<{ ids: string[] }[]>`
    select ${object("_row_order")}(
      ${column(events.map(({ id }) => id))}::text[]::bigint[],
      ${column(events.map(({ leaves }) => String(leaves)))}::text[]::boolean[],
      ${column(events.map(({ arrives }) => String(arrives)))}::text[]::boolean[],
      ${column(events.map(({ truncates }) => String(truncates)))}::text[]::boolean[],
      ${column(events.map(({ oldTid }) => oldTid))}::text[]::tid[],
      ${column(events.map(({ newTid }) => newTid))}::text[]::tid[]) as ids`;
  const ids = answer?.ids ?? [];
  // What only passed through the key is no part of this row's life, but it happened.
  return [...ids, ...events.map(({ id }) => id).filter((id) => !ids.includes(id))];
}

function isOutOfOrder(former: KeyEvent | undefined, event: KeyEvent): boolean {
  if (!former) return false;
  if (former.leaves) {
    if (!event.arrives) return true;
    // What left is what arrives only now: a trigger deleted the row before its insert was recorded.
    return !former.truncates && former.oldTid !== null && former.oldTid === event.newTid;
  }
  if (event.arrives) return true;
  return former.newTid !== null && event.oldTid !== null && former.newTid !== event.oldTid;
}

function withoutPlaces({ oldTid, newTid, ...change }: Placed): Change {
  return change;
}
