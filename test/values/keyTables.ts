import type { TestSql } from "../helpers/client.ts";
import { arraysOf } from "./columns.ts";
import { builtInSamples } from "./groups.ts";
import { extensions } from "./samples/extensions.ts";
import { own } from "./samples/own.ts";
import type { Samples } from "./samples/sample.ts";
import { commonDdl, forms, lacks, literal, triggerOf } from "./tables.ts";

/** A table by the types of its key's columns. */
export interface KeyTable {
  readonly name: string;
  readonly types: readonly string[];
}

/** Longer values do not fit an index. */
const longest = 600;

/** How many columns the composite keys have. */
const width = 12;

/** Types whose "=" lies in an extension's schema, which the reading of the past does not see. */
const extensionTypes = new Set(Object.values(extensions).flatMap((samples) => Object.keys(samples)));

/** Whether the past of a table with this key can be read: see known.test.ts. */
export function isReadable({ types }: KeyTable): boolean {
  return types.every((type) => !extensionTypes.has(type) || type === "ext.citext" || type === "ext.lo");
}

function keySamples(major: number): Samples {
  const plain: Samples = Object.assign({}, ...Object.values(builtInSamples(major)), own);
  const arrays = [
    "integer",
    "text",
    "numeric",
    "timestamp with time zone",
    "interval",
    "app.mood",
    "regtype",
  ].map((type) => [
    `${type}[]`,
    arraysOf(type, (plain[type] ?? []).slice(0, 9)).filter((text) => text !== "{}"),
  ]);
  return { ...plain, ...Object.fromEntries(arrays) };
}

/**
 * Makes a table for every type that a primary key can have, and for composite keys of all of them, in "source" and
 * in both forms. Values that the key calls equal are there once.
 */
export async function makeKeyTables(sql: TestSql, major: number): Promise<KeyTable[]> {
  await sql.unsafe(commonDdl);
  const samples: Record<string, readonly string[]> = { ...keySamples(major) };
  for (const [extension, more] of Object.entries(extensions)) {
    if ((await lacks(sql, { extension })) !== undefined) continue;
    await sql.unsafe(`create extension ${extension} schema ext`);
    Object.assign(samples, more);
  }
  const comparable: string[] = [];
  const tables: KeyTable[] = [];
  for (const type of Object.keys(samples)) {
    const table = { name: `key_${tables.length}`, types: [type] };
    if (!(await makeKeyTable(sql, table, samples))) continue;
    comparable.push(type);
    tables.push(table);
  }
  for (let start = 0; start < comparable.length; start += width) {
    const table = { name: `keys_${start / width}`, types: comparable.slice(start, start + width) };
    await makeKeyTable(sql, table, samples);
    tables.push(table);
  }
  return tables;
}

/** False where the type has no order that a key could follow. */
async function makeKeyTable(sql: TestSql, table: KeyTable, samples: Samples): Promise<boolean> {
  const { name, types } = table;
  const texts = types.map((type) => (samples[type] ?? []).filter((text) => text.length < longest));
  const columns = types.map((_, place) => `k${place}`);
  const rows = Array.from({ length: Math.max(...texts.map((list) => list.length)) }, (_, row) =>
    texts.map((list) => literal(list[row % list.length] ?? null)),
  );
  const definition = `pos int, ${types.map((type, place) => `k${place} ${type}`).join(", ")}, value int`;
  try {
    await sql.unsafe(`create table source.${name} (${definition}, primary key (${columns.join(", ")}))`);
  } catch (error) {
    if (error instanceof Error && error.message.includes("has no default operator class")) return false;
    throw error;
  }
  await sql.unsafe(`
    insert into source.${name}
    values ${rows.map((row, place) => `(${place}, ${row.join(", ")}, 0)`).join(",\n")}
    on conflict do nothing;
    ${forms
      .map(
        (form) => `create table ${form}.${name} (like source.${name} including indexes);
          ${form === "fired" ? triggerOf(`${form}.${name}`) : ""}`,
      )
      .join("\n")}`);
  return true;
}
