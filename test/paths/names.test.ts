import { describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { changesOf, together } from "./changes.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Names of tables and columns that collide with what code around them may use, or that have to be quoted. */
const names = [
  "x",
  "t",
  "row",
  "new",
  "old",
  "user",
  "key",
  "change",
  "tg_op",
  "key_text",
  "old_image",
  "changed",
  "__proto__",
  "constructor",
  "a.b",
  'say "hi"',
  "it's",
  "new\nline",
  "-- not a comment",
  "$body$",
  "%s %I %%",
  "back\\slash",
  "Ünïcødé 🦉",
  " ",
  "n".repeat(63),
  `${"n".repeat(62)}o`,
  "ü".repeat(31),
];

describe.each(forms)("Names in a database whose tables are %s", (_form, form) => {
  const path = usePath(database, form);
  const { audited, run, expectChanges } = path;

  const values = (name: string, value: string | null) => ({ id: "1", [name]: value });

  it("may be anything: of a table and of its column", async () => {
    await audited(
      names
        .map((name) => `create table ${quoted(name)} (id int primary key, ${quoted(name)} text);`)
        .join("\n"),
      { tables: names.map(quoted) },
    );
    for (const name of names) {
      const [table, column] = [quoted(name), quoted(name)];
      await run(
        `insert into ${table} values (1, 'a');
         update ${table} set ${column} = 'b';
         delete from ${table};
         insert into ${table} values (1, null)`,
        `truncate ${table}`,
      );
    }
    await expectChanges(
      ...names.flatMap((name) => {
        const { inserted, updated, deleted, truncated } = changesOf(name);
        return [
          inserted("1", values(name, "a")),
          updated("1", { [name]: "a" }, { [name]: "b" }),
          deleted("1", values(name, "b")),
          inserted("1", values(name, null)),
          truncated("1", values(name, null)),
        ];
      }),
    );
  });

  it("may be anything: of the key, and of many columns of one table", async () => {
    const { inserted, rekeyed } = changesOf("item");
    await audited(
      `create table item (${names.map((name) => `${quoted(name)} text`).join(", ")}, primary key (${names.slice(0, 30).map(quoted).join(", ")}))`,
    );
    const row = (value: string) => Object.fromEntries(names.map((name) => [name, value]));
    const key = (value: string) => `[${names.map(() => `"${value}"`).join(", ")}]`;
    await run(
      `insert into item values (${names.map(() => "'a'").join(", ")})`,
      `update item set ${names.map((name) => `${quoted(name)} = 'b'`).join(", ")}`,
    );
    await expectChanges(inserted(key("a"), row("a")), rekeyed(key("a"), key("b"), row("a"), row("b")));
  });

  it("may be shared by tables in two schemas, each with a history of its own", async () => {
    await audited(
      `create schema if not exists beside;
       drop table if exists beside.item;
       create table item (id int primary key, n int);
       create table beside.item (id int primary key, word text)`,
      { tables: ["public.item", "beside.item"] },
    );
    const { inserted } = changesOf("item");
    await run("insert into item values (1, 1)", "insert into beside.item values (1, 'one')");
    await expectChanges(inserted("1", { id: "1", n: "1" }), inserted("1", { id: "1", word: "one" }));
    expect(await path.history("public.item", "1")).toEqual([inserted("1", { id: "1", n: "1" })]);
    expect(await path.history("beside.item", "1")).toEqual([inserted("1", { id: "1", word: "one" })]);
  });

  it("may change: one history follows the table, a table made anew begins another", async () => {
    await audited("create table item (id int primary key, n int)");
    await run(
      "insert into item values (1, 1)",
      "alter table item rename to thing",
      "update thing set n = 2",
      "create schema if not exists moved",
      "alter table thing set schema moved",
      "update moved.thing set n = 3",
    );
    const { inserted, updated } = changesOf("thing");
    const life = [
      inserted("1", { id: "1", n: "1" }),
      updated("1", { n: "1" }, { n: "2" }),
      updated("1", { n: "2" }, { n: "3" }),
    ];
    expect(await path.history("moved.thing", "1")).toEqual(life);
    await run(
      "drop table moved.thing",
      "create table moved.thing (id int primary key, n int)",
      "insert into moved.thing values (1, 9)",
    );
    expect(await path.changes()).toEqual(life);
    await path.audit("enable", "moved.thing");
    await run("update moved.thing set n = 10");
    expect(await path.history("moved.thing", "1")).toEqual([updated("1", { n: "9" }, { n: "10" })]);
    await run("drop schema moved cascade");
  });

  it("of functions, operators and types on the application's path are never taken for the server's", async () => {
    await audited(`
      create schema if not exists shadow;
      create or replace function shadow.now() returns timestamptz language sql as $$ select 'epoch'::timestamptz $$;
      create or replace function shadow.clock_timestamp() returns timestamptz language sql as $$ select 'epoch'::timestamptz $$;
      create or replace function shadow.nextval(text) returns bigint language sql as 'select -1::bigint';
      create or replace function shadow.to_jsonb(anyelement) returns jsonb language sql as $$ select '"shadow"'::jsonb $$;
      create or replace function shadow.jsonb_object(text[], text[]) returns jsonb language sql as $$ select '"shadow"'::jsonb $$;
      create or replace function shadow.current_setting(text, boolean) returns text language sql as $$ select 'shadow' $$;
      create or replace function shadow.format(text, variadic "any") returns text language internal as 'text_format';
      create table item (id int primary key, n int)`);
    await run(
      "set search_path = shadow, pg_catalog, public",
      "insert into item values (1, 1)",
      "update item set n = 2",
      "truncate item",
      "reset search_path",
    );
    const { inserted, updated, truncated } = changesOf("item");
    await expectChanges(
      inserted("1", { id: "1", n: "1" }),
      updated("1", { n: "1" }, { n: "2" }),
      truncated("1", { id: "1", n: "2" }),
    );
    const [change] = await path.audit.items<{ at: string; actor: string | null }>("history", "item");
    expect(change).toMatchObject({ at: expect.stringMatching(/^20[2-9]/), actor: null });
  });

  it("of the session's temporary tables are never taken for the log's or the table's", async () => {
    await audited("create table item (id int primary key, n int)");
    await run(
      "create temp table change (like audit.change); create temp table item (id int); create temp table relation (id int)",
      "insert into public.item values (1, 1); insert into item values (7)",
      "truncate public.item",
      "drop table pg_temp.item, pg_temp.change, pg_temp.relation",
    );
    const { inserted, truncated } = changesOf("item");
    await expectChanges(together(inserted("1", { id: "1", n: "1" })), truncated("1", { id: "1", n: "1" }));
  });
});
