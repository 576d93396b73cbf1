import { connectTo, type TestSql } from "../helpers/client.ts";
import type { PastHistory } from "./making.ts";
import { type KnownMoment, knowable, type Moment, momentsOf, unknowable } from "./moments.ts";
import { cellsOf, differenceOf, exactSettings, rowText, toRow } from "./truth.ts";
import { type LiveTable, qualifiedName } from "./world.ts";

/** What the past says wrongly, in sentences that lead to it. */
export interface Verdict {
  /** Instants of the clock at which every table was compared with a true copy. */
  readonly instants: number;
  /** Tags at which every table was compared with a true copy. */
  readonly tags: number;
  /** Instants of the clock among open transactions of which at most the marks are known. */
  readonly untorn: number;
  /** Instants and tags at which anything was wrong. */
  readonly wrong: number;
  readonly faults: readonly string[];
}

/** Asks audit.at and audit.at_tag for every table at every boundary and compares with the true copies. */
export async function checkInstants(url: string, history: PastHistory): Promise<Verdict> {
  const sql = connectTo(url, { max: 2 });
  const moments = momentsOf(history);
  const found: string[][] = moments.map(() => []);
  try {
    await Promise.all(
      [0, 1].map(async (lane) => {
        const connection = await sql.reserve();
        await connection.unsafe(exactSettings);
        for (const [index, moment] of moments.entries())
          if (index % 2 === lane) found[index] = await checkMoment(connection, history, moment);
        connection.release();
      }),
    );
  } finally {
    await sql.end({ timeout: 5 });
  }
  const count = (wanted: (moment: Moment) => boolean) => moments.filter(wanted).length;
  return {
    instants: count(({ way, state }) => way === "clock" && state !== undefined),
    tags: count(({ way }) => way === "tag"),
    untorn: count(({ state }) => state === undefined),
    wrong: found.filter(({ length }) => length > 0).length,
    faults: found.flat(),
  };
}

async function checkMoment(sql: TestSql, history: PastHistory, moment: Moment): Promise<string[]> {
  const { world } = history;
  const faults: string[] = [];
  const check = async (table: string, work: () => Promise<string[]>) => {
    try {
      faults.push(...(await work()).map((text) => `${moment.title}, ${table}: ${text}`));
    } catch (error) {
      faults.push(`${moment.title}, ${table}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  await check("marks", () => checkMarks(sql, history, moment));
  if (isKnown(moment))
    for (const table of world.tables) await check(table.name, () => checkTable(sql, history, moment, table));
  return faults;
}

function isKnown(moment: Moment): moment is KnownMoment {
  return moment.state !== undefined;
}

/** None of the transactions may be torn, and it has to be those that counted as done. */
async function checkMarks(sql: TestSql, { world }: PastHistory, moment: Moment): Promise<string[]> {
  const marks = await sql.unsafe<{ label: string; places: number }[]>(
    `select label, count(*)::int as places from ${moment.rowsOf(`${world.schema}.marks`)} group by label`,
  );
  const torn = marks.filter(({ places }) => places !== 2).map(({ label }) => `${label} is torn`);
  if (moment.marks === undefined) return torn;
  const { missing, surplus } = differenceOf(
    moment.marks,
    marks.map(({ label }) => label),
  );
  return missing.length + surplus.length === 0
    ? torn
    : [...torn, `missing ${missing.join()}, surplus ${surplus.join()}`];
}

async function checkTable(
  sql: TestSql,
  { world }: PastHistory,
  moment: KnownMoment,
  table: LiveTable,
): Promise<string[]> {
  const [columns, rows] = await Promise.all([
    sql.unsafe<{ attnum: number }[]>(
      `select attnum from ${moment.columnsOf(table.oid)} where unknown is not null order by attnum`,
    ),
    sql.unsafe<{ cells: string }[]>(
      `select ${cellsOf(table)} as cells from ${moment.rowsOf(qualifiedName(world, table))} as r`,
    ),
  ]);
  const faults: string[] = [];
  const unknown = unknowable(table, moment);
  const calledUnknown = columns.map(({ attnum }) => attnum);
  if (String(calledUnknown) !== String(unknown))
    faults.push(`columns ${calledUnknown} are called unknown, not ${unknown}`);
  const actual = rows.map(({ cells }) => toRow(table, cells));
  for (const attnum of unknown) {
    const shown = actual.find((row) => row.get(attnum) !== null)?.get(attnum);
    if (shown !== undefined)
      faults.push(`column ${attnum}, of which nothing can be known, has the value ${shown}`);
  }
  const known = knowable(table, moment);
  const { missing, surplus } = differenceOf(
    (moment.state.get(table.oid)?.rows ?? []).map((row) => rowText(row, known)),
    actual.map((row) => rowText(row, known)),
  );
  if (missing.length + surplus.length > 0)
    faults.push(`\n  missing ${missing.join("\n          ")}\n  surplus ${surplus.join("\n          ")}`);
  return faults;
}
