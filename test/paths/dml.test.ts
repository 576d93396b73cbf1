import { describe, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { changesOf } from "./changes.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

const { inserted, updated, rekeyed, deleted } = changesOf("item");

describe.each(forms)("INSERT, UPDATE and DELETE on a table %s", (_form, form) => {
  const { audited, run, expectChanges } = usePath(database, form);

  const item = "create table item (id int primary key, name text default 'new', n int default 7)";
  const filled = `${item}; insert into item values (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)`;

  it("records an inserted row whole, NULL as null", async () => {
    await audited(item);
    await run("insert into item values (1, null, 5)");
    await expectChanges(inserted("1", { id: "1", name: null, n: "5" }));
  });

  it("records the rows of one INSERT in their order", async () => {
    await audited(item);
    await run("insert into item values (3, 'c', 3), (1, 'a', 1), (2, 'b', 2)");
    await expectChanges(
      inserted("3", { id: "3", name: "c", n: "3" }),
      inserted("1", { id: "1", name: "a", n: "1" }),
      inserted("2", { id: "2", name: "b", n: "2" }),
    );
  });

  it("records INSERT ... SELECT, also from the table itself", async () => {
    await audited(filled);
    await run("insert into item select id + 10, name, n from item where n > 1 order by id");
    await expectChanges(
      inserted("12", { id: "12", name: "b", n: "2" }),
      inserted("13", { id: "13", name: "c", n: "3" }),
    );
  });

  it("records nothing of an INSERT, UPDATE or DELETE that finds no row", async () => {
    await audited(filled);
    await run(
      "insert into item select id, name, n from item where false",
      "update item set n = 0 where id = 99",
      "delete from item where id = 99",
    );
    await expectChanges();
  });

  it("records the values that INSERT DEFAULT VALUES and DEFAULT stand for", async () => {
    await audited("create table item (id serial primary key, name text default 'new', n int default 7)");
    await run("insert into item default values", "insert into item (name, n) values (default, 1)");
    await expectChanges(
      inserted("1", { id: "1", name: "new", n: "7" }),
      inserted("2", { id: "2", name: "new", n: "1" }),
    );
  });

  it("records of an update the columns that changed, old and new", async () => {
    await audited(filled);
    await run("update item set name = 'z' where id = 2", "update item set name = null, n = n where id = 1");
    await expectChanges(
      updated("2", { name: "b" }, { name: "z" }),
      updated("1", { name: "a" }, { name: null }),
    );
  });

  it("records each row of an update of many", async () => {
    await audited(filled);
    await run("update item set n = n * 10");
    await expectChanges(
      updated("1", { n: "1" }, { n: "10" }),
      updated("2", { n: "2" }, { n: "20" }),
      updated("3", { n: "3" }, { n: "30" }),
    );
  });

  it("records nothing of an update that changes nothing, and of many rows those that changed", async () => {
    await audited(filled);
    await run("update item set name = name, n = 2", "update item set id = id, name = 'b' where id = 2");
    await expectChanges(updated("1", { n: "1" }, { n: "2" }), updated("3", { n: "3" }, { n: "2" }));
  });

  it("records nothing of an update that touches excluded columns only", async () => {
    await audited(
      "create table item (id int primary key, name text, secret text); insert into item values (1, 'a', 's')",
      {
        tables: ["item"],
        options: ["--exclude", "secret"],
        unknown: ["secret"],
      },
    );
    await run(
      "update item set secret = 'other'",
      "update item set secret = 'third', name = 'b'",
      "insert into item values (2, 'x', 'y')",
      "delete from item where id = 1",
    );
    await expectChanges(
      updated("1", { name: "a" }, { name: "b" }),
      inserted("2", { id: "2", name: "x" }),
      deleted("1", { id: "1", name: "b" }),
    );
  });

  it("records UPDATE ... FROM and DELETE ... USING", async () => {
    await audited(
      `${filled}; create table other (id int, word text); insert into other values (1, 'one'), (1, 'one'), (3, 'three')`,
    );
    await run(
      "update item set name = other.word from other where other.id = item.id",
      "delete from item using other where other.id = item.id and other.word = 'three'",
    );
    await expectChanges(
      updated("1", { name: "a" }, { name: "one" }),
      updated("3", { name: "c" }, { name: "three" }),
      deleted("3", { id: "3", name: "three", n: "3" }),
    );
  });

  it("records deleted rows whole", async () => {
    await audited(filled);
    await run("delete from item where id = 2", "delete from item");
    await expectChanges(
      deleted("2", { id: "2", name: "b", n: "2" }),
      deleted("1", { id: "1", name: "a", n: "1" }),
      deleted("3", { id: "3", name: "c", n: "3" }),
    );
  });

  it("records one row through its life, key change and second life included", async () => {
    await audited(item);
    await run(
      "insert into item values (1, 'a', 1)",
      "update item set id = 5, n = 2",
      "delete from item",
      "insert into item values (5, 'again', null)",
    );
    await expectChanges(
      inserted("1", { id: "1", name: "a", n: "1" }),
      rekeyed("1", "5", { id: "1", name: "a", n: "1" }, { id: "5", n: "2" }),
      deleted("5", { id: "5", name: "a", n: "2" }),
      inserted("5", { id: "5", name: "again", n: null }),
    );
  });
});
