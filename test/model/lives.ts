import type { TestSql } from "../helpers/client.ts";
import { type KnownMoment, knowable } from "./moments.ts";
import { keyOf, type Place, printedKey, someKey } from "./place.ts";
import { type RecordedChange, replay } from "./replay.ts";
import { differenceOf, rowText, type TrueRow } from "./truth.ts";
import type { LiveTable } from "./world.ts";

/** The replay finds columns by the names they had then. */
const asRecorded = ["--schema", "then"];

/** What the life of a key comes to has to be the row that is there now. */
export async function checkLife(place: Place): Promise<string[]> {
  const { ask, known, table } = place;
  const asked = someKey(place);
  const [first] = known;
  const last = known.at(-1);
  if (asked === undefined || first === undefined || last === undefined) return [];
  const changes = await ask<RecordedChange>(table, "history", "TABLE", ...asked.words, ...asRecorded);
  const rows = await replayFrom(place, first, changes);
  const own = (rowsOfKey: readonly TrueRow[]) => rowsOfKey.filter((row) => keyOf(table, row) === asked.key);
  return compare(place, first, {
    title: `history ${table.name} ${asked.key}`,
    expected: own(last.state.get(table.oid)?.rows ?? []),
    found: rows.get(asked.key) ?? [],
    changes,
  });
}

/** The rows of a tag, with the changes between it and a later one, have to be those of the later one. */
export async function checkBetween(place: Place): Promise<string[]> {
  const { ask, known, random, table } = place;
  const tags = known.filter(({ way }) => way === "tag");
  const [from, to] = random.sample(tags, 2).toSorted((one, other) => one.place - other.place);
  if (from === undefined || to === undefined) return [];
  const words = ["--since", from.typed, "--until", to.typed];
  const changes = await ask<RecordedChange>(table, "history", "TABLE", ...words, ...asRecorded);
  const rows = await replayFrom(place, from, changes);
  return compare(place, from, {
    title: `history ${table.name} ${words.join(" ")}`,
    expected: to.state.get(table.oid)?.rows ?? [],
    found: [...rows.values()].flat(),
    changes,
  });
}

async function replayFrom(
  { sql, table }: Place,
  from: KnownMoment,
  changes: readonly RecordedChange[],
): Promise<ReadonlyMap<string, readonly TrueRow[]>> {
  const rows = from.state.get(table.oid)?.rows ?? [];
  return replay(
    new Map(rows.map((row) => [keyOf(table, row), row])),
    changes.map((change) => ({
      ...change,
      key: change.key === null ? null : printedKey(table, change.key),
      old_key: change.old_key === null ? null : printedKey(table, change.old_key),
    })),
    await columnNames(sql, table),
  );
}

interface Comparison {
  readonly title: string;
  readonly expected: readonly TrueRow[];
  readonly found: readonly TrueRow[];
  readonly changes: readonly RecordedChange[];
}

/** Compares the columns that can be known since the moment. */
function compare(
  { table }: Place,
  since: KnownMoment,
  { title, expected, found, changes }: Comparison,
): string[] {
  const attnums = knowable(table, since);
  const texts = (rows: readonly TrueRow[]) => rows.map((row) => rowText(row, attnums));
  const { missing, surplus } = differenceOf(texts(expected), texts(found));
  if (missing.length + surplus.length === 0) return [];
  return [
    `${title}: missing ${missing.join()}, surplus ${surplus.join()}\n${changes
      .map(({ id, op, key, old_key, old, new: after }) => JSON.stringify([id, op, key, old_key, old, after]))
      .join("\n")}`,
  ];
}

/** What a column was called when a change was recorded. */
async function columnNames(
  sql: TestSql,
  table: LiveTable,
): Promise<(id: string, name: string) => number | undefined> {
  const shapes = await sql<{ from_id: string; attnum: number; name: string }[]>`
    select from_id::text, attnum, name from audit.relation_shape
    where relation = audit._relation_of(${table.oid}::oid) order by relation_shape.from_id desc`;
  return (id, name) => {
    const from = shapes.find(({ from_id }) => BigInt(from_id) <= BigInt(id))?.from_id;
    return shapes.find((shape) => shape.from_id === from && shape.name === name)?.attnum;
  };
}
