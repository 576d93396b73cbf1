import { connectTo, type TestSql } from "../helpers/client.ts";
import type { Boundary, PastHistory } from "./history.ts";
import { type Copy, cellsOf, differenceOf, exactSettings, rowText, toRow } from "./truth.ts";
import { type LiveTable, qualifiedName } from "./world.ts";

/** What the past says wrongly, in sentences that lead to it. */
export interface Verdict {
  /** Instants at which every table was compared with a true copy. */
  readonly instants: number;
  /** Instants among open transactions of which only the marks are known. */
  readonly untorn: number;
  /** Instants at which anything was wrong. */
  readonly wrong: number;
  readonly faults: readonly string[];
}

/** Asks audit.at for every table at every boundary and compares with the true copies. */
export async function checkInstants(url: string, history: PastHistory): Promise<Verdict> {
  const sql = connectTo(url, { max: 2 });
  const faults: string[] = [];
  let wrong = 0;
  try {
    const lanes = await Promise.all(
      [0, 1].map(async (lane) => {
        const connection = await sql.reserve();
        await connection.unsafe(exactSettings);
        const found: { place: number; faults: string[] }[] = [];
        for (const [place, boundary] of history.boundaries.entries()) {
          if (place % 2 === lane)
            found.push({ place, faults: await checkBoundary(connection, history, boundary, place) });
        }
        connection.release();
        return found;
      }),
    );
    for (const found of lanes.flat().toSorted((one, other) => one.place - other.place)) {
      if (found.faults.length > 0) wrong++;
      faults.push(...found.faults);
    }
  } finally {
    await sql.end({ timeout: 5 });
  }
  const known = history.boundaries.filter(({ truth }) => truth !== undefined).length;
  return { instants: known, untorn: history.boundaries.length - known, wrong, faults };
}

async function checkBoundary(
  sql: TestSql,
  history: PastHistory,
  boundary: Boundary,
  place: number,
): Promise<string[]> {
  const { world } = history;
  const faults: string[] = [];
  const fault = (table: string, text: string) =>
    faults.push(`boundary ${place} (${boundary.kind}, ${boundary.instant}), ${table}: ${text}`);
  const marks = await sql.unsafe<{ label: string; places: number }[]>(
    `select label, count(*)::int as places from audit.at(null::${world.schema}.marks, '${boundary.instant}') group by label`,
  );
  const { missing, surplus } = differenceOf(
    boundary.marks,
    marks.map(({ label, places }) => (places === 2 ? label : `${label} torn`)),
  );
  if (missing.length + surplus.length > 0)
    fault("marks", `missing ${missing.join()}, surplus ${surplus.join()}`);
  if (boundary.truth === undefined) return faults;
  for (const table of world.tables) {
    try {
      for (const text of await checkTable(sql, history, boundary.truth, boundary, place, table))
        fault(table.name, text);
    } catch (error) {
      fault(table.name, error instanceof Error ? error.message : String(error));
    }
  }
  return faults;
}

async function checkTable(
  sql: TestSql,
  { world, boundaries }: PastHistory,
  truth: Copy,
  { instant }: Boundary,
  place: number,
  table: LiveTable,
): Promise<string[]> {
  const [columns, rows] = await Promise.all([
    sql.unsafe<{ attnum: number; unknown: string | null }[]>(
      `select attnum, unknown from audit._columns_at(audit._relation_of(${table.oid}), ${table.oid}, '${instant}')`,
    ),
    sql.unsafe<{ cells: string }[]>(
      `select ${cellsOf(table)} as cells from audit.at(null::${qualifiedName(world, table)}, '${instant}') as r`,
    ),
  ]);
  const faults: string[] = [];
  const unknown = columns.filter((column) => column.unknown !== null).map(({ attnum }) => attnum);
  const expectedUnknown = unknowable(table, boundaries.slice(place));
  if (String(unknown) !== String(expectedUnknown))
    faults.push(`columns ${unknown} are called unknown, not ${expectedUnknown}`);
  const known = table.columns
    .map(({ attnum }) => attnum)
    .filter((attnum) => !expectedUnknown.includes(attnum));
  const actual = rows.map(({ cells }) => toRow(table, cells));
  for (const attnum of expectedUnknown) {
    const shown = actual.find((row) => row.get(attnum) !== null)?.get(attnum);
    if (shown !== undefined)
      faults.push(`column ${attnum}, of which nothing can be known, has the value ${shown}`);
  }
  const { missing, surplus } = differenceOf(
    (truth.get(table.oid)?.rows ?? []).map((row) => rowText(row, known)),
    actual.map((row) => rowText(row, known)),
  );
  if (missing.length + surplus.length > 0)
    faults.push(`\n  missing ${missing.join("\n          ")}\n  surplus ${surplus.join("\n          ")}`);
  return faults;
}

/**
 * The columns of today whose values at the first of the boundaries cannot be known: excluded, not there yet, or
 * of another type then or since.
 */
export function unknowable(table: LiveTable, boundaries: readonly Boundary[]): number[] {
  const typesThenAndSince = (attnum: number) =>
    boundaries.flatMap(({ truth }) => (truth ? [truth.get(table.oid)?.types.get(attnum)] : []));
  return table.columns
    .filter(({ attnum, type }) => {
      const types = typesThenAndSince(attnum);
      return (
        table.excluded.includes(attnum) ||
        types.some((other) => other === undefined || !isSameKind(other, type)) ||
        textLength(types[0] ?? "") > textLength(type)
      );
    })
    .map(({ attnum }) => attnum);
}

/** Whether ALTER TYPE between the two leaves every value that fits as it is. */
function isSameKind(one: string, other: string): boolean {
  return one === other || (textLength(one) > 0 && textLength(other) > 0);
}

/** How long a text of that type may be; 0 for types that are not text. */
function textLength(type: string): number {
  if (type === "text" || type === "character varying") return Number.POSITIVE_INFINITY;
  return Number(/^character varying\((\d+)\)$/.exec(type)?.[1] ?? 0);
}
