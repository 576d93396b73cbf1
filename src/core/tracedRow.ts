import type { Change } from "../types.ts";

/** One row out of all that lived under a key: what was recorded of it, in order. */
export interface TracedRow {
  /** Where it is now, or was last. */
  readonly key: string;
  readonly changes: readonly Change[];
  /** The DELETE or TRUNCATE that ended it; undefined while the log knows of none. */
  readonly end: Change | undefined;
}

interface Tracing {
  key: string;
  readonly changes: Change[];
  end: Change | undefined;
}

/**
 * The row that is under the key now, or the last one that was, from the life of the key (see readLife) in row order.
 * It keeps its changes when it moves to another key; what is inserted after a deletion is another row. Two rows
 * under one key at a time are possible only within a transaction: then the one that was there first leaves first.
 */
export function traceRow(life: readonly Change[], key: string): TracedRow {
  const present = new Map<string, Tracing[]>();
  const lastAt = new Map<string, Tracing>();
  const lastTx = new Map<string, string>();
  const rowsAt = (place: string, tx: string): Tracing[] => {
    let rows = present.get(place) ?? [];
    // Whoever is still there when another transaction finds two of them left unseen.
    if (rows.length > 1 && lastTx.get(place) !== tx) rows = rows.slice(-1);
    present.set(place, rows);
    lastTx.set(place, tx);
    return rows;
  };
  const arrive = (row: Tracing, place: string, tx: string) => {
    row.key = place;
    rowsAt(place, tx).push(row);
    lastAt.set(place, row);
  };
  const leave = (place: string, tx: string): Tracing => {
    const row = rowsAt(place, tx).shift() ?? newcomer(place);
    lastAt.set(place, row);
    return row;
  };
  const end = (row: Tracing, change: Change) => {
    row.changes.push(change);
    row.end = change;
  };
  for (const change of life) {
    const { key: place, oldKey, op, tx } = change;
    if (place === null) {
      for (const rows of present.values()) for (const row of rows.splice(0)) end(row, change);
    } else if (op === "insert") {
      const row = newcomer(place);
      row.changes.push(change);
      arrive(row, place, tx);
    } else if (op === "update") {
      const row = oldKey === null ? rowsAt(place, tx).at(-1) : leave(oldKey, tx);
      const known = row ?? newcomer(place);
      known.changes.push(change);
      if (row === undefined || oldKey !== null) arrive(known, place, tx);
    } else end(leave(place, tx), change);
  }
  return present.get(key)?.at(-1) ?? lastAt.get(key) ?? newcomer(key);
}

function newcomer(key: string): Tracing {
  return { key, changes: [], end: undefined };
}
