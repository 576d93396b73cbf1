import type { RowDifference, Value, Withheld } from "../types.ts";
import { columnValue, isKept, sameValue } from "./image.ts";
import type { Changed } from "./moves.ts";
import type { Inserted, PatchColumn, PatchStep, PatchTable } from "./patch.ts";
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

/**
 * How keys are compared: plainly, for people; or by the server's own operators alone, for statements that run under a path
 * where others may have put operators of theirs.
 */
export type Spelling = "plain" | "qualified";

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
      return step.rows.map((row) => updateStatement(table, row, spelling));
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

function updateStatement(table: PatchTable, row: Changed, spelling: Spelling): PatchStatement {
  const changed = changedColumns(row);
  const known = writable(table).filter(({ name }) => changed.includes(name));
  const set = known.flatMap((column) => {
    const value = columnValue(row.new, column.name);
    return isKept(value) && !column.always ? [`${sqlName(column.name)} = ${typed(value, column)}`] : [];
  });
  const lost = known.filter(({ name }) => !isKept(columnValue(row.new, name)));
  const fixed = known.filter(({ name, always }) => always && isKept(columnValue(row.new, name)));
  const where = keyMatch(table, row.oldKey ?? row.key, spelling);
  return {
    notes: [
      ...lostNote(lost, ` of the row with ${where}`),
      ...(fixed.length > 0
        ? [`no UPDATE can set them, and so left out: ${namesOf(fixed)} of the row with ${where}`]
        : []),
    ],
    lines: set.length > 0 ? [`update ${ownRows(table)} set ${set.join(", ")} where ${where};`] : [],
    rows: 1,
  };
}

function changedColumns(row: Changed): string[] {
  return [...new Set([...Object.keys(row.old), ...Object.keys(row.new)])].filter(
    (name) => !sameValue(columnValue(row.old, name), columnValue(row.new, name)),
  );
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
  return [...groups].map(([shape, group]) => {
    const lost = columns.filter((column) => !group.columns.includes(column));
    return {
      notes: lostNote(lost, ""),
      lines: [
        `insert into ${nameOf(table)} (${shape}) overriding system value values`,
        ...listed(group.lines, ";"),
      ],
      rows: group.lines.length,
    };
  });
}

function lostNote(columns: readonly PatchColumn[], where: string): string[] {
  return columns.length === 0 ? [] : [`not known, and so left out: ${namesOf(columns)}${where}`];
}

function namesOf(columns: readonly PatchColumn[]): string {
  return columns.map(({ name }) => sqlName(name)).join(", ");
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

/**
 * A block that ends the transaction unless the table's rows still are what the differences say they are: those to be
 * deleted or changed are there with these values, those to be inserted are not.
 */
export function guardLines(table: PatchTable): string[] {
  const { differences } = table;
  const taken = new Set(differences.filter(({ kind }) => kind !== "inserted").map(keyBefore));
  const conditions = differences.flatMap((difference) => {
    const here = `select from ${ownRows(table)} where ${keyMatch(table, keyBefore(difference), "plain")}`;
    if (difference.kind === "inserted") return taken.has(difference.key) ? [] : [`not exists (${here})`];
    const seen = writable(table).flatMap(({ name, type }) =>
      sameText(name, type, columnValue(difference.old, name)),
    );
    return [`exists (${[here, ...seen].join(" and ")})`];
  });
  const tag = dollarTag(conditions);
  const complaint = `rows of ${nameOf(table)} are no longer what they were when this script was made`;
  return [
    `do ${tag}begin if not (true`,
    ...conditions.map((condition) => `  and ${condition}`),
    `) then raise exception using errcode = 'serialization_failure', message = ${sqlLiteral(complaint)}; end if; end${tag};`,
  ];
}

function keyBefore(difference: RowDifference): string | null {
  return (difference.kind === "changed" ? difference.oldKey : undefined) ?? difference.key;
}

/** A condition on the text of a column, as the log writes it, which any type has; none where the value is not known. */
function sameText(name: string, type: string, value: Value | Withheld | undefined): string[] {
  if (!isKept(value)) return [];
  if (value === null) return [`num_nulls(${sqlName(name)}) = 1`];
  if (type === "boolean") return [`${sqlName(name)} = ${value}`];
  return [`format('%s', ${sqlName(name)}) = ${sqlLiteral(value)}`];
}

/** A quote that none of the texts has in it. */
function dollarTag(texts: readonly string[]): string {
  for (let number = 0; ; number++) {
    const tag = `$guard${number === 0 ? "" : number}$`;
    if (!texts.some((text) => text.includes(tag))) return tag;
  }
}

const qualifiedEquals = "operator(pg_catalog.=)";

function keyMatch(table: PatchTable, key: string | null, spelling: Spelling): string {
  const equals = spelling === "plain" ? "=" : qualifiedEquals;
  const literals = keyLiterals(table, key);
  return table.key.map((name, index) => `${sqlName(name)} ${equals} ${literals[index]}`).join(" and ");
}

function keyLiterals(table: PatchTable, key: string | null): string[] {
  return keyValues(table, key).map((value, index) => {
    const column = table.columns.find(({ name }) => name === table.key[index]);
    return column ? typed(value, column) : sqlLiteral(value);
  });
}

function keyValues(table: PatchTable, key: string | null): string[] {
  return table.key.length === 1 ? [key ?? ""] : (JSON.parse(key ?? "[]") as string[]);
}

function nameOf({ schema, table }: PatchTable): string {
  return `${sqlName(schema)}.${sqlName(table)}`;
}

/** Without the rows of tables that inherit from it. */
function ownRows(table: PatchTable): string {
  return `${table.inherited ? "only " : ""}${nameOf(table)}`;
}
