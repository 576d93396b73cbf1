import { columnValue, isKept } from "./image.ts";
import type { Changed } from "./moves.ts";
import type { Inserted, PatchColumn, PatchStep, PatchTable } from "./patch.ts";
import {
  inParts,
  keyLiterals,
  keyMatch,
  keyValues,
  listed,
  nameOf,
  namesOf,
  ownRows,
  qualifiedEquals,
  type Spelling,
  typed,
  writable,
} from "./patchTerms.ts";
import { updateStatements } from "./patchUpdates.ts";
import { sqlLiteral, sqlName, sqlType } from "./sqlText.ts";
import { type Parked, randomValue } from "./takers.ts";

/** What the texts of values are read under: the settings they were written under. */
export const patchSettings: readonly string[] = [
  "set local datestyle = 'ISO, YMD';",
  "set local intervalstyle = 'postgres';",
  "set local lc_monetary = 'C';",
  "set local xmloption = 'content';",
  "set local array_nulls = on;",
  "set local standard_conforming_strings = on;",
];

/** One statement of a patch. */
export interface PatchStatement {
  /** What has to be said of it, such as what it leaves out. */
  readonly notes: readonly string[];
  /** None where there is nothing to do but to be said. At most one row each. */
  readonly lines: readonly string[];
  /** How many rows it is to touch. */
  readonly rows: number;
}

/** The statements of one step. */
export function stepStatements(step: PatchStep, spelling: Spelling): PatchStatement[] {
  const { table } = step;
  if (table.columns.length === 0) return [remark("left out: the table is gone")];
  if (table.key.length === 0)
    return [remark("left out: it has no key by which its rows could be told apart")];
  switch (step.do) {
    case "delete":
      return [deleteStatement(table, step.rows, spelling)];
    case "park":
      return step.rows.map((row) => parkStatement(table, row, spelling));
    case "update":
      return updateStatements(table, step.rows, spelling);
    case "replace":
      return [replaceStatement(table, step.rows, spelling)];
    case "insert":
      return insertStatements(table, step.rows);
  }
}

function remark(note: string): PatchStatement {
  return { notes: [note], lines: [], rows: 0 };
}

interface Keyed {
  readonly key: string | null;
}

function deleteStatement(table: PatchTable, rows: readonly Keyed[], spelling: Spelling): PatchStatement {
  const { open, items, close } = keyList(table, rows, spelling);
  return {
    notes: [],
    lines: [`delete from ${ownRows(table)} where ${open}`, ...listed(items), `${close};`],
    rows: rows.length,
  };
}

/** The delete is done before the first row is inserted, and foreign keys are looked at after the last. */
function replaceStatement(table: PatchTable, rows: readonly Changed[], spelling: Spelling): PatchStatement {
  const { open, items, close } = keyList(table, rows, spelling);
  const single = table.key.length === 1;
  const columns = writable(table);
  const names = namesOf(columns);
  const values = rows.map((row) => {
    const texts = columns.map((column) => {
      const value = columnValue(row.new, column.name);
      return `${sqlLiteral(isKept(value) ? value : null)}::${sqlType(column.type)}`;
    });
    return `(${texts.join(", ")})`;
  });
  return {
    notes: [],
    lines: [
      `with gone as (delete from ${ownRows(table)} where ${open}${single ? "" : " "}${items.join(", ")}${close} returning 1)`,
      `insert into ${nameOf(table)} (${names}) overriding system value select * from (values`,
      ...listed(values),
      `) as anew where (select count(*) from gone) ${spelling === "plain" ? ">=" : "operator(pg_catalog.>=)"} 0;`,
    ],
    rows: rows.length,
  };
}

function parkStatement(
  table: PatchTable,
  { key, column, filler }: Parked,
  spelling: Spelling,
): PatchStatement {
  const type = table.columns.find(({ name }) => name === column)?.type ?? "";
  const value = filler === "null" ? "null" : randomValue(type);
  return {
    notes: [],
    lines: [
      `update ${ownRows(table)} set ${sqlName(column)} = ${value} where ${keyMatch(table, key, spelling)};`,
    ],
    rows: 1,
  };
}

function insertStatements(table: PatchTable, rows: readonly Inserted[]): PatchStatement[] {
  const columns = writable(table);
  const groups = new Map<string, { columns: PatchColumn[]; lines: string[] }>();
  for (const { key, new: image } of rows) {
    // A key is known even where nothing else is.
    const keyed = new Map(table.key.map((name, index) => [name, keyValues(table, key)[index] ?? null]));
    const valueIn = (name: string) => columnValue(image, name) ?? keyed.get(name) ?? columnValue(image, name);
    const kept = columns.filter(({ name }) => isKept(valueIn(name)));
    const shape = namesOf(kept);
    const group = groups.get(shape) ?? { columns: kept, lines: [] };
    groups.set(shape, group);
    const values = kept.map((column) => {
      const value = valueIn(column.name);
      return isKept(value) ? typed(value, column) : "default";
    });
    group.lines.push(`(${values.join(", ")})`);
  }
  // Rows that refer to each other have to come at once.
  const most = table.references.some(({ oid }) => oid === table.oid) ? Number.POSITIVE_INFINITY : undefined;
  return [...groups].flatMap(([shape, group]) => {
    const lost = columns.filter((column) => !group.columns.includes(column));
    return inParts(group.lines, most).map((lines) => ({
      notes: lost.length > 0 ? [`not known, and so left out: ${namesOf(lost)}`] : [],
      lines: [
        `insert into ${nameOf(table)} (${shape}) overriding system value values`,
        ...listed(lines, ";"),
      ],
      rows: lines.length,
    }));
  });
}

/** A condition that is true of the rows with these keys, in parts. Keys of several columns are joined, not tried in turn. */
function keyList(table: PatchTable, rows: readonly Keyed[], spelling: Spelling) {
  const single = table.key.length === 1;
  const columns = table.key.map(sqlName).join(", ");
  const values = rows.map(({ key }) => keyLiterals(table, key).join(", "));
  const items = single ? values : values.map((texts) => `(${texts})`);
  if (!single) {
    const within = spelling === "plain" ? "in" : `${qualifiedEquals} any`;
    return { open: `(${columns}) ${within} (values`, items, close: ")" };
  }
  if (spelling === "plain") return { open: `${columns} in (`, items, close: ")" };
  return { open: `${columns} ${qualifiedEquals} any (array[`, items, close: "])" };
}
