import { expect, it } from "vitest";
import type { TestSql } from "../helpers/client.ts";
import { columnTypes, differingRows, fixedSettings } from "../helpers/compareRows.ts";
import { describeWithDump, loadDump } from "../helpers/dump.ts";
import { addWritten, type RowsWritten, writeEverywhere } from "../helpers/genericWriter.ts";
import { runCli } from "../helpers/runCli.ts";
import { readTableShapes, type TableShape } from "../helpers/tableShape.ts";
import { type TestDatabase, useDatabase } from "../helpers/useDatabase.ts";

/** Runs a command that must succeed. */
async function audit(database: TestDatabase, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await runCli([...args, "--database-url", database.url]);
  expect({ args, code, stderr: code === 0 ? "" : stderr }).toEqual({ args, code: 0, stderr: "" });
  return { stdout, stderr };
}

async function auditItems<T>(database: TestDatabase, ...args: string[]): Promise<T[]> {
  const { stdout } = await audit(database, ...args, "--json");
  return (JSON.parse(stdout) as { items: T[] }).items;
}

/** Copies every table of public, rows and types, and says when: before whatever comes next. */
async function copyTables(sql: TestSql, schema: string): Promise<{ instant: string; copies: Copy[] }> {
  await sql.unsafe(`create schema ${schema}`);
  const copies: Copy[] = [];
  for (const shape of await readTableShapes(sql, "public")) {
    const copy = `${schema}.copy_${copies.length}`;
    await sql.unsafe(`create table ${copy} as table ${shape.name}`);
    const [found] = await sql<{ oid: number }[]>`select ${shape.name}::regclass::oid as oid`;
    copies.push({ oid: found?.oid ?? 0, copy });
  }
  const [now] = await sql<{ instant: string }[]>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as instant`;
  return { instant: now?.instant ?? "", copies };
}

interface Copy {
  readonly oid: number;
  /** Qualified. */
  readonly copy: string;
}

/** The rows of a relation as the CLI's JSON shows them: every value as text. */
async function jsonRows(sql: TestSql, relation: string, names: readonly string[]): Promise<string[]> {
  return sql.begin(async (transaction) => {
    await transaction.unsafe(fixedSettings);
    const columns = await transaction<{ name: string }[]>`
      select quote_ident(attname) as name
      from pg_attribute
      where attrelid = ${relation}::text::regclass and attnum > 0 and not attisdropped
      order by attnum`;
    const values = columns.map(({ name }) => `to_jsonb(r.${name}::text)`);
    const rows = await transaction.unsafe<{ row: string }[]>(
      `select jsonb_build_array(${values.join(", ")})::text as row from ${relation} as r`,
    );
    return rows
      .map(({ row }) => {
        const list = JSON.parse(row) as unknown[];
        return JSON.stringify(Object.fromEntries(names.map((name, index) => [name, list[index]])));
      })
      .sort();
  });
}

/** Every table shows the copies' rows and types at the instant, to SQL and to the CLI alike. */
async function expectCopiesAt(database: TestDatabase, instant: string, copies: readonly Copy[]) {
  for (const { oid, copy } of copies) {
    const { sql } = database;
    const [table] = await sql<{ name: string; columns: string[]; plain: string[] }[]>`
      select
        format('%s.%I', relnamespace::regnamespace, relname) as name,
        array(select quote_ident(attname) from pg_attribute where attrelid = class.oid and attnum > 0 order by attnum) as columns,
        array(select attname::text from pg_attribute where attrelid = class.oid and attnum > 0 order by attnum) as plain
      from pg_class as class where class.oid = ${oid}`;
    const { name = "", columns = [], plain = [] } = table ?? {};
    const past = `select * from audit.at(null::${name}, '${instant}')`;
    expect({ name, differing: await differingRows(sql, past, `table ${copy}`) }).toEqual({
      name,
      differing: [],
    });
    const copied = await sql<{ types: string[] }[]>`
      select array_agg(atttypid::regtype::text order by attnum) as types
      from pg_attribute where attrelid = ${copy}::text::regclass and attnum > 0`;
    expect(await columnTypes(sql, past, columns)).toEqual(copied[0]?.types);
    const items = await auditItems<object>(database, "at-time", instant, name, "--tz", "UTC");
    expect(items.map((item) => JSON.stringify(item)).sort()).toEqual(await jsonRows(sql, copy, plain));
  }
}

async function expectNowIsLive(database: TestDatabase, tables: readonly TableShape[]) {
  for (const { name } of tables) {
    const { sql } = database;
    const now = `select * from audit.at(null::${name}, clock_timestamp())`;
    expect({ name, differing: await differingRows(sql, now, `table ${name}`) }).toEqual({
      name,
      differing: [],
    });
    const names = await sql<{ name: string }[]>`
      select attname as name from pg_attribute
      where attrelid = ${name}::text::regclass and attnum > 0 order by attnum`;
    const items = await auditItems<object>(database, "at-time", "now", name, "--tz", "UTC");
    expect(items.map((item) => JSON.stringify(item)).sort()).toEqual(
      await jsonRows(
        sql,
        name,
        names.map((column) => column.name),
      ),
    );
  }
}

/** Changes recorded, by the tables' present names: as the log has them, and as the CLI counts them. */
async function expectCounts(database: TestDatabase, written: RowsWritten) {
  const rows = await database.sql<{ name: string; count: number }[]>`
    select format('%I.%I', schema_name, table_name) as name, count(*)::int as count
    from audit.relation join audit.change on change.relation = relation.id
    group by relation.id`;
  const recorded = new Map(rows.map(({ name, count }) => [name, count]));
  expect([...recorded].sort()).toEqual([...written].sort());
  for (const [name, count] of written)
    expect({ name, count: (await auditItems(database, "history", name)).length }).toEqual({ name, count });
}

const dumps = [
  { name: "chinook", tables: 11, rows: 15_607 },
  { name: "northwind", tables: 14, rows: undefined },
] as const;

for (const { name, tables: expectedTables, rows: expectedRows } of dumps) {
  describeWithDump(name, (path) => {
    const database = useDatabase();

    it("keeps every write of every table, and gives back every row as it was", async () => {
      const { sql, url } = database;
      await loadDump(url, path);
      await audit(database, "init");
      const enabled = await auditItems<{ did: string }>(database, "enable", "--all");
      expect(enabled.map(({ did }) => did)).toEqual(Array(expectedTables).fill("enabled"));
      const tables = await readTableShapes(sql, "public");
      if (expectedRows !== undefined) {
        const counts = await Promise.all(tables.map((table) => sql.unsafe(`table ${table.name}`)));
        expect(counts.reduce((sum, { length }) => sum + length, 0)).toBe(expectedRows);
      }

      const { instant, copies } = await copyTables(sql, "before");
      const first = await writeEverywhere(sql, "public");
      expect(Math.min(...first.values())).toBeGreaterThanOrEqual(10);
      await expectCounts(database, first);
      await expectCopiesAt(database, instant, copies);
      await expectNowIsLive(database, tables);

      const between = await copyTables(sql, "between_writes");
      const second = await writeEverywhere(sql, "public");
      await expectCounts(database, addWritten(first, second));
      await expectCopiesAt(database, instant, copies);
      await expectCopiesAt(database, between.instant, between.copies);
    });

    it("is told of by history, diff, status and prune", async () => {
      const tables = await readTableShapes(database.sql, "public");
      const status = await auditItems<Record<string, unknown>>(database, "status");
      expect(status.map(({ state, problems }) => ({ state, problems }))).toEqual(
        tables.map(() => ({ state: "on", problems: [] })),
      );
      const [{ instant } = { instant: "" }] = await database.sql<{ instant: string }[]>`
        select to_char(max(from_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as instant from audit.coverage`;
      for (const { name: table } of tables) {
        const changes = await auditItems<{ key: string; op: string; at: string }>(database, "history", table);
        const keys = new Set(changes.map(({ key }) => key));
        const differences = await auditItems<{ kind: string; key: string }>(
          database,
          "diff",
          table,
          "--from",
          instant,
        );
        expect(differences.length).toBeGreaterThan(0);
        expect([...new Set(changes.map(({ op }) => op))].sort()).toEqual(["delete", "insert", "update"]);
        expect((await audit(database, "history", table)).stdout.split("\n  ").length).toBeGreaterThan(
          keys.size,
        );
        expect((await audit(database, "diff", table, "--from", instant)).stderr).toMatch(
          /\d+ inserted, \d+ deleted, \d+ changed\n$/,
        );
      }
      expect((await audit(database, "status")).stdout).toContain(
        `${expectedTables} tables: ${expectedTables} on`,
      );
      expect((await audit(database, "prune", "--dry-run")).stdout).toMatch(
        /kept for ever[\s\S]*nothing to drop/,
      );
      expect((await audit(database, "prune")).stdout).toContain("nothing to drop");
    });

    it("takes a retention, under which all later writes are kept", async () => {
      const tables = await readTableShapes(database.sql, "public");
      expect((await audit(database, "retention", "set", "short", "30d")).stdout).toContain("30 days");
      const changed = await auditItems<{ did: string; detail: string }>(
        database,
        "enable",
        "--schema",
        "public",
        "--retain",
        "short",
      );
      expect(changed.map(({ did }) => did)).toEqual(tables.map(() => "changed"));
      expect((await audit(database, "retention")).stdout).toContain(tables[0]?.name ?? "nothing");
      expect((await audit(database, "prune")).stdout).toContain("nothing to drop");
      const written = await writeEverywhere(database.sql, "public");
      const [fresh] = await database.sql<{ count: number }[]>`
        select count(*)::int as count from audit.change
        where segment = (select hot_segment from audit.retention where name = 'short')`;
      expect(fresh?.count).toBe([...written.values()].reduce((sum, rows) => sum + rows, 0));
    });

    it("keeps what was recorded when auditing stops", async () => {
      const { sql } = database;
      const tables = await readTableShapes(sql, "public");
      const [table] = tables;
      const before = await auditItems(database, "history", table?.name ?? "");
      const disabled = await auditItems<{ did: string }>(database, "disable", "--all");
      expect(disabled.map(({ did }) => did)).toEqual(tables.map(() => "disabled"));
      await writeEverywhere(sql, "public");
      expect(await auditItems(database, "history", table?.name ?? "")).toEqual(before);
      const status = await auditItems<{ state: string }>(database, "status");
      expect(status.map(({ state }) => state)).toEqual(tables.map(() => "off"));
      const { code, stdout, stderr } = await runCli([
        ...["at-time", "now", table?.name ?? "", "--database-url", database.url],
      ]);
      expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
      expect(stderr).toMatch(/auditing of .* ended/i);
    });
  });
}

/** Names that need quotes, each for another reason. */
const renamings = [
  `alter table artist rename to "Weird.Name"`,
  `alter table "Weird.Name" rename column artist_id to "Artist.Id"`,
  `alter table "Weird.Name" rename column name to "old"`,
  `alter table album rename to "Mixed Case"`,
  `alter table "Mixed Case" rename column title to "it's a ""title"""`,
  `alter table genre rename to "select"`,
  `alter table "select" rename column genre_id to "new"`,
  `alter table media_type rename to "quo""te; drop table x --"`,
  `alter table playlist rename to "Straße ☃"`,
  `alter table "Straße ☃" rename column name to "constructor"`,
  `alter table playlist_track rename to "new.old"`,
  `alter table "new.old" rename column track_id to "Track Id"`,
  `alter table employee rename to "user"`,
  `alter table "user" rename column email to "%I %s $1"`,
  `alter table "user" rename column city to "back\\slash"`,
  `alter table invoice_line rename to "${"n".repeat(63)}"`,
  `alter table "${"n".repeat(63)}" rename column quantity to "key"`,
] as const;

describeWithDump("chinook", (path) => {
  const database = useDatabase();

  it("is audited all the same under names that need quotes", async () => {
    const { sql, url } = database;
    await loadDump(url, path);
    for (const renaming of renamings) await sql.unsafe(renaming);
    await audit(database, "init");
    const enabled = await auditItems<{ did: string }>(database, "enable", "--all");
    expect(enabled.map(({ did }) => did)).toEqual(Array(11).fill("enabled"));
    const { instant, copies } = await copyTables(sql, "before");
    const written = await writeEverywhere(sql, "public");
    await expectCounts(database, written);
    await expectCopiesAt(database, instant, copies);
    await expectNowIsLive(database, await readTableShapes(sql, "public"));
    await expectReadings(database, instant);
  });
});

describeWithDump("chinook", (path) => {
  const database = useDatabase();

  it("keeps its histories when tables and columns are renamed under audit", async () => {
    const { sql, url } = database;
    await loadDump(url, path);
    await audit(database, "init");
    await audit(database, "enable", "--all");
    const start = await copyTables(sql, "start");
    const oldNames = new Map(
      await Promise.all(start.copies.map(async ({ oid }) => [oid, await nameOf(sql, oid)] as const)),
    );
    const former = await writeEverywhere(sql, "public");
    const middle = await copyTables(sql, "middle");
    for (const renaming of renamings) await sql.unsafe(renaming);
    const later = await writeEverywhere(sql, "public");

    const both = new Map<string, number>();
    for (const [oid, oldName] of oldNames) {
      const name = await nameOf(sql, oid);
      both.set(name, (former.get(oldName) ?? 0) + (later.get(name) ?? 0));
    }
    await expectCounts(database, both);
    await expectCopiesAt(database, start.instant, start.copies);
    await expectCopiesAt(database, middle.instant, middle.copies);
    await expectNowIsLive(database, await readTableShapes(sql, "public"));
    await expectReadings(database, start.instant);
  });
});

async function nameOf(sql: TestSql, oid: number): Promise<string> {
  const [row] = await sql<{ name: string }[]>`
    select format('%s.%I', relnamespace::regnamespace, relname) as name from pg_class where oid = ${oid}`;
  return row?.name ?? "";
}

/** The reading commands take the names as quote_ident writes them. */
async function expectReadings(database: TestDatabase, instant: string) {
  const tables = await readTableShapes(database.sql, "public");
  for (const { name } of tables) {
    await audit(database, "history", name, "--limit", "3");
    await audit(database, "diff", name, "--from", instant);
    expect((await audit(database, "status", name)).stdout).toMatch(/1 table: 1 on/);
  }
  const [change] = await auditItems<{ key: string; table: string }>(
    database,
    "history",
    '"Weird.Name"',
    "--limit",
    "1",
  );
  expect(change?.table).toBe("Weird.Name");
  const life = await auditItems<{ key: string }>(
    database,
    "history",
    'public."Weird.Name"',
    `Artist.Id=${change?.key}`,
  );
  expect(life.length).toBeGreaterThan(0);
}
