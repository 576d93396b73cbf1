import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { describeWithDump, loadDump } from "../helpers/dump.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

describeWithDump("chinook", (path) => {
  const database = useDatabase();

  it("arrives whole", async () => {
    await loadDump(database.url, path);
    const [counts] = await database.sql`
      select
        (select count(*)::int from public.track) as tracks,
        (select count(*)::int from public.playlist_track) as listed,
        (select sum(total)::text from public.invoice) as total,
        (select count(*)::int from pg_constraint where contype = 'f') as foreign_keys`;
    expect(counts).toEqual({ tracks: 3503, listed: 8715, total: "2328.60", foreign_keys: 11 });
  });
});

describeWithDump("northwind", (path) => {
  const database = useDatabase();

  it("arrives whole", async () => {
    await loadDump(database.url, path);
    const [counts] = await database.sql`
      select
        (select count(*)::int from public.orders) as orders,
        (select count(*)::int from public.order_details) as details,
        (select count(*)::int from public.us_states) as states`;
    expect(counts).toEqual({ orders: 830, details: 2155, states: 51 });
  });
});

const folder = mkdtemp(join(tmpdir(), "pgtrail-dump-"));
afterAll(async () => rm(await folder, { recursive: true }));
const database = useDatabase();

it.each([
  [
    "rows the server refuses",
    "create table a (id int);\nCOPY a FROM stdin;\n1\nx\n\\.\n",
    'invalid input syntax for type integer: "x"',
  ],
  [
    "rows for a table that is not there",
    "COPY nowhere FROM stdin;\n1\n\\.\n",
    'relation "nowhere" does not exist',
  ],
  ["a statement the server refuses", "select 1;\nselect nothing();\n", "in: select nothing()"],
])("says what is wrong with %s, and ends", async (_what, text, message) => {
  const path = join(await folder, "bad.sql");
  await writeFile(path, text);
  await expect(loadDump(database.url, path)).rejects.toThrow(message);
});

it("says what is wrong with many rows the server refuses at once", async () => {
  const path = join(await folder, "long.sql");
  const rows = "1\n".repeat(2_000_000);
  await writeFile(path, `create table b (id int);\nCOPY b FROM stdin;\nx\n${rows}\\.\n`);
  await expect(loadDump(database.url, path)).rejects.toThrow('invalid input syntax for type integer: "x"');
});
