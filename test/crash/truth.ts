import { difference, type Entry, keyOf, recorded } from "./entry.ts";
import type { Row, WalChange } from "./pgoutput.ts";
import { type CrashTable, ledger, tableOf, tables } from "./tables.ts";
import type { WalTransaction } from "./wal.ts";

/** What has to be in the log, from what the server wrote ahead. */
export class Truth {
  /** What is to be recorded, in the order of the commits. */
  readonly entries: Entry[] = [];
  /** The tokens of the ledger and the transaction of each. */
  readonly tokens = new Map<string, string>();
  /** The tables as they have become, whole rows by key. */
  readonly tables: ReadonlyMap<string, Map<string, Row>> = new Map(
    tables.map(({ name }) => [name, new Map()]),
  );

  /** Lets further transactions happen. */
  add(transactions: readonly WalTransaction[]): void {
    for (const { xid, changes } of transactions) for (const change of changes) this.#happen(xid, change);
  }

  #happen(xid: string, change: WalChange): void {
    if (change.op === "truncate") {
      for (const name of change.tables) this.#truncate(xid, tableOf(name));
      return;
    }
    if (change.table === ledger) {
      if (change.op !== "insert") throw new Error("The ledger only grows.");
      this.tokens.set(change.new.token ?? "", xid);
      return;
    }
    const table = tableOf(change.table);
    const entry = { xid, table: table.name };
    if (change.op !== "insert") this.#take(table, change.old);
    if (change.op !== "delete") this.#rows(table).set(keyOf(table, change.new), change.new);
    if (change.op === "insert") this.entries.push(inserted(table, xid, change.new));
    else if (change.op === "delete") this.entries.push(deleted(table, xid, change.old));
    else {
      const [key, oldKey] = [keyOf(table, change.new), keyOf(table, change.old)];
      const { old, new: after } = difference(table, change.old, change.new);
      if (Object.keys(after).length === 0) return;
      if (key === oldKey) this.entries.push({ ...entry, op: "U", key, oldKey: null, old, new: after });
      else if (table.partitioned) {
        this.entries.push(deleted(table, xid, change.old), inserted(table, xid, change.new));
      } else
        this.entries.push({ ...entry, op: "U", key, oldKey, old: recorded(table, change.old), new: after });
    }
  }

  #truncate(xid: string, table: CrashTable): void {
    const rows = this.#rows(table);
    for (const row of rows.values()) this.entries.push({ ...deleted(table, xid, row), op: "T" });
    rows.clear();
  }

  /** A check of the truth itself: every row that goes was there. */
  #take(table: CrashTable, old: Row): void {
    const rows = this.#rows(table);
    const key = keyOf(table, old);
    if (JSON.stringify(rows.get(key)) !== JSON.stringify(old)) {
      throw new Error(`The write-ahead log contradicts itself at ${table.name} ${key}.`);
    }
    rows.delete(key);
  }

  #rows({ name }: CrashTable): Map<string, Row> {
    const rows = this.tables.get(name);
    if (!rows) throw new Error(`"${name}" is no table of the crash test.`);
    return rows;
  }
}

/** A row that comes, as it is to be recorded. */
export function inserted(table: CrashTable, xid: string, row: Row): Entry {
  return {
    xid,
    table: table.name,
    op: "I",
    key: keyOf(table, row),
    oldKey: null,
    old: null,
    new: recorded(table, row),
  };
}

/** A row that goes, as it is to be recorded. */
export function deleted(table: CrashTable, xid: string, row: Row): Entry {
  return {
    xid,
    table: table.name,
    op: "D",
    key: keyOf(table, row),
    oldKey: null,
    old: recorded(table, row),
    new: null,
  };
}
