import type { Ask } from "./ask.ts";
import type { PastHistory } from "./making.ts";
import { type KnownMoment, knowable, knownMoments } from "./moments.ts";
import type { Random } from "./random.ts";
import { cellsOf, differenceOf, rowText, type TrueRow, toRow } from "./truth.ts";
import { type Column, columnSql, type LiveTable, qualifiedName } from "./world.ts";

/** Joins two tables as they were at a random moment by one query, and compares with the join of the true copies. */
export async function checkQuery(ask: Ask, history: PastHistory, random: Random): Promise<string[]> {
  const { world } = history;
  const moment = random.pick(knownMoments(history));
  const [one, other] = [random.pick(world.tables), random.pick(world.tables)];
  const [left, right] = [someColumn(one, moment, random), someColumn(other, moment, random)];
  if (left === undefined || right === undefined) return [];
  const query = `
    select ${cellsOf(one, "l")} as one, ${cellsOf(other, "r")} as other
    from ${qualifiedName(world, one)} as l
    join ${qualifiedName(world, other)} as r on ${textOf(left, "l")} = ${textOf(right, "r")}`;
  const rows = await ask<{ one: string; other: string }>(one, "query", "--at", moment.typed, query);
  const pairText = (first: TrueRow, second: TrueRow) =>
    `${rowText(first, knowable(one, moment))} ${rowText(second, knowable(other, moment))}`;
  const stateOf = (table: LiveTable) => moment.state.get(table.oid)?.rows ?? [];
  const joined = stateOf(one).flatMap((first) =>
    stateOf(other)
      .filter((second) => isSame(first.get(left.attnum), second.get(right.attnum)))
      .map((second) => pairText(first, second)),
  );
  const { missing, surplus } = differenceOf(
    joined,
    rows.map((row) => pairText(toRow(one, row.one), toRow(other, row.other))),
  );
  if (missing.length + surplus.length === 0) return [];
  return [`query --at ${moment.typed} ${query}: missing ${missing.join()}, surplus ${surplus.join()}`];
}

function someColumn(table: LiveTable, moment: KnownMoment, random: Random): Column | undefined {
  const known = knowable(table, moment);
  const columns = table.columns.filter(({ attnum }) => known.includes(attnum));
  return columns.length === 0 ? undefined : random.pick(columns);
}

/** A NULL is like nothing. */
function textOf(column: Column, alias: string): string {
  const value = `${alias}.${columnSql(column)}`;
  const text = column.type === "boolean" ? `${value}::text` : `format('%s', ${value})`;
  return `(case when num_nulls(${value}) = 0 then ${text} end)`;
}

function isSame(one: string | null | undefined, other: string | null | undefined): boolean {
  return one !== null && one !== undefined && one === other;
}
