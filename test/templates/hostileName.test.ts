import { expect, it } from "vitest";
import { runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase();

/** Runs the command on this file's database; it has to succeed. */
async function audit(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args, { env: { DATABASE_URL: database.url } });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stdout;
}

const items = async (...args: string[]) => JSON.parse(await audit(...args, "--json")).items;

it.each([
  ["quotes and dots", `we"ird.o'name`],
  ["a keyword", "user"],
  ["capitals and a blank", "Audit Trail"],
  ["what format() would read", "100%s %I %%"],
  ["a newline and a comment", "a\n-- b"],
  ["the placeholder itself", "audit_schema"],
  ["letters beyond ASCII", "prüfpfad"],
  ["a backslash", "a\\b"],
])("works from init to uninstall in a schema named with %s", async (_, schema) => {
  const { sql } = database;
  const quoted = `"${schema.replaceAll('"', '""')}"`;
  await audit("init", "--audit-schema", quoted);
  await sql.unsafe(
    "drop table if exists public.person; create table public.person (id int primary key, name text)",
  );
  await audit("enable", "person");
  await sql.unsafe("insert into person values (1, 'Ada')");
  await sql.unsafe("update person set name = 'Eve' where id = 1");
  await sql.unsafe("alter table person add email text");
  await sql.unsafe("update person set email = 'eve@example.org' where id = 1; truncate person");

  const history = await items("history", "person", "1");
  expect(history.map(({ op }: { op: string }) => op)).toEqual(["insert", "update", "update", "truncate"]);
  expect(history.at(-1).old).toEqual({ id: "1", name: "Eve", email: "eve@example.org" });
  const { at } = history.at(0);
  expect(await items("at-time", at, "person")).toEqual([{ id: "1", name: "Ada", email: null }]);
  const [viewed] = await sql.unsafe(`select count(*)::int as changes from ${quoted}.history`);
  expect(viewed?.changes).toBe(4);

  await audit("prune");
  await audit("disable", "person");
  await audit("uninstall", "--confirm", database.name);
  const [left] = await sql`select count(*)::int as schemas from pg_namespace where nspname = ${schema}`;
  expect(left?.schemas).toBe(0);
});
