import { expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

it("says that a TRUNCATE of a partition made later would go unrecorded, and mends it", async () => {
  const audit = auditOf(database);
  await database.sql.unsafe(`
    create table visit (day int, id int, note text, primary key (day, id)) partition by list (day);
    create table visit_1 partition of visit for values in (1)`);
  await audit("enable", "visit");
  await database.sql.unsafe("create table visit_2 partition of visit for values in (2)");
  const [broken] = await audit.items<{ state: string; problems: string[] }>("status", "visit");
  expect(broken?.state).toBe("broken");
  expect(broken?.problems.join()).toContain("a TRUNCATE of it would go unrecorded");

  await audit("enable", "visit");
  const [mended] = await audit.items<{ state: string }>("status", "visit");
  expect(mended?.state).toBe("on");
  await database.sql.unsafe("insert into visit values (2, 1, 'kept'); truncate visit_2");
  const changes = await audit.items<{ op: string; old: object | null }>("history", "visit", "2", "1");
  expect(changes.map(({ op, old }) => [op, old])).toEqual([
    ["insert", null],
    ["truncate", { day: "2", id: "1", note: "kept" }],
  ]);
});

it("refuses to disable a partition by itself", async () => {
  const audit = auditOf(database);
  const { code, stderr } = await audit.run(["disable", "visit_1"]);
  expect(code).toBe(2);
  expect(stderr).toContain("public.visit_1 is a partition; it is audited with the whole table.");
  expect(stderr).toContain("audit disable public.visit");
});

it("leaves a table alone that was never audited", async () => {
  const audit = auditOf(database);
  await database.sql.unsafe("create table stranger (id int primary key)");
  const [row] = await audit.items<{ did: string; detail: string }>("disable", "stranger");
  expect(row).toMatchObject({ did: "unchanged", detail: "was not audited" });
});
