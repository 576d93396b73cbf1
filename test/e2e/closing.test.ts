import { expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { connectTo } from "../helpers/client.ts";
import { useOwnServer } from "../helpers/ownServer.ts";

// A segment closes when no older transaction runs on the whole server: other tests' would come in between.
const database = useOwnServer().useDatabase();
const audit = auditOf(database);

it("prune does not close a segment beside the newest transaction of all, which began to write as it was rotated", async () => {
  const { sql } = database;
  await sql.unsafe("create table item (id int primary key)");
  await audit("enable", "item", "--retain", "10d");
  await sql`insert into item values (1)`;
  const [rotation, writer] = [connectTo(database.url, { max: 1 }), connectTo(database.url, { max: 1 })];
  try {
    await rotation
      .unsafe("begin; select audit._open_segment(id) from audit.retention where keep is not null")
      .simple();
    // It has a greater number than any transaction that has ended by the time the rotation is done.
    await writer.unsafe("begin; insert into item values (2)").simple();
    await rotation.unsafe("commit");
    const stateOf = async () => {
      const [row] = await sql<{ state: string; changes: string | null }[]>`
        select state, changes::text as changes from audit.segment
        where id = (select segment from audit.change order by id limit 1)`;
      return row;
    };
    await audit("prune");
    expect(await stateOf()).toEqual({ state: "closing", changes: null });
    await writer.unsafe("commit");
    await audit("prune");
    expect(await stateOf()).toEqual({ state: "closed", changes: "2" });
  } finally {
    await Promise.all([rotation.end(), writer.end()]);
  }
});
