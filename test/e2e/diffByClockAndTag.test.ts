import { beforeAll, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);

beforeAll(async () => {
  await database.sql.unsafe("create table item (id integer primary key, name text)");
  await audit("enable", "item");
});

const clock = async () => {
  const [row] = await database.sql<{ at: string }[]>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.USZ') as at`;
  return row?.at ?? "";
};

it("tells what a time counts as done and a later tag knows was not committed", async () => {
  const writer = await database.sql.reserve();
  await writer.unsafe("begin; insert into item values (1, 'in progress')");
  const amid = await clock();
  await database.sql`select audit.tag('amid')`;
  await writer.unsafe("commit");
  writer.release();

  expect(await audit.items("at-time", amid, "item")).toEqual([{ id: "1", name: "in progress" }]);
  expect(await audit.items("at-time", "tag:amid", "item")).toEqual([]);
  expect(await audit.items("diff", "item", "--from", amid, "--to", "tag:amid")).toMatchObject([
    { kind: "deleted", key: "1", old: { id: "1", name: "in progress" } },
  ]);
});

it("compares no column that only one of the two knows", async () => {
  const writer = await database.sql.reserve();
  await writer.unsafe("begin; alter table item add more text default 'x'");
  const amid = await clock();
  await database.sql`select audit.tag('amid_DDL')`;
  await writer.unsafe("commit");
  writer.release();
  expect(await audit.items("diff", "item", "--from", amid, "--to", "tag:amid_DDL")).toEqual([]);
});
