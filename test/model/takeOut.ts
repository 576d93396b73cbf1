import { connectTo, type TestSql } from "../helpers/client.ts";
import { runCli } from "../helpers/runCli.ts";
import { noneOf } from "./counts.ts";
import { type PastHistory, readClock } from "./making.ts";
import { knowable, momentsOf } from "./moments.ts";
import { randomStatement } from "./moves.ts";
import { printedKey, rowsByKey } from "./place.ts";
import { compare } from "./putBack.ts";
import type { Random } from "./random.ts";
import { type Copy, copyTables, exactSettings, rowText, type TrueRow } from "./truth.ts";
import { type LiveTable, qualifiedName } from "./world.ts";

/** What revert and undo did wrongly, and how much they did. */
export interface TakeOutVerdict {
  readonly faults: readonly string[];
  readonly counts: Readonly<Record<Count, number>>;
}

const countNames = [
  "untouched",
  "merged",
  "stopped",
  "nonconflict",
  "force",
  "cascade",
  "undone",
  "impossible",
  "kept",
  "crossed",
] as const;

type Count = (typeof countNames)[number];

/** Before the first. */
export function noCounts(): Record<Count, number> {
  return noneOf(countNames);
}

/** A transaction with nobody beside it, between two boundaries at which nobody was writing. */
interface Alone {
  readonly tx: string;
  /** The number of the boundary before it; the next one is right after it. */
  readonly place: number;
  /** By table: what it, and who came later, did to its keys. */
  readonly touched: ReadonlyMap<number, ReadonlyMap<string, Touches>>;
}

interface Touches {
  /** Whether it did no more than update the row. */
  plain: boolean;
  /** Whether others came to the key later, and whether these did no more than update the row. */
  later: "never" | "plain" | "otherwise";
}

interface Answer {
  readonly code: number;
  readonly stderr: string;
  readonly conflicts: number;
}

/**
 * Reverts transactions of a history that ran alone, each of which is undone again. What the tables have to be then is told by
 * true copies from before and after the transaction: where nobody came to its rows later, these are as before; where
 * others did nothing but update them, the values that are as it left them; with cascade all rows that were there. A revert is
 * stopped only where somebody came later. Undo leads back byte for byte, of a restore as well.
 */
export async function checkTakeOuts(
  url: string,
  past: PastHistory,
  random: Random,
  times: number,
): Promise<TakeOutVerdict> {
  const sql = connectTo(url, { max: 1 });
  const { world } = past;
  let history = past;
  const counts = noCounts();
  const faults: string[] = [];
  const run = async (...args: string[]): Promise<Answer> => {
    const { code, stdout, stderr } = await runCli(
      [...args, "--skip-columns", "--triggers", "skip", "--json"],
      {
        env: { DATABASE_URL: url, TZ: "UTC" },
      },
    );
    if (code !== 0 && code !== 5) faults.push(`audit ${args.join(" ")} ended with ${code}: ${stderr}`);
    const document = stdout === "" ? {} : (JSON.parse(stdout) as { conflicts?: unknown[] });
    return { code, stderr, conflicts: document.conflicts?.length ?? 0 };
  };
  const same = (title: string, wanted: Copy, found: Copy) => {
    for (const table of world.tables) faults.push(...compare(title, table, wanted, found, everKept(table)));
  };
  const undo = async (title: string, before: Copy) => {
    const { code, stderr } = await run("undo", "--apply");
    if (code !== 0) faults.push(`${title}: undo ended with ${code}: ${stderr}`);
    same(`${title}: undo`, before, await copyTables(sql, world));
    counts.undone++;
  };

  try {
    await sql.unsafe(`${exactSettings}; set search_path = ${world.schema}`);
    history = await withTail(sql, past, random);
    for (let time = 0; time < times; time++) {
      const places = await alonePlaces(sql, history);
      if (places.length === 0) break;
      const all: Alone[] = [];
      for (const found of places) all.push(await readAlone(sql, history, found));
      // Late ones often, to whose rows nobody came since; else those to whose rows others came.
      const crossed = all.filter(isCrossed);
      const late = crossed.filter(({ place }) => place >= past.boundaries.length);
      const met = late.length > 0 && random.chance(0.7) ? late : crossed;
      const alone = random.chance(0.4) ? all.at(-1) : random.pick(met.length > 0 ? met : all);
      if (alone === undefined) break;
      const title = `tx:${alone.tx} after boundary ${alone.place}`;
      const before = await copyTables(sql, world);
      const untouched = [...alone.touched.values()].every((keys) =>
        [...keys.values()].every(({ later }) => later === "never"),
      );
      const plan = await run("revert", `tx:${alone.tx}`);
      same(`${title}: rehearsal`, before, await copyTables(sql, world));
      if (plan.conflicts > 0 && untouched)
        faults.push(`${title}: conflicts, though nobody came later: ${plan.stderr}`);
      if (plan.code === 5 && plan.conflicts === 0) {
        counts.impossible++;
        continue;
      }
      const mode = plan.conflicts === 0 ? "stop" : random.pick(["nonconflict", "force", "cascade"] as const);
      if (plan.conflicts > 0) counts.stopped++;
      const done = await run("revert", `tx:${alone.tx}`, "--mode", mode, "--apply");
      const after = await copyTables(sql, world);
      if (done.code === 5) {
        if (mode === "cascade" && done.conflicts > 0) faults.push(`${title}: cascade: ${done.stderr}`);
        if (mode === "stop") faults.push(`${title}: planned, but not done: ${done.stderr}`);
        same(`${title}: refused`, before, after);
        counts.impossible++;
        continue;
      }
      counts[mode === "stop" ? (untouched ? "untouched" : "merged") : mode]++;
      faults.push(...verdict(`${title}: ${mode}`, history, alone, { before, after, mode }, counts));
      if (JSON.stringify(textsOf(before)) !== JSON.stringify(textsOf(after))) await undo(title, before);
    }
    const before = await copyTables(sql, world);
    const tables = world.tables.map((table) => qualifiedName(world, table));
    const moment = random.pick(history.boundaries);
    const restored = await run("restore", ...tables, "--to", `tag:${moment.tag}`, "--apply");
    const changed = JSON.stringify(textsOf(before)) !== JSON.stringify(textsOf(await copyTables(sql, world)));
    if (restored.code === 0 && changed) await undo(`restore to ${moment.tag}`, before);
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error));
  } finally {
    await sql.end({ timeout: 5 });
  }
  return { faults, counts };
}

/** The history with some more transactions, which do nothing but update rows of one table: they cross each other's ways. */
export async function withTail(sql: TestSql, history: PastHistory, random: Random): Promise<PastHistory> {
  const { world } = history;
  const boundaries = [...history.boundaries];
  const log = [...history.log];
  const table = random.pick(world.tables);
  for (let count = 0; count < 8; count++) {
    let statement = "";
    while (!statement.startsWith("update ")) statement = randomStatement(world, [table], random);
    try {
      await sql.unsafe(`begin; ${statement}; commit`);
      log.push(`tail: ${statement};`);
    } catch {
      await sql.unsafe("rollback");
    }
    const tag = `${world.schema}.tail.${count}`;
    const instant = await readClock(sql);
    await sql`select audit.tag(${tag})`;
    const known = { state: await copyTables(sql, world), marks: boundaries.at(-1)?.byTag.marks };
    boundaries.push({
      ...{ instant, tag, kind: "quiet", byClock: known, byTag: known, line: log.length },
    });
  }
  return { ...history, boundaries, log };
}

/** What differs between copies that are not the same byte for byte. */
export function textsOf(copy: Copy): string[][] {
  return [...copy.values()].map(({ rows }) => rows.map((row) => JSON.stringify([...row])).sort());
}

/** The columns of which all values are recorded. */
export function everKept(table: LiveTable): number[] {
  return table.columns.map(({ attnum }) => attnum).filter((attnum) => !table.excluded.includes(attnum));
}

/** Numbers of quiet boundaries between which and the next, quiet too, there is one transaction with changes, and its id. */
export async function alonePlaces(
  sql: TestSql,
  { boundaries }: PastHistory,
): Promise<{ place: number; tx: string; from: string; until: string }[]> {
  const idOf = await readTagIds(sql);
  const places: { place: number; tx: string; from: string; until: string }[] = [];
  for (const [place, boundary] of boundaries.entries()) {
    const next = boundaries[place + 1];
    if (boundary.kind !== "quiet" || next?.kind !== "quiet") continue;
    const [from, until] = [idOf.get(boundary.tag) ?? "0", idOf.get(next.tag) ?? "0"];
    const rows = await sql<{ tx: string }[]>`
      select distinct xid::text as tx from audit.change where id > ${from}::bigint and id < ${until}::bigint`;
    const [only, second] = rows;
    if (only && !second) places.push({ place, tx: only.tx, from, until });
  }
  return places;
}

/** By name: changes with smaller ids were recorded before the tag was set, those with greater ids after it. */
export async function readTagIds(sql: TestSql): Promise<ReadonlyMap<string, string>> {
  const tags = await sql<{ name: string; id: string }[]>`select name, id::text as id from audit.tag`;
  return new Map(tags.map(({ name, id }) => [name, id]));
}

async function readAlone(
  sql: TestSql,
  { world }: PastHistory,
  { place, tx, until }: { place: number; tx: string; from: string; until: string },
): Promise<Alone> {
  const touched = new Map<number, Map<string, Touches>>();
  for (const table of world.tables) {
    const keys = new Map<string, Touches>();
    touched.set(table.oid, keys);
    const rows = await sql<{ key: string | null; old_key: string | null; op: string; own: boolean }[]>`
      select change.key, change.old_key, change.op::text as op, change.id < ${until}::bigint as own
      from audit.change as change
      join audit.relation as relation on relation.id = change.relation
      where relation.oid = ${table.oid} and relation.dropped_at is null
        and (change.xid = ${tx}::text::xid8 or change.id > ${until}::bigint)
      order by change.id`;
    const passed: [string, string][] = [];
    for (const { key, old_key, op, own } of rows) {
      const plain = op === "U" && old_key === null;
      if (own && key !== null && old_key !== null)
        passed.push([printedKey(table, key), printedKey(table, old_key)]);
      for (const one of [key, old_key]) {
        if (one === null) continue;
        const name = printedKey(table, one);
        const known = keys.get(name);
        if (own) keys.set(name, { plain: plain && (known?.plain ?? true), later: "never" });
        else if (known) known.later = plain && known.later !== "otherwise" ? "plain" : "otherwise";
      }
    }
    // Who came to the row under its new key came to what it was under the former one.
    for (const _ of passed)
      for (const pair of passed) {
        const both = pair.flatMap((key) => keys.get(key) ?? []);
        if (both.some(({ later }) => later !== "never")) for (const one of both) one.later = "otherwise";
      }
  }
  return { tx, place, touched };
}

/** Whether others have updated a row that it updated. */
function isCrossed({ touched }: Alone): boolean {
  return [...touched.values()].some((keys) =>
    [...keys.values()].some(({ plain, later }) => plain && later === "plain"),
  );
}

/** What is wrong with the rows after a revert. */
function verdict(
  title: string,
  history: PastHistory,
  { place, touched }: Alone,
  { before, after, mode }: { before: Copy; after: Copy; mode: string },
  counts: Record<Count, number>,
): string[] {
  const moments = momentsOf(history).filter(({ way }) => way === "tag");
  const [moment, next] = [place, place + 1].map((number) => moments.find((one) => one.place === number));
  if (moment?.state === undefined || next?.state === undefined) throw new Error("a boundary without a copy");
  const faults: string[] = [];
  for (const table of history.world.tables) {
    const columns = knowable(table, moment);
    const [was, left, present, found] = [moment.state, next.state, before, after].map((copy) =>
      rowsByKey(copy, table),
    );
    const keys = touched.get(table.oid) ?? new Map<string, Touches>();
    const complain = (key: string, wanted: string | undefined, row: TrueRow | undefined) => {
      const text = row && rowText(row, columns);
      if (text !== wanted) faults.push(`${title}, ${table.name} ${key}: is ${text}, not ${wanted}`);
    };
    const textOf = (row: TrueRow | undefined) => row && rowText(row, columns);
    for (const [key, { plain, later }] of keys) {
      const [a, b, c] = [was, left, present].map((copy) => copy?.get(key));
      if (later === "never" && mode === "stop") complain(key, textOf(a), found?.get(key));
      else if (mode === "cascade" && a) complain(key, textOf(a), found?.get(key));
      else if (mode !== "cascade" && plain && later === "plain" && a && b && c) {
        const merged = new Map(
          columns.map((attnum) => {
            const [former, written, now] = [a, b, c].map((row) => row.get(attnum) ?? null);
            const taken = former !== written && (now === written || mode === "force");
            if (former !== written) counts[now === written ? "kept" : "crossed"]++;
            return [attnum, (taken ? former : now) ?? null] as const;
          }),
        );
        if (mode === "stop")
          for (const attnum of columns) {
            const [former, written, now] = [a, b, c].map((row) => row.get(attnum) ?? null);
            if (former !== written && now !== written && now !== former)
              faults.push(`${title}, ${table.name} ${key}: column ${attnum} was changed since`);
          }
        complain(key, textOf(merged), found?.get(key));
      }
    }
    // Rows that it had nothing to do with stay, except where others are reverted with it, or force makes room.
    if (mode !== "stop" && mode !== "nonconflict") continue;
    const kept = everKept(table);
    const others = (copy: ReadonlyMap<string, TrueRow> | undefined) =>
      [...(copy ?? [])]
        .filter(([key]) => !keys.has(key))
        .map(([, row]) => rowText(row, kept))
        .sort();
    const isFollowed = [...keys.values()].some(({ later }) => later === "otherwise");
    if (!isFollowed && JSON.stringify(others(present)) !== JSON.stringify(others(found)))
      faults.push(`${title}, ${table.name}: other rows were changed`);
  }
  return faults;
}
