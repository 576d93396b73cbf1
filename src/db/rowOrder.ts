import { MOST_HELD, releaseDone } from "../core/hold.ts";
import { mergeSequences } from "../core/sequence.ts";
import type { PlacedChange, TableChange } from "./changeRows.ts";
import type { AuditDatabase } from "./installation.ts";

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
export async function inRowOrder(
  audit: AuditDatabase,
  changes: readonly PlacedChange[],
): Promise<TableChange[]> {
  const ordered: TableChange[] = changes.map(withoutPlaces);
  for (const places of placesByTransaction(changes)) {
    const members = places.flatMap((place) => changes[place] ?? []);
    const groups = [...eventsByKey(members).values()];
    const doubtful = groups.filter(isDoubtful);
    if (doubtful.length === 0) continue;
    const asked = new Set(doubtful);
    const others = groups.filter((events) => !asked.has(events));
    const sequences = [
      ...others.map((events) => events.map(({ id }) => id)),
      ...(await rowOrders(audit, doubtful)),
    ];
    const byId = new Map(members.map((change) => [change.id, change]));
    mergeSequences([...byId.keys()], sequences).forEach((id, index) => {
      const place = places[index];
      const change = byId.get(id);
      if (place !== undefined && change) ordered[place] = withoutPlaces(change);
    });
  }
  return ordered;
}

/**
 * The changes of one table as they stand in the log, in batches, those of each transaction put into the order of their
 * effects. Where row versions are linked, batches are held back until the transactions in them are done, so that
 * one reaches across batches and windows; of a transaction with more than MOST_HELD changes, or spread over more
 * changes of the table than that, the order of effects holds within stretches of that length.
 */
export async function* streamInRowOrder(
  audit: AuditDatabase,
  batches: AsyncIterable<readonly PlacedChange[]>,
  { newestFirst }: { readonly newestFirst: boolean },
): AsyncGenerator<TableChange[], void, undefined> {
  const arrange = async (changes: readonly PlacedChange[]) =>
    newestFirst
      ? (await inRowOrder(audit, changes.toReversed())).reverse()
      : await inRowOrder(audit, changes);
  let held: readonly PlacedChange[] = [];
  for await (const batch of batches) {
    const changes = [...held, ...batch];
    const linked = changes.some(({ oldTid, newTid }) => oldTid !== null || newTid !== null);
    const released = linked ? releaseDone(changes, batch.length, MOST_HELD) : { ready: changes, held: [] };
    held = released.held;
    if (released.ready.length > 0) yield await arrange(released.ready);
  }
  if (held.length > 0) yield await arrange(held);
}

function placesByTransaction(changes: readonly PlacedChange[]): Iterable<number[]> {
  const places = new Map<string, number[]>();
  changes.forEach(({ tx, relation }, place) => {
    const name = `${tx} ${relation}`;
    const own = places.get(name) ?? [];
    places.set(name, own);
    own.push(place);
  });
  return places.values();
}

/** What tells the order of effects: what a change did to which key, and where the row versions lay. */
export type Placed = Pick<PlacedChange, "id" | "op" | "key" | "oldKey" | "oldTid" | "newTid">;

/** The ids of each of several transactions' changes of one key, in the order of their effects. */
export async function orderOfKey(
  audit: AuditDatabase,
  key: string,
  transactions: readonly (readonly Placed[])[],
): Promise<string[][]> {
  return rowOrders(
    audit,
    transactions.map((changes) => eventsByKey(changes).get(key) ?? []),
  );
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

/** The order of each of several keys' events, as the server's function knows it: asked for all of them at once. */
async function rowOrders(
  { sql, object }: AuditDatabase,
  groups: readonly (readonly KeyEvent[])[],
): Promise<string[][]> {
  const events = groups.flatMap((group, place) => group.map((event) => ({ ...event, group: place })));
  const column = (side: (event: (typeof events)[number]) => string | null) => sql.array(events.map(side), 25);
  const rows = await sql<{ ids: string[] }[]>`
    select ${object("_row_order")}(
      array_agg(event.id order by event.place),
      array_agg(event.leaves order by event.place),
      array_agg(event.arrives order by event.place),
      array_agg(event.truncates order by event.place),
      array_agg(event.old_tid order by event.place),
      array_agg(event.new_tid order by event.place)) as ids
    from unnest(
      ${column(({ group }) => String(group))}::text[]::integer[],
      ${column(({ id }) => id)}::text[]::bigint[],
      ${column(({ leaves }) => String(leaves))}::text[]::boolean[],
      ${column(({ arrives }) => String(arrives))}::text[]::boolean[],
      ${column(({ truncates }) => String(truncates))}::text[]::boolean[],
      ${column(({ oldTid }) => oldTid)}::text[]::tid[],
      ${column(({ newTid }) => newTid)}::text[]::tid[]
    ) with ordinality as event ("group", id, leaves, arrives, truncates, old_tid, new_tid, place)
    group by event."group"
    order by event."group"`;
  return groups.map((group, place) => {
    const ids = rows[place]?.ids ?? [];
    const known = new Set(ids);
    // What only passed through the key is no part of this row's life, but it happened.
    return [...ids, ...group.map(({ id }) => id).filter((id) => !known.has(id))];
  });
}

/** Whether the events of one key within a transaction may not have happened in the order in which they were recorded. */
function isDoubtful(events: readonly KeyEvent[]): boolean {
  const taken = new Set<string>();
  return events.some((event, index) => {
    // What arrives only now was changed or left before: by a trigger, before its insert was recorded.
    if (event.arrives && event.newTid !== null && taken.has(event.newTid)) return true;
    if (event.truncates) taken.clear();
    else if (event.oldTid !== null) taken.add(event.oldTid);
    const former = events[index - 1];
    return former !== undefined && isOutOfOrder(former, event);
  });
}

function isOutOfOrder(former: KeyEvent, event: KeyEvent): boolean {
  if (former.leaves) return !event.arrives;
  if (event.arrives) return true;
  return former.newTid !== null && event.oldTid !== null && former.newTid !== event.oldTid;
}

function withoutPlaces({ oldTid, newTid, ...change }: PlacedChange): TableChange {
  return change;
}
