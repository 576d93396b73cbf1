import { describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { changesOf, type Recorded } from "./changes.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

const parent = changesOf("parent");
const child = changesOf("child");
const node = changesOf("node");

describe.each(forms)("Foreign keys between tables %s", (_form, form) => {
  const path = usePath(database, form);
  const { audited, run, expectChanges } = path;
  const tables = ["parent", "child"];

  const family = (action: string) => `
    create table parent (id int primary key, name text);
    create table child (id int primary key, parent_id int default 9 references parent ${action}, n int);
    insert into parent values (1, 'one'), (2, 'two'), (9, 'nobody');
    insert into child values (11, 1, 0), (12, 1, 0), (21, 2, 0)`;

  it("record a deleted parent, then the children that ON DELETE CASCADE took along", async () => {
    await audited(family("on delete cascade"), { tables });
    await run("delete from parent where id = 1");
    await expectChanges(
      parent.deleted("1", { id: "1", name: "one" }),
      child.deleted("11", { id: "11", parent_id: "1", n: "0" }),
      child.deleted("12", { id: "12", parent_id: "1", n: "0" }),
    );
  });

  it("record several parents deleted by one statement, each before its children", async () => {
    await audited(family("on delete cascade"), { tables });
    await run("delete from parent");
    const changes = await path.changes();
    const place = (table: string, key: string) =>
      changes.findIndex((change) => change.table === table && change.key === key);
    expect(changes).toHaveLength(6);
    expect(changes.every(({ op }) => op === "D")).toBe(true);
    expect(place("child", "11")).toBeGreaterThan(place("parent", "1"));
    expect(place("child", "12")).toBeGreaterThan(place("parent", "1"));
    expect(place("child", "21")).toBeGreaterThan(place("parent", "2"));
    await path.expectPast();
  });

  it.each([
    ["SET NULL", "on delete set null", null],
    ["SET DEFAULT", "on delete set default", "9"],
  ])("record the children that ON DELETE %s updated", async (_action, clause, value) => {
    await audited(family(clause), { tables });
    await run("delete from parent where id = 1");
    await expectChanges(
      parent.deleted("1", { id: "1", name: "one" }),
      child.updated("11", { parent_id: "1" }, { parent_id: value }),
      child.updated("12", { parent_id: "1" }, { parent_id: value }),
    );
  });

  it("record the children that ON UPDATE CASCADE rewrote after the parent's new key", async () => {
    await audited(family("on update cascade"), { tables });
    await run("update parent set id = 5 where id = 1");
    await expectChanges(
      parent.rekeyed("1", "5", { id: "1", name: "one" }, { id: "5" }),
      child.updated("11", { parent_id: "1" }, { parent_id: "5" }),
      child.updated("12", { parent_id: "1" }, { parent_id: "5" }),
    );
  });

  it("record children whose own key is the reference", async () => {
    await audited(
      `create table parent (id int primary key);
       create table child (id int primary key references parent on update cascade on delete cascade);
       insert into parent values (1); insert into child values (1)`,
      { tables },
    );
    await run("update parent set id = 5", "delete from parent");
    await expectChanges(
      parent.rekeyed("1", "5", { id: "1" }, { id: "5" }),
      child.rekeyed("1", "5", { id: "1" }, { id: "5" }),
      parent.deleted("5", { id: "5" }),
      child.deleted("5", { id: "5" }),
    );
  });

  it("record the children alone where the parent is not audited", async () => {
    await audited(family("on delete cascade"), { tables: ["child"] });
    await run("delete from parent where id = 2");
    await expectChanges(child.deleted("21", { id: "21", parent_id: "2", n: "0" }));
  });

  it("record a tree from its root downwards", async () => {
    await audited(
      `create table node (id int primary key, up int references node on delete cascade);
       insert into node values (1, null), (2, 1), (3, 2), (4, 3), (9, null)`,
      { tables: ["node"] },
    );
    await run("delete from node where id = 1");
    await expectChanges(
      node.deleted("1", { id: "1", up: null }),
      node.deleted("2", { id: "2", up: "1" }),
      node.deleted("3", { id: "3", up: "2" }),
      node.deleted("4", { id: "4", up: "3" }),
    );
  });

  it("record a cycle within one table, and one row that refers to itself", async () => {
    await audited(
      `create table node (id int primary key, up int references node on delete cascade on update cascade deferrable);
       insert into node values (1, 1), (2, null), (3, 2); update node set up = 3 where id = 2`,
      { tables: ["node"] },
    );
    await run("delete from node where id = 2", "delete from node where id = 1");
    await expectChanges(
      node.deleted("2", { id: "2", up: "3" }),
      node.deleted("3", { id: "3", up: "2" }),
      node.deleted("1", { id: "1", up: "1" }),
    );
  });

  it("record a cycle of two tables", async () => {
    await audited(
      `create table parent (id int primary key, favourite int);
       create table child (id int primary key, parent_id int references parent on delete cascade);
       alter table parent add foreign key (favourite) references child on delete set null deferrable initially deferred;
       begin;
       insert into parent values (1, 11);
       insert into child values (11, 1), (12, 1);
       commit`,
      { tables },
    );
    await run("delete from child where id = 11", "delete from parent");
    await expectChanges(
      child.deleted("11", { id: "11", parent_id: "1" }),
      parent.updated("1", { favourite: "11" }, { favourite: null }),
      parent.deleted("1", { id: "1", favourite: null }),
      child.deleted("12", { id: "12", parent_id: "1" }),
    );
  });

  it("record three generations in the order of the cascade, and all in one transaction", async () => {
    await audited(
      `create table parent (id int primary key);
       create table child (id int primary key, parent_id int references parent on delete cascade);
       create table node (id int primary key, child_id int references child on delete cascade);
       insert into parent values (1); insert into child values (11, 1), (12, 1); insert into node values (111, 11), (121, 12)`,
      { tables: [...tables, "node"] },
    );
    await run("delete from parent");
    const changes = await path.changes();
    const byTable = (table: string) => changes.filter((change: Recorded) => change.table === table);
    expect(changes.map(({ table }) => table)).toEqual(["parent", "child", "child", "node", "node"]);
    expect(byTable("node").map(({ key }) => key)).toEqual(["111", "121"]);
    const histories = await Promise.all(
      [...tables, "node"].map((table) => path.audit.items<{ tx: string }>("history", table)),
    );
    expect(new Set(histories.flat().map(({ tx }) => tx)).size).toBe(1);
    await path.expectPast();
  });

  it("record nothing of a delete that the foreign key refused", async () => {
    await audited(family("on delete restrict"), { tables });
    await expect(run("delete from parent")).rejects.toMatchObject({ code: expect.stringMatching(/^23/) });
    await expectChanges();
  });
});
