import { readFileSync } from "node:fs";
import type { TestSql } from "./client.ts";

/** The tables that version 0.1.0 audits in its fixture: excluded columns, partitions, two key columns, a trigger, another schema. */
export const formerTables = `
  create table people (
    id integer primary key, name text, hair_color text, api_token text, born date,
    loud text generated always as (upper(hair_color)) stored
  );
  create table event (id integer, region text, note text, primary key (region, id)) partition by list (region);
  create table event_north partition of event for values in ('north');
  create table event_rest partition of event default partition by hash (id);
  create table event_rest_0 partition of event_rest for values with (modulus 1, remainder 0);
  create table "Odd.Pair" ("x y" text, note text, a integer, n numeric, primary key (a, "x y"));
  create table counted (id integer primary key, n integer default 0);
  create function count_up() returns trigger language plpgsql as
    'begin if new.n < 2 then update counted set n = n + 1 where id = new.id; end if; return null; end';
  create trigger count_up after insert or update on counted for each row execute function count_up();
  create schema depot;
  create table depot.part (id integer primary key, note text)`;

/** How these tables were enabled, in order. */
export const formerEnables: readonly (readonly string[])[] = [
  ["people", "--exclude", "hair_color,*_token"],
  ["event"],
  ['"Odd.Pair"', "--retain", "90d"],
  ["counted", "--on-truncate", "record"],
  ["depot.part"],
];

/** Puts the objects of version 0.1.0 beside formerTables, as a superuser's installation or as that of a role without rights. */
export async function installFormer(
  sql: TestSql,
  { superuser }: { readonly superuser: boolean },
): Promise<void> {
  const text = readFileSync(new URL("../fixtures/installed-0.1.0.sql", import.meta.url), "utf8");
  const parts = new Map(
    text
      .split(/^-- part: /m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n"))]),
  );
  const wanted = superuser ? ["objects", "with roles", "generated"] : ["objects", "without roles", "guarded"];
  for (const name of wanted) {
    const script = parts.get(name);
    if (script === undefined) throw new Error(`The fixture has no part "${name}".`);
    await sql.unsafe(`begin; ${script}; commit`).simple();
  }
}
