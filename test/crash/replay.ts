import type { Entry } from "./entry.ts";
import type { Row } from "./pgoutput.ts";

/** What replaying came to. */
export interface Replayed {
  /** Recorded columns of the rows, by key. */
  readonly rows: ReadonlyMap<string, Row>;
  /** Changes that fit nowhere. */
  readonly unfitting: readonly Entry[];
}

/**
 * Lets the recorded changes of one table happen to an empty one, by id. Triggers of the application that write to the
 * same row are recorded before the statement that fired them: a change that does not fit the row as it is waits
 * for others of its transaction.
 */
export function replay(changes: readonly Entry[]): Replayed {
  const rows = new Map<string, Row>();
  const waiting = new Map<string, Entry[]>();
  const happen = (change: Entry): boolean => {
    const before = rows.get(change.oldKey ?? change.key);
    if (change.op === "I") {
      if (before !== undefined) return false;
    } else if (before === undefined || !fits(before, change.old ?? {})) return false;
    if (change.oldKey !== null && rows.has(change.key)) return false;
    if (change.op !== "I") rows.delete(change.oldKey ?? change.key);
    if (change.op === "I" || change.op === "U") rows.set(change.key, { ...before, ...change.new });
    return true;
  };
  for (const change of changes) {
    const others = waiting.get(change.xid) ?? [];
    if (!happen(change)) {
      waiting.set(change.xid, [...others, change]);
      continue;
    }
    for (let place = 0; place < others.length; ) {
      const other = others[place];
      if (other && happen(other)) {
        others.splice(place, 1);
        place = 0;
      } else place++;
    }
  }
  return { rows, unfitting: [...waiting.values()].flat() };
}

function fits(row: Row, old: Row): boolean {
  return Object.entries(old).every(([name, value]) => row[name] === value);
}
