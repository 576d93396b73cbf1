import type { TestSql } from "../helpers/client.ts";
import { type Feature, type Group, groupsOf } from "./groups.ts";
import { ownTypes } from "./samples/own.ts";

/** How a table is captured: as it likes, or row by row because it has a trigger of its own. */
export const forms = ["plain", "fired"] as const;
export type Form = (typeof forms)[number];

/** SQL text of a literal. */
export function literal(text: string | null): string {
  return text === null ? "null" : `'${text.replaceAll("'", "''")}'`;
}

/** SQL text of a name. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Says that the server lacks a feature; undefined when it has it. */
export async function lacks(sql: TestSql, feature: Feature): Promise<string | undefined> {
  if (feature === "xml") {
    const [row] = await sql<{ it: boolean }[]>`
      select exists (select from pg_config() where name = 'CONFIGURE' and setting like '%--with-libxml%') as it`;
    return row?.it ? undefined : "This PostgreSQL was built without XML.";
  }
  const [row] = await sql`select from pg_available_extensions where name = ${feature.extension}`;
  return row ? undefined : `This server has no extension ${feature.extension}.`;
}

/** What the server lacks of what a group needs. */
async function missingFor(sql: TestSql, group: Group): Promise<string | undefined> {
  for (const feature of group.needs) {
    const reason = await lacks(sql, feature);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** Schemas for tables of samples, of each form and of copies; types of an application; what makes a table "fired". */
export const commonDdl = `
  create schema source; create schema plain; create schema fired; create schema kept;
  create schema derived; create schema ext;
  ${ownTypes}
  create function app.nothing() returns trigger language plpgsql as 'begin return null; end';
`;

/** SQL that gives a table a trigger of its own, which does nothing. */
export function triggerOf(table: string): string {
  return `create trigger of_its_own after insert or update or delete on ${table}
    for each row execute function app.nothing();`;
}

/**
 * Makes types, and for each group a table of samples in "source" and an empty one per form. Returns the groups that
 * this server cannot have, each with the reason.
 */
export async function makeAll(
  sql: TestSql,
  major: number,
  options: { extensionsTogether?: boolean } = {},
): Promise<ReadonlyMap<string, string>> {
  const lacking = new Map<string, string>();
  const present: Group[] = [];
  await sql.unsafe(commonDdl);
  for (const group of groupsOf(major)) {
    const reason = await missingFor(sql, group);
    if (reason === undefined) present.push(group);
    else lacking.set(group.name, reason);
  }
  for (const group of options.extensionsTogether ? gathered(present) : present) await makeGroup(sql, group);
  return lacking;
}

/** The groups of extensions as one. */
function gathered(groups: readonly Group[]): Group[] {
  const isExtension = ({ needs }: Group) => needs.some((feature) => feature !== "xml");
  const extensions = groups.filter(isExtension);
  const together: Group = {
    name: "extensions",
    needs: extensions.flatMap(({ needs }) => needs),
    ddl: extensions.map(({ ddl }) => ddl).join("\n"),
    columns: extensions.flatMap(({ columns }) => columns),
  };
  const others = groups.filter((group) => !isExtension(group));
  return extensions.length > 0 ? [...others, together] : others;
}

async function makeGroup(sql: TestSql, group: Group): Promise<void> {
  for (const feature of group.needs) {
    if (feature !== "xml") await sql.unsafe(`create extension ${feature.extension} schema ext`);
  }
  await sql.unsafe(group.ddl);
  await makeTable(sql, group);
}

/** One table of samples, `pos` from 1: each column's values in turn, then a row of NULLs alone. */
export async function makeTable(sql: TestSql, group: Pick<Group, "name" | "columns">): Promise<void> {
  const { name, columns } = group;
  const height = Math.max(...columns.map(({ texts }) => texts.length));
  const rows = Array.from({ length: height }, (_, row) =>
    columns.map(({ texts }) => literal(texts[row % texts.length] ?? null)),
  );
  rows.push(columns.map(() => "null"));
  const definitions = columns.map((column) => `${quoted(column.name)} ${column.type}`).join(", ");
  await sql.unsafe(`
    create table source.${name} (pos int primary key, ${definitions});
    insert into source.${name} values ${rows.map((row, place) => `(${place + 1}, ${row.join(", ")})`).join(",\n")};
    create table plain.${name} (like source.${name} including indexes);
    create table fired.${name} (like source.${name} including indexes);
    ${triggerOf(`fired.${name}`)}
  `);
}

/**
 * SQL that gives each row of a table the values of the row that follows in "source". All names say where they belong,
 * for sessions whose search_path is full of traps.
 */
export function shiftRows(table: string, columns: readonly string[]): string {
  const source = table.replace(/^\w+\./, "source.");
  const list = columns.map(quoted);
  return `
    update ${table} as changed set (${list.join(", ")}) = row (${list.map((column) => `other.${column}`).join(", ")})
    from ${source} as other
    where other.pos operator(pg_catalog.=) (
      (changed.pos operator(pg_catalog.%) (select pg_catalog.count(*)::pg_catalog.int4 from ${source}))
      operator(pg_catalog.+) 1
    )`;
}
