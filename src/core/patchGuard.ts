import type { RowDifference, Value } from "../types.ts";
import { columnValue, isKept } from "./image.ts";
import { keyBefore } from "./moves.ts";
import type { PatchColumn, PatchTable } from "./patch.ts";
import { inParts, keyJoin, keyLiterals, listed, nameOf, ownRows, writable } from "./patchTerms.ts";
import { sqlLiteral, sqlName } from "./sqlText.ts";

/** A row that is there now. */
type Present = Exclude<RowDifference, { readonly kind: "inserted" }>;

/** Of these, values that are equal are the same. */
const exactTypes = ["smallint", "integer", "bigint", "uuid", "boolean"];

/**
 * Blocks that end the transaction unless the table's rows still are what the differences say they are: those to be
 * deleted or changed are there with these values, those to be inserted are not.
 */
export function guardLines(table: PatchTable): string[] {
  const { differences } = table;
  const taken = new Set(differences.filter(({ kind }) => kind !== "inserted").map(keyBefore));
  const absent = differences.filter(({ kind, key }) => kind === "inserted" && !taken.has(key));
  const alike = new Map<string, { columns: PatchColumn[]; rows: Present[] }>();
  for (const difference of differences) {
    if (difference.kind === "inserted") continue;
    const columns = writable(table).filter(
      ({ name }) => !table.key.includes(name) && isKept(columnValue(difference.old, name)),
    );
    const shape = JSON.stringify(columns.map(({ name }) => name));
    const group = alike.get(shape) ?? { columns, rows: [] };
    alike.set(shape, group);
    group.rows.push(difference);
  }
  return [
    ...[...alike.values()].flatMap(({ columns, rows }) =>
      inParts(rows).flatMap((part) => guardBlock(table, presentRows(table, columns, part))),
    ),
    ...inParts(absent).flatMap((part) => guardBlock(table, absentRows(table, part))),
  ];
}

/** Finds rows that are not there, or not with the values that they had. */
function presentRows(table: PatchTable, columns: readonly PatchColumn[], rows: readonly Present[]): string[] {
  const values = rows.map((row) => {
    const texts = columns.map(({ name }) => sqlLiteral(columnValue(row.old, name) as Value));
    return `(${[...keyLiterals(table, keyBefore(row)), ...texts].join(", ")})`;
  });
  const unlikeKeys = table.columns
    .filter(({ name, type }) => table.key.includes(name) && !exactTypes.includes(type))
    .map(({ name }) => `format('%s', live.${sqlName(name)}) <> format('%s', seen.${sqlName(name)})`);
  const unlike = columns.map(
    ({ name, type }) => `${textOf(name, type)} is distinct from seen.${sqlName(name)}`,
  );
  return [
    "  select from (values",
    ...listed(values),
    `  ) as seen (${[...table.key, ...columns.map(({ name }) => name)].map(sqlName).join(", ")})`,
    `  left join ${ownRows(table)} as live on ${keyJoin(table, "live", "seen", "plain")}`,
    `  where ${["live.tableoid is null", ...unlikeKeys, ...unlike].join(" or ")}`,
  ];
}

function absentRows(table: PatchTable, rows: readonly RowDifference[]): string[] {
  return [
    "  select from (values",
    ...listed(rows.map(({ key }) => `(${keyLiterals(table, key).join(", ")})`)),
    `  ) as seen (${table.key.map(sqlName).join(", ")})`,
    `  join ${ownRows(table)} as live on ${keyJoin(table, "live", "seen", "plain")}`,
  ];
}

function guardBlock(table: PatchTable, query: readonly string[]): string[] {
  const tag = dollarTag(query);
  const complaint = `rows of ${nameOf(table)} are no longer what they were when this script was made`;
  return [
    `do ${tag}begin if exists (`,
    ...query,
    `) then raise exception using errcode = 'serialization_failure', message = ${sqlLiteral(complaint)}; end if; end${tag};`,
  ];
}

/** The text of a column now, as the log writes it, which any type has. */
function textOf(name: string, type: string): string {
  const column = `live.${sqlName(name)}`;
  if (type === "boolean") return `${column}::text`;
  return `case num_nulls(${column}) when 0 then format('%s', ${column}) end`;
}

/** A quote that none of the texts has in it. */
function dollarTag(texts: readonly string[]): string {
  for (let number = 0; ; number++) {
    const tag = `$guard${number === 0 ? "" : number}$`;
    if (!texts.some((text) => text.includes(tag))) return tag;
  }
}
