import { beforeAll, describe, expect, it } from "vitest";
import { withTransaction } from "../../src/connection/connect.ts";
import { copySegment } from "../../src/db/copySegment.ts";
import { type AuditDatabase, withAudit } from "../../src/db/installation.ts";
import { logLines } from "../helpers/archivedSet.ts";
import { auditOf } from "../helpers/auditOf.ts";
import { fakeIo } from "../helpers/fakeIo.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);

beforeAll(async () => {
  await database.sql.unsafe("create table item (id int primary key, note text)");
  await audit("enable", "item");
});

async function inTransaction<T>(work: (audit: AuditDatabase) => Promise<T>): Promise<T> {
  return withAudit({ databaseUrl: database.url }, fakeIo(), (opened) =>
    withTransaction(opened.sql, { readOnly: true }, async (sql) => {
      const result = await work({ ...opened, sql });
      // The link is free again.
      expect(await sql`select 1::text as one`).toMatchObject([{ one: "1" }]);
      return result;
    }),
  );
}

async function copied(opened: AuditDatabase): Promise<Map<string, string>> {
  const lines = new Map<string, string>();
  for await (const batch of copySegment(opened, 1))
    for (const row of batch) lines.set(String(row[0]), JSON.stringify(row));
  return lines;
}

describe("copying a segment", () => {
  // Around what the driver holds before it pauses the link: 16 or 64 kB.
  it.each([0, 1, 40, 100, 150, 200, 300, 600, 5000])(
    "gives all of %i more changes, and the link back",
    async (count) => {
      await database.sql`
      insert into item
      select (select coalesce(max(id), 0) from item) + n, E'a\tb\\\n' || repeat('x', n % 90)
      from generate_series(1, ${count}::int) as n`;
      const lines = await inTransaction(copied);
      expect(lines).toEqual(await logLines(database.sql));
    },
  );

  it("gives them by table, month, key and number", async () => {
    const ids: string[] = [];
    await inTransaction(async (opened) => {
      for await (const batch of copySegment(opened, 1)) ids.push(...batch.map(([id]) => String(id)));
    });
    const expected = await database.sql<{ id: string }[]>`
      select id::text as id from audit.change
      order by relation, date_trunc('month', at at time zone 'UTC'), key collate "C" nulls first, id`;
    expect(ids).toEqual(expected.map(({ id }) => id));
    expect(ids.length).toBeGreaterThan(5000);
  });

  it("gives the link back to one who stops early", async () => {
    const first = await inTransaction(async (opened) => {
      for await (const batch of copySegment(opened, 1)) return batch.length;
      return 0;
    });
    expect(first).toBeGreaterThan(0);
  });
});
