import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { ArchivedChange } from "../../src/archive/change.ts";
import { directoryTarget } from "../../src/archive/directory.ts";
import { writeSegment } from "../../src/archive/writeSegment.ts";
import { batched, context, plainChange } from "./changes.ts";

// Two cores for everything: a busy machine is no failure.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** Two tables in two months, over several row groups, with what is easily read wrong. */
const changes: ArchivedChange[] = [1, 2].flatMap((relation) =>
  ["2026-10", "2026-11"].flatMap((month) =>
    Array.from({ length: 20_000 }, (_, number) =>
      plainChange({
        0: number === 7 ? "9007199254740993" : String(number),
        1: `${month}-03 04:05:06.${number === 0 ? "000001" : "5"}+00`,
        2: number === 9 ? "18446744073709551615" : String(number % 100),
        4: String(relation),
        7: number === 0 ? null : `key-${String(number).padStart(6, "0")}`,
        10: `{"name": "Zoë \\"${number}\\"", "n": "${number}"}`,
        11: number % 3 === 0 ? null : `user${number % 50}`,
        16: null,
      }),
    ),
  ),
);

let folder: string;
let ask: (sql: string) => Promise<unknown[]>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "duckdb-"));
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  ask = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

describe.each(["gzip", "none"] as const)("DuckDB on Parquet with %s", (compression) => {
  beforeAll(async () => {
    await rm(folder, { recursive: true });
    const tableOf = (relation: number) => ({ schema: "public", table: relation === 1 ? "users" : "a b/c" });
    await writeSegment(directoryTarget(folder), batched(changes, 3_000), {
      ...context,
      format: "parquet",
      compression,
      tableOf,
    });
  }, 60_000);

  const from = () => `read_parquet('${folder}/**/*.parquet', hive_partitioning = true)`;

  it("reads table and month from the folders, and every row", async () => {
    expect(
      await ask(
        `select "table", month, count(*) as changes, sum(id) as ids from ${from()} group by all order by all`,
      ),
    ).toEqual(
      ["public.a b/c", "public.users"].flatMap((table) =>
        ["2026-10", "2026-11"].map((month) => ({
          table,
          month,
          changes: "20000",
          ids: String(199_990_000n - 7n + 9_007_199_254_740_993n),
        })),
      ),
    );
  });

  it("knows the types", async () => {
    const types = await ask(
      `select column_name as name, column_type as type from (describe select * from ${from()}) limit 12`,
    );
    expect(types.map((column) => Object.values(column as object).join(" "))).toEqual([
      "id BIGINT",
      "at TIMESTAMP WITH TIME ZONE",
      "xid UBIGINT",
      "began TIMESTAMP WITH TIME ZONE",
      "relation INTEGER",
      "segment INTEGER",
      "op VARCHAR",
      "key VARCHAR",
      "old_key VARCHAR",
      "old JSON",
      "new JSON",
      "actor VARCHAR",
    ]);
  });

  it("reads documents, great numbers, instants and nulls", async () => {
    expect(
      await ask(
        `select id, xid, epoch_us("at") as "at", key, old_key, new->>'name' as name, actor
         from ${from()} where relation = 1 and month = '2026-11' and (key is null or xid > 1000)
         order by id`,
      ),
    ).toEqual([
      {
        id: "0",
        xid: "0",
        at: String(Date.UTC(2026, 10, 3, 4, 5, 6) * 1000 + 1),
        key: null,
        old_key: null,
        name: 'Zoë "0"',
        actor: null,
      },
      {
        id: "9",
        xid: "18446744073709551615",
        at: String(Date.UTC(2026, 10, 3, 4, 5, 6) * 1000 + 500_000),
        key: "key-000009",
        old_key: null,
        name: 'Zoë "9"',
        actor: null,
      },
    ]);
  });

  it("finds one key by the bounds of the row groups", async () => {
    expect(await ask(`select count(*) as n from ${from()} where key = 'key-012345'`)).toEqual([{ n: "4" }]);
    expect(
      await ask(`select count(*) as n from ${from()} where "at" < timestamptz '2026-11-01 00:00:00+00'`),
    ).toEqual([{ n: "40000" }]);
    const [groups] = await ask(
      `select count(*) as groups, count(stats_min_value) as bounded
       from parquet_metadata('${folder}/**/*.parquet') where path_in_schema = 'key'`,
    );
    const { groups: all, bounded } = groups as { groups: string; bounded: string };
    expect(Number(all)).toBeGreaterThan(4);
    expect(bounded).toBe(all);
  });
});

describe("the queries of docs/archive.md", () => {
  const one = (number: number, parts: Readonly<Record<number, string | null>>) =>
    plainChange({ 0: String(number), 1: `2026-11-0${number} 04:05:06+00`, 2: "4711", 4: "1", ...parts });
  const life: readonly ArchivedChange[] = [
    one(1, { 6: "I", 7: "42", 9: null, 10: '{"id": "42", "phone": "1"}', 11: "ana" }),
    one(2, { 2: "4712", 6: "U", 7: "42", 9: '{"phone": "1"}', 10: '{"phone": "2"}', 11: "ben" }),
    one(3, { 6: "I", 7: "43", 9: null, 10: '{"id": "43", "phone": null}', 11: null, 12: "app" }),
    one(4, { 2: "4713", 6: "U", 7: "44", 8: "42", 9: '{"id": "42"}', 10: '{"id": "44"}', 11: "ana" }),
  ];

  it("answer what they say they do", async () => {
    const target = directoryTarget(await mkdtemp(join(folder, "docs-")));
    const tableOf = () => ({ schema: "public", table: "users" });
    await writeSegment(target, batched(life), {
      ...context,
      format: "parquet",
      compression: "gzip",
      tableOf,
    });
    const page = await readFile(new URL("../../docs/archive.md", import.meta.url), "utf8");
    const queries = [...page.matchAll(/^```sql\n(.*?)^```$/gms)].map(([, text]) => text ?? "");
    const answers: unknown[][] = [];
    for (const query of queries) answers.push(await ask(query.replaceAll("/mnt/archive", target.text)));
    const [who, row, column, transaction] = answers;
    expect(who).toEqual([
      { month: "2026-11", who: "ana", changes: "2" },
      { month: "2026-11", who: "app", changes: "1" },
      { month: "2026-11", who: "ben", changes: "1" },
    ]);
    expect(row).toMatchObject([
      { id: "1", op: "I" },
      { id: "2", op: "U" },
      { id: "4", op: "U" },
    ]);
    expect(column).toMatchObject([{ key: "42", was: "1", became: "2", actor: "ben" }]);
    expect(transaction).toEqual([{ table: "public.users", op: "I", changes: "2" }]);
    expect(answers).toHaveLength(4);
  });
});
