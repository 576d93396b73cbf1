import type { Value } from "../types.ts";
import { columnValue, isKept, sameValue } from "./image.ts";
import { type Changed, isMove, keyBefore } from "./moves.ts";
import type { PatchColumn, PatchTable } from "./patch.ts";
import type { PatchStatement } from "./patchStatements.ts";
import {
  inParts,
  keyJoin,
  keyLiterals,
  keyMatch,
  listed,
  namesOf,
  ownRows,
  type Spelling,
  typed,
  writable,
} from "./patchTerms.ts";
import { sqlLiteral, sqlName, sqlType } from "./sqlText.ts";
import { columnsOf } from "./uniques.ts";

/** Up to so many rows are each written by a statement of their own, which is easier to read. */
const FEW = 10;

/** What an update of a row comes to, by column. */
interface Parts {
  readonly set: readonly PatchColumn[];
  /** Columns whose values are not known. */
  readonly lost: readonly PatchColumn[];
  /** Columns that no UPDATE can set. */
  readonly fixed: readonly PatchColumn[];
}

/**
 * Rows whose keys or values that must be unique change come first, each by itself and in the order given. Of the others, many
 * that change the same columns are written at once.
 */
export function updateStatements(
  table: PatchTable,
  rows: readonly Changed[],
  spelling: Spelling,
): PatchStatement[] {
  const single = new Set([...table.key, ...table.uniques.flatMap(columnsOf)]);
  const ordered: PatchStatement[] = [];
  const alike = new Map<string, { parts: Parts; rows: Changed[] }>();
  for (const row of rows) {
    const parts = partsOf(table, row);
    const { set, lost, fixed } = parts;
    if (isMove(row) || set.some(({ name }) => single.has(name))) {
      ordered.push(ofOne(table, parts, row, spelling));
      continue;
    }
    const shape = JSON.stringify([set, lost, fixed].map((columns) => columns.map(({ name }) => name)));
    const group = alike.get(shape) ?? { parts, rows: [] };
    alike.set(shape, group);
    group.rows.push(row);
  }
  const others = [...alike.values()].flatMap(({ parts, rows: all }) =>
    all.length > FEW
      ? inParts(all).map((some) => ofMany(table, parts, some, spelling))
      : all.map((row) => ofOne(table, parts, row, spelling)),
  );
  return [...ordered, ...others];
}

function partsOf(table: PatchTable, { old, new: after }: Changed): Parts {
  const names = new Set([...Object.keys(old), ...Object.keys(after)]);
  const changed = writable(table).filter(
    ({ name }) => names.has(name) && !sameValue(columnValue(old, name), columnValue(after, name)),
  );
  const known = changed.filter(({ name }) => isKept(columnValue(after, name)));
  return {
    set: known.filter(({ always }) => !always),
    lost: changed.filter((column) => !known.includes(column)),
    fixed: known.filter(({ always }) => always),
  };
}

function ofOne(table: PatchTable, parts: Parts, row: Changed, spelling: Spelling): PatchStatement {
  const where = keyMatch(table, keyBefore(row), spelling);
  const values = parts.set.map((column) => `${sqlName(column.name)} = ${typed(wanted(row, column), column)}`);
  return {
    notes: leftOut(parts, `the row with ${where}`),
    lines: values.length > 0 ? [`update ${ownRows(table)} set ${values.join(", ")} where ${where};`] : [],
    rows: 1,
  };
}

function ofMany(
  table: PatchTable,
  parts: Parts,
  rows: readonly Changed[],
  spelling: Spelling,
): PatchStatement {
  const { set } = parts;
  const notes = leftOut(parts, `${rows.length} rows`);
  if (set.length === 0) return { notes, lines: [], rows: rows.length };
  const values = rows.map((row, place) => {
    // The first row tells the types: a column of nothing but NULL would have none.
    const texts = set.map((column) => {
      const text = sqlLiteral(wanted(row, column));
      return place === 0 ? `${text}::${sqlType(column.type)}` : text;
    });
    return `(${[...keyLiterals(table, row.key), ...texts].join(", ")})`;
  });
  const names = [...table.key, ...set.map(({ name }) => name)].map(sqlName).join(", ");
  const setting = set.map(({ name }) => `${sqlName(name)} = wanted.${sqlName(name)}`).join(", ");
  return {
    notes,
    lines: [
      `update ${ownRows(table)} as live set ${setting} from (values`,
      ...listed(values),
      `) as wanted (${names}) where ${keyJoin(table, "live", "wanted", spelling)};`,
    ],
    rows: rows.length,
  };
}

function wanted({ new: after }: Changed, { name }: PatchColumn): Value {
  const value = columnValue(after, name);
  return isKept(value) ? value : null;
}

function leftOut({ lost, fixed }: Parts, whose: string): string[] {
  return [
    ...(lost.length > 0 ? [`not known, and so left out: ${namesOf(lost)} of ${whose}`] : []),
    ...(fixed.length > 0 ? [`no UPDATE can set them, and so left out: ${namesOf(fixed)} of ${whose}`] : []),
  ];
}
