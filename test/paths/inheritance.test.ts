import { describe, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { changesOf, together } from "./changes.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

const city = changesOf("city");
const capital = changesOf("capital");

describe.each(forms)("Tables that inherit, each %s", (_form, form) => {
  const { audited, run, expectChanges } = usePath(database, form);
  const tables = ["city", "capital"];

  const tree = `
    create table city (id int primary key, name text);
    create table capital (state text, primary key (id)) inherits (city);
    insert into city values (1, 'Bonn');
    insert into capital values (2, 'Berlin', 'DE')`;

  it("record what is written to the child by the child's columns", async () => {
    await audited(tree, { tables });
    await run("insert into capital values (3, 'Paris', 'FR')", "update capital set state = 'D' where id = 2");
    await expectChanges(
      capital.inserted("3", { id: "3", name: "Paris", state: "FR" }),
      capital.updated("2", { state: "DE" }, { state: "D" }),
    );
  });

  it("record what is written through the parent once, with the columns of the table that holds the row", async () => {
    await audited(tree, { tables });
    await run("update city set name = upper(name)", "delete from city");
    await expectChanges(
      together(
        city.updated("1", { name: "Bonn" }, { name: "BONN" }),
        capital.updated("2", { name: "Berlin" }, { name: "BERLIN" }),
      ),
      together(
        city.deleted("1", { id: "1", name: "BONN" }),
        capital.deleted("2", { id: "2", name: "BERLIN", state: "DE" }),
      ),
    );
  });

  it("record what is written to the parent ONLY as the parent's", async () => {
    await audited(tree, { tables });
    await run("update only city set name = 'x'", "delete from only city", "insert into city values (2, 'y')");
    await expectChanges(
      city.updated("1", { name: "Bonn" }, { name: "x" }),
      city.deleted("1", { id: "1", name: "x" }),
      city.inserted("2", { id: "2", name: "y" }),
    );
  });

  it("record the children alone where the parent is not audited", async () => {
    await audited(tree, { tables: ["capital"] });
    await run("update city set name = 'x'", "delete from city");
    await expectChanges(
      capital.updated("2", { name: "Berlin" }, { name: "x" }),
      capital.deleted("2", { id: "2", name: "x", state: "DE" }),
    );
  });

  it("record a grandchild and a child of two parents", async () => {
    await audited(
      `create table city (id int primary key, name text);
       create table place (height int);
       create table capital (state text, primary key (id)) inherits (city, place);
       create table seat (since int, primary key (id)) inherits (capital);
       insert into capital values (2, 'Berlin', 34, 'DE'); insert into seat values (3, 'Rome', 21, 'IT', 1871)`,
      { tables: ["city", "capital", "seat"] },
    );
    await run("update city set name = 'x'", "update place set height = 0");
    await expectChanges(
      together(
        capital.updated("2", { name: "Berlin" }, { name: "x" }),
        changesOf("seat").updated("3", { name: "Rome" }, { name: "x" }),
      ),
      together(
        capital.updated("2", { height: "34" }, { height: "0" }),
        changesOf("seat").updated("3", { height: "21" }, { height: "0" }),
      ),
    );
  });

  it("record TRUNCATE of the parent in the children too, and of the parent ONLY there", async () => {
    await audited(tree, { tables });
    await run("truncate only city", "insert into city values (1, 'Bonn')", "truncate city");
    await expectChanges(
      city.truncated("1", { id: "1", name: "Bonn" }),
      city.inserted("1", { id: "1", name: "Bonn" }),
      together(
        city.truncated("1", { id: "1", name: "Bonn" }),
        capital.truncated("2", { id: "2", name: "Berlin", state: "DE" }),
      ),
    );
  });

  it("record a child that joins and leaves the tree like any other table", async () => {
    await audited(
      `create table city (id int primary key, name text);
       create table capital (id int primary key, name text, state text);
       insert into capital values (2, 'Berlin', 'DE')`,
      { tables },
    );
    await run(
      "alter table capital inherit city",
      "update city set name = 'x'",
      "alter table capital no inherit city",
      "update capital set name = 'y'",
    );
    await expectChanges(
      capital.updated("2", { name: "Berlin" }, { name: "x" }),
      capital.updated("2", { name: "x" }, { name: "y" }),
    );
  });
});
