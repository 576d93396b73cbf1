import { connectTo } from "../helpers/client.ts";
import { runCli } from "../helpers/runCli.ts";
import type { PrintedRow } from "./commands.ts";
import type { PastHistory } from "./making.ts";
import { type KnownMoment, knowable, knownMoments } from "./moments.ts";
import { keyOf, printedKey } from "./place.ts";
import type { Random } from "./random.ts";
import { type Copy, copyTables, differenceOf, exactSettings, rowText } from "./truth.ts";
import { type LiveTable, qualifiedName } from "./world.ts";

/** What restore did wrongly, and how much it did. */
export interface RestoreVerdict {
  readonly faults: readonly string[];
  readonly restores: number;
  readonly rows: number;
}

interface Item {
  readonly kind: "inserted" | "deleted" | "changed";
  readonly table: string;
  readonly key: string;
  readonly old_key: string | null;
  readonly old: PrintedRow | null;
  readonly new: PrintedRow | null;
}

interface Answer {
  readonly applied: boolean;
  readonly tag: string | null;
  readonly items: readonly Item[];
}

/**
 * Restores all tables of a history to random moments, one after the other, and the last time back to before. Each time the
 * tables have to be what they truly were, the plan what was done, and the rehearsal has to leave nothing behind.
 */
export async function checkRestores(
  url: string,
  history: PastHistory,
  random: Random,
  times: number,
): Promise<RestoreVerdict> {
  const sql = connectTo(url, { max: 1 });
  const { world } = history;
  const faults: string[] = [];
  let restores = 0;
  let rows = 0;
  const run = async (when: string, ...words: string[]): Promise<Answer> => {
    const tables = world.tables.map((table) => qualifiedName(world, table));
    const args = ["restore", ...tables, "--to", when, "--triggers", "skip", "--skip-columns", ...words];
    const { code, stdout, stderr } = await runCli([...args, "--json"], {
      env: { DATABASE_URL: url, TZ: "UTC" },
    });
    if (code !== 0) throw new Error(`audit ${args.join(" ")} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as Answer;
  };
  const recorded = async () =>
    (await sql`select count(*)::int as changes from audit.change`)[0]?.changes as number;
  const columnsOf = (moment: KnownMoment) => (table: LiveTable) => knowable(table, moment);
  const everKept = (table: LiveTable) =>
    table.columns.map(({ attnum }) => attnum).filter((attnum) => !table.excluded.includes(attnum));

  /** Restores; the tables have to be as `wanted` says, and the plan has to have led there. */
  const restore = async (
    title: string,
    when: string,
    wanted: Copy,
    attnumsOf: (table: LiveTable) => number[],
  ): Promise<Answer> => {
    const before = await copyTables(sql, world);
    const changes = await recorded();
    const plan = await run(when);
    const rehearsed = await copyTables(sql, world);
    for (const table of world.tables)
      faults.push(...compare(`${title}: rehearsal`, table, before, rehearsed, everKept(table)));
    if ((await recorded()) !== changes) faults.push(`${title}: the rehearsal was recorded`);
    const done = await run(when, "--apply");
    const after = await copyTables(sql, world);
    if (JSON.stringify(done.items) !== JSON.stringify(plan.items))
      faults.push(`${title}: what was done is not what was planned`);
    for (const table of world.tables) {
      faults.push(...compare(title, table, wanted, after, attnumsOf(table)));
      faults.push(...replay(`${title}: plan`, table, before, after, plan.items, attnumsOf(table)));
    }
    const left = await run(when);
    if (left.items.length > 0) faults.push(`${title}: ${left.items.length} rows are left to be restored`);
    restores++;
    rows += done.items.length;
    return done;
  };

  try {
    await sql.unsafe(`${exactSettings}; set search_path = ${world.schema}`);
    const known = knownMoments(history);
    for (let time = 0; time < times; time++) {
      // Long ago first, where there is most to be put back.
      const moment = random.pick(time === 0 ? known.slice(0, Math.ceil(known.length / 3)) : known);
      const before = await copyTables(sql, world);
      const { tag } = await restore(moment.title, moment.typed, moment.state, columnsOf(moment));
      if (time === times - 1 && tag !== null) await restore(`back to ${tag}`, `tag:${tag}`, before, everKept);
    }
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error));
  } finally {
    await sql.end({ timeout: 5 });
  }
  return { faults, restores, rows };
}

/** What rows are missing from a table and what are too many, if any. */
export function compare(
  title: string,
  table: LiveTable,
  wanted: Copy,
  found: Copy,
  attnums: readonly number[],
): string[] {
  const texts = (copy: Copy) => (copy.get(table.oid)?.rows ?? []).map((row) => rowText(row, attnums));
  const { missing, surplus } = differenceOf(texts(wanted), texts(found));
  return missing.length + surplus.length === 0
    ? []
    : [`${title}, ${table.name}:\n missing ${missing.join("\n ")}\n surplus ${surplus.join("\n ")}`];
}

/** The rows before, changed as the plan says, have to be those after. */
function replay(
  title: string,
  table: LiveTable,
  before: Copy,
  after: Copy,
  items: readonly Item[],
  attnums: readonly number[],
): string[] {
  const rowsOf = (copy: Copy) =>
    new Map((copy.get(table.oid)?.rows ?? []).map((row) => [keyOf(table, row), rowText(row, attnums)]));
  const names = new Map(table.columns.map(({ attnum, name }) => [attnum, name]));
  const printed = (row: PrintedRow) =>
    rowText(new Map(attnums.map((attnum) => [attnum, row[names.get(attnum) ?? ""] ?? null])), attnums);
  const rows = rowsOf(before);
  const own = items.filter((item) => item.table === table.name);
  for (const item of own) if (item.old !== null) rows.delete(printedKey(table, item.old_key ?? item.key));
  for (const item of own) if (item.new !== null) rows.set(printedKey(table, item.key), printed(item.new));
  const { missing, surplus } = differenceOf([...rowsOf(after).values()], [...rows.values()]);
  return missing.length + surplus.length === 0
    ? []
    : [`${title}, ${table.name}:\n missing ${missing.join("\n ")}\n surplus ${surplus.join("\n ")}`];
}
