import type { TestSql } from "../helpers/client.ts";
import { type Ask, keyWords } from "./ask.ts";
import type { PastHistory } from "./making.ts";
import type { Random } from "./random.ts";
import { replayWal, type WalBlame, type WalRow } from "./wal.ts";
import type { LiveTable } from "./world.ts";

/** A column as `blame --json` tells of it. */
interface Told {
  readonly column: string;
  readonly status: string;
  readonly previous?: string | null;
  readonly tx: string | null;
}

/** Asks who set the values of some rows of each table, and compares with what the server's own log tells. */
export async function checkBlame(
  sql: TestSql,
  ask: Ask,
  history: PastHistory,
  random: Random,
): Promise<string[]> {
  const faults: string[] = [];
  const rows = await replayWal(sql, history);
  const last = history.boundaries.at(-1)?.byTag.state;
  for (const table of history.world.tables) {
    const present = rows.get(table.oid);
    if (present === undefined) continue;
    const expected = last?.get(table.oid)?.rows.length ?? 0;
    if (present.length !== expected)
      faults.push(`the WAL leads to ${present.length} rows of ${table.name}, not ${expected}`);
    for (const row of someRows(present, random)) faults.push(...(await checkRow(ask, history, table, row)));
  }
  return faults;
}

/** The row that was written to most, and another one. */
function someRows(rows: readonly WalRow[], random: Random): WalRow[] {
  const [most, ...others] = rows.toSorted((one, other) => other.writes - one.writes);
  return most === undefined ? [] : [most, ...random.sample(others, 1)];
}

async function checkRow(
  ask: Ask,
  { views }: PastHistory,
  table: LiveTable,
  { values, blame }: WalRow,
): Promise<string[]> {
  const words = keyWords(table, values);
  const told = await ask<Told>(table, "blame", "TABLE", ...words);
  const first = views[0]?.world.tables.find(({ oid }) => oid === table.oid)?.columns ?? [];
  const byName = new Map(told.map((column) => [column.column, column]));
  return table.columns.flatMap(({ attnum, name }) => {
    const found = byName.get(name);
    const since = first.some((column) => column.attnum === attnum) ? "before_coverage" : "added";
    const expected = table.excluded.includes(attnum)
      ? { status: "excluded", tx: null }
      : expectation(blame.get(attnum), since);
    const said = found && {
      status: found.status,
      tx: found.tx,
      ...(found.status === "change" ? { previous: found.previous } : {}),
    };
    return JSON.stringify(said) === JSON.stringify(expected)
      ? []
      : [
          `blame ${table.name} ${words.join(" ")}, column ${name}: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`,
        ];
  });
}

function expectation(blame: WalBlame | undefined, since: string) {
  if (blame === undefined) return { status: since, tx: null };
  return blame.op === "INSERT"
    ? { status: "insert", tx: blame.tx }
    : { status: "change", tx: blame.tx, previous: blame.previous };
}
