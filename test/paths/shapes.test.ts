import { describe, expect, inject, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { changesOf, type Values } from "./changes.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

const { inserted, updated, rekeyed, deleted, truncated } = changesOf("item");
const major = inject("postgresMajor");

describe.each(forms)("The shape of a table %s", (_form, form) => {
  const path = usePath(database, form);
  const { audited, run, through, expectChanges } = path;

  it("may have as many columns as a table can", async () => {
    const names = Array.from({ length: 1599 }, (_, place) => `c${place}`);
    await audited(`create table item (id int primary key, ${names.map((name) => `${name} int`).join(", ")})`);
    await run(
      `insert into item values (1, ${names.map((_, place) => place).join(", ")})`,
      "update item set c0 = -1, c1598 = null",
      "delete from item",
    );
    const values: Values = Object.fromEntries(names.map((name, place) => [name, `${place}`]));
    await expectChanges(
      inserted("1", { id: "1", ...values }),
      updated("1", { c0: "0", c1598: "1598" }, { c0: "-1", c1598: null }),
      deleted("1", { id: "1", ...values, c0: "-1", c1598: null }),
    );
  });

  it("may be of more columns, of many types, than a function takes arguments", async () => {
    const kinds: readonly (readonly [type: string, before: string, after: string])[] = [
      ["int", "1", "2"],
      ["text", "a", "b"],
      ["numeric", "1.50", "1.5"],
      ["boolean", "true", "false"],
      ["jsonb", '{"a": 1}', '{"a": 2}'],
      ["json", '{"a":1}', '{"a": 1}'],
      ["timestamptz", "2026-01-02 03:04:05+00", "2026-01-02 03:04:05.000001+00"],
      ["int[]", "{1,2}", "{1,3}"],
      ["uuid", "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"],
      ["bytea", "\\x00", "\\x01"],
      ["point", "(1,2)", "(1,3)"],
      ["inet", "10.0.0.1", "10.0.0.2"],
      ["int4range", "[1,3)", "[1,4)"],
      ["char(3)", "a  ", "b  "],
      ["interval", "1 mon", "30 days"],
    ];
    const columns = Array.from(
      { length: 105 },
      (_, place) => kinds[place % kinds.length] ?? ["int", "1", "2"],
    );
    const values = (side: 1 | 2): Values =>
      Object.fromEntries(columns.map((column, place) => [`c${place}`, column[side] ?? null]));
    const list = (side: 1 | 2) => columns.map((column) => `'${column[side]}'`).join(", ");
    await audited(
      `create table item (id int primary key, ${columns.map(([type], place) => `c${place} ${type}`).join(", ")})`,
    );
    await run(
      `insert into item values (1, ${list(1)})`,
      `update item set (${columns.map((_, place) => `c${place}`).join(", ")}) = (select ${columns.map(([type, , after]) => `'${after}'::${type}`).join(", ")})`,
      "update item set c104 = c104, c0 = 7",
      "truncate item",
    );
    await expectChanges(
      inserted("1", { id: "1", ...values(1) }),
      updated("1", values(1), values(2)),
      updated("1", { c0: "2" }, { c0: "7" }),
      truncated("1", { id: "1", ...values(2), c0: "7" }),
    );
  });

  it.each([
    ["one key column", "id int primary key", "1", "2", { id: "1" }, { id: "2" }],
    [
      "two key columns",
      "a int, id text, primary key (id, a)",
      "1, 'x'",
      "2, 'y'",
      { a: "1", id: "x" },
      { a: "2", id: "y" },
    ],
  ])("may be of %s and nothing else", async (_what, columns, one, two, before, after) => {
    await audited(`create table item (${columns})`);
    const key = (values: Values) => ("a" in values ? `["${values.id}", "${values.a}"]` : `${values.id}`);
    const names = Object.keys(before).join(", ");
    await through(
      `insert into item values (${one})`,
      `update item set (${names}) = (select ${one})`,
      `update item set (${names}) = (select ${two})`,
      "delete from item",
    );
    await expectChanges(
      inserted(key(before), before),
      rekeyed(key(before), key(after), before, after),
      deleted(key(after), after),
    );
  });

  it("has stored generated columns in its images, as far as they changed", async () => {
    await audited(`
      create table item (id int primary key, n int, twice int generated always as (n * 2) stored, odd boolean generated always as (n % 2 = 1) stored);
      insert into item values (1, 1)`);
    await run(
      "insert into item values (2, 2)",
      "update item set n = 3 where id = 1",
      "delete from item where id = 2",
    );
    await expectChanges(
      inserted("2", { id: "2", n: "2", twice: "4", odd: "false" }),
      updated("1", { n: "1", twice: "2" }, { n: "3", twice: "6" }),
      deleted("2", { id: "2", n: "2", twice: "4", odd: "false" }),
    );
  });

  it.runIf(major >= 18)("has no virtual generated columns in its images", async () => {
    await audited(
      `create table item (id int primary key, n int, twice int generated always as (n * 2) virtual);
       insert into item values (1, 1)`,
      { tables: ["item"], unknown: ["twice"] },
    );
    await run("insert into item values (2, 2)", "update item set n = 3 where id = 1", "truncate item");
    await expectChanges(
      inserted("2", { id: "2", n: "2" }),
      updated("1", { n: "1" }, { n: "3" }),
      truncated("2", { id: "2", n: "2" }),
      truncated("1", { id: "1", n: "3" }),
    );
  });

  it("has the values that identity columns took, and those that overrode them", async () => {
    await audited(`
      create table item (id int generated always as identity primary key, serial int generated by default as identity, n int)`);
    await run(
      "insert into item (n) values (1), (2)",
      "insert into item overriding system value values (10, 10, 3)",
      "insert into item overriding user value values (77, 77, 4)",
      "update item set id = default where n = 1",
    );
    await expectChanges(
      inserted("1", { id: "1", serial: "1", n: "1" }),
      inserted("2", { id: "2", serial: "2", n: "2" }),
      inserted("10", { id: "10", serial: "10", n: "3" }),
      inserted("3", { id: "3", serial: "3", n: "4" }),
      rekeyed("1", "4", { id: "1", serial: "1", n: "1" }, { id: "4" }),
    );
  });

  it("may be unlogged", async () => {
    await audited("create unlogged table item (id int primary key, n int)");
    await run("insert into item values (1, 1)", "update item set n = 2", "delete from item");
    await expectChanges(
      inserted("1", { id: "1", n: "1" }),
      updated("1", { n: "1" }, { n: "2" }),
      deleted("1", { id: "1", n: "2" }),
    );
  });

  it("may have values too long to lie in the row, changed beside them or not", async () => {
    const long = "x".repeat(300_000);
    await audited(`
      create table item (id int primary key, n int, body text, plain text);
      alter table item alter body set storage external, alter plain set storage extended;
      insert into item values (1, 1, repeat('x', 300000), repeat('x', 300000))`);
    await run(
      "update item set n = 2",
      "update item set body = body || 'y'",
      "update item set body = left(body, 300000)",
      "delete from item",
    );
    await expectChanges(
      updated("1", { n: "1" }, { n: "2" }),
      updated("1", { body: long }, { body: `${long}y` }),
      updated("1", { body: `${long}y` }, { body: long }),
      deleted("1", { id: "1", n: "2", body: long, plain: long }),
    );
  });

  it("may change while it is audited: columns come, go, come again, take other names and types", async () => {
    await audited(
      "create table item (id int primary key, n int, gone text); insert into item values (1, 1, 'x')",
    );
    await run(
      "alter table item add fresh int default 5",
      "update item set n = 2",
      "alter table item rename n to number",
      "update item set number = 3, fresh = 6",
      "alter table item drop gone",
      "insert into item values (2, 2)",
      "alter table item add gone int",
      "update item set gone = 1 where id = 1",
      "alter table item alter number type numeric(5, 1)",
      "update item set number = 4 where id = 1",
      "delete from item where id = 2",
    );
    expect(await path.changes()).toEqual([
      updated("1", { n: "1" }, { n: "2" }),
      updated("1", { number: "2", fresh: "5" }, { number: "3", fresh: "6" }),
      inserted("2", { id: "2", number: "2", fresh: "5" }),
      updated("1", { gone: null }, { gone: "1" }),
      updated("1", { number: "3.0" }, { number: "4.0" }),
      deleted("2", { id: "2", number: "2.0", fresh: "5", gone: null }),
    ]);
  });
});
