import { columnValue, isKept, sameValue } from "../core/image.ts";
import type { Patch, PatchColumn, PatchStep, PatchTable } from "../core/patch.ts";
import { safeText } from "../core/safe.ts";
import { sqlLiteral, sqlName, sqlType } from "../core/sqlText.ts";
import type { RowDifference, Value } from "../types.ts";
import { tableLabel } from "./name.ts";

/** What the texts of values are read under: the settings they were written under. */
const settings = [
  "set local datestyle = 'ISO, YMD';",
  "set local intervalstyle = 'postgres';",
  "set local lc_monetary = 'C';",
  "set local xmloption = 'content';",
  "set local array_nulls = on;",
  "set local standard_conforming_strings = on;",
];

/**
 * A patch as an SQL script in one transaction, one statement per line and at most one row per line. What the log does not
 * know of a row stays as it is, or as the table's defaults make it, and is named in a comment.
 */
export function patchText({ steps, circle, parted }: Patch, notes: readonly string[]): string {
  const deferrable = steps.some(({ table }) => table.references.some((reference) => reference.deferrable));
  const lines = [
    ...notes.map((note) => `-- ${safeText(note)}`),
    ...circle.map(
      (table) =>
        `-- ${label(table)} and tables it refers to refer to each other: unless their foreign keys are deferrable, the order may not do.`,
    ),
    ...parted.map(
      (table) =>
        `-- ${label(table)}: rows change keys in a way that takes writing them anew, and columns that are not known do not go with them: ${table.columns
          .filter(({ known }) => !known)
          .map(({ name }) => sqlName(name))
          .join(", ")}`,
    ),
    "begin;",
    ...settings,
    ...(deferrable ? ["set constraints all deferred;"] : []),
    ...steps.flatMap((step, index) => [
      ...(steps[index - 1]?.table === step.table ? [] : [`-- ${label(step.table)}`]),
      ...stepLines(step),
    ]),
    "commit;",
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function stepLines(step: PatchStep): string[] {
  const { table } = step;
  if (table.columns.length === 0) return ["-- left out: the table is gone"];
  if (table.key.length === 0) return ["-- left out: it has no key by which its rows could be told apart"];
  switch (step.do) {
    case "delete":
      return deleteLines(
        table,
        step.rows.map(({ key }) => key ?? ""),
      );
    case "update":
      return step.rows.flatMap((row) => updateLines(table, row));
    case "replace":
      return replaceLines(table, step.rows);
    case "insert":
      return insertLines(table, step.rows);
  }
}

function deleteLines(table: PatchTable, keys: readonly string[]): string[] {
  const { named, rows } = keyList(table, keys);
  return [`delete from ${nameOf(table)} where ${named} in (`, ...listed(rows), ");"];
}

/** The delete is done before the first row is inserted, and foreign keys are looked at after the last. */
function replaceLines(table: PatchTable, rows: readonly Changed[]): string[] {
  const { named, rows: keys } = keyList(
    table,
    rows.map(({ key }) => key ?? ""),
  );
  const columns = writable(table);
  const names = columns.map(({ name }) => sqlName(name)).join(", ");
  const values = rows.map((row) => {
    const texts = columns.map((column) => {
      const value = columnValue(row.new, column.name);
      return `${sqlLiteral(isKept(value) ? value : null)}::${sqlType(column.type)}`;
    });
    return `(${texts.join(", ")})`;
  });
  return [
    `with gone as (delete from ${nameOf(table)} where ${named} in (${keys.join(", ")}) returning 1)`,
    `insert into ${nameOf(table)} (${names}) overriding system value select * from (values`,
    ...listed(values),
    ") as anew where (select count(*) from gone) >= 0;",
  ];
}

function keyList(table: PatchTable, keys: readonly string[]): { named: string; rows: string[] } {
  const columns = table.key.map(sqlName).join(", ");
  const single = table.key.length === 1;
  const rows = keys.map((key) => {
    const values = keyLiterals(table, key).join(", ");
    return single ? values : `(${values})`;
  });
  return { named: single ? columns : `(${columns})`, rows };
}

type Changed = RowDifference & { readonly kind: "changed" };

function updateLines(table: PatchTable, row: Changed): string[] {
  const changed = [...new Set([...Object.keys(row.old), ...Object.keys(row.new)])].filter(
    (name) => !sameValue(columnValue(row.old, name), columnValue(row.new, name)),
  );
  const known = writable(table).filter(({ name }) => changed.includes(name));
  const set = known.flatMap((column) => {
    const value = columnValue(row.new, column.name);
    return isKept(value) && !column.always ? [`${sqlName(column.name)} = ${typed(value, column)}`] : [];
  });
  const lost = known.filter(({ name }) => !isKept(columnValue(row.new, name)));
  const fixed = known.filter(({ name, always }) => always && isKept(columnValue(row.new, name)));
  const key = keyLiterals(table, row.oldKey ?? row.key ?? "");
  const where = table.key.map((name, index) => `${sqlName(name)} = ${key[index]}`).join(" and ");
  return [
    ...lostLine(lost, ` of the row with ${where}`),
    ...(fixed.length > 0
      ? [
          `-- no UPDATE can set them, and so left out: ${fixed.map(({ name }) => sqlName(name)).join(", ")} of the row with ${where}`,
        ]
      : []),
    ...(set.length > 0 ? [`update ${nameOf(table)} set ${set.join(", ")} where ${where};`] : []),
  ];
}

function insertLines(
  table: PatchTable,
  rows: readonly (RowDifference & { readonly kind: "inserted" })[],
): string[] {
  const columns = writable(table);
  const groups = new Map<string, { columns: PatchColumn[]; lines: string[] }>();
  for (const { key, new: image } of rows) {
    // A key is known even where nothing else is.
    const keyed = new Map(table.key.map((name, index) => [name, keyValues(table, key ?? "")[index] ?? null]));
    const valueIn = (name: string) => columnValue(image, name) ?? keyed.get(name) ?? columnValue(image, name);
    const kept = columns.filter(({ name }) => isKept(valueIn(name)));
    const shape = kept.map(({ name }) => sqlName(name)).join(", ");
    const group = groups.get(shape) ?? { columns: kept, lines: [] };
    groups.set(shape, group);
    const values = kept.map((column) => {
      const value = valueIn(column.name);
      return isKept(value) ? typed(value, column) : "default";
    });
    group.lines.push(`(${values.join(", ")})`);
  }
  return [...groups].flatMap(([shape, group]) => {
    const lost = columns.filter((column) => !group.columns.includes(column));
    return [
      ...lostLine(lost, ""),
      `insert into ${nameOf(table)} (${shape}) overriding system value values`,
      ...listed(group.lines, ";"),
    ];
  });
}

function lostLine(columns: readonly PatchColumn[], where: string): string[] {
  if (columns.length === 0) return [];
  const names = columns.map(({ name }) => sqlName(name)).join(", ");
  return [`-- not known, and so left out: ${names}${where}`];
}

function listed(items: readonly string[], end = ""): string[] {
  return items.map((item, index) => `  ${item}${index === items.length - 1 ? end : ","}`);
}

function writable({ columns }: PatchTable): PatchColumn[] {
  return columns.filter(({ generated }) => !generated);
}

function typed(value: Value, { type }: PatchColumn): string {
  return value === null ? "null" : `${sqlLiteral(value)}::${sqlType(type)}`;
}

function keyLiterals(table: PatchTable, key: string): string[] {
  return keyValues(table, key).map((value, index) => {
    const column = table.columns.find(({ name }) => name === table.key[index]);
    return column ? typed(value, column) : sqlLiteral(value);
  });
}

function keyValues(table: PatchTable, key: string): string[] {
  return table.key.length === 1 ? [key] : (JSON.parse(key) as string[]);
}

function nameOf({ schema, table }: PatchTable): string {
  return `${sqlName(schema)}.${sqlName(table)}`;
}

function label({ schema, table }: PatchTable): string {
  return tableLabel(schema, table);
}
