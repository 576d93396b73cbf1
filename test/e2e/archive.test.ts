import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { archiveLines, logLines } from "../helpers/archivedSet.ts";
import { auditOf } from "../helpers/auditOf.ts";
import type { TestSql } from "../helpers/client.ts";
import { useOwnServer } from "../helpers/ownServer.ts";
import { passTime } from "../helpers/passTime.ts";
import { runCli } from "../helpers/runCli.ts";

// A segment closes when no older transaction runs on the whole server: other tests' would come in between.
const server = useOwnServer();
const day = 24;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgtrail-archive-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Two tables, one with a key of two columns, and values that disturb formats. */
const tables = `
  create table users (id int primary key, name text, note jsonb, at timestamptz, amount numeric, raw bytea);
  create table "Odd/Name" (a text, b int, n int, primary key (a, b))`;

async function write(sql: TestSql, round = 0): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`select set_config('audit.actor', ${"ana\tline\nbreak \\N \\. é漢🙂"}, true)`;
    await transaction`select set_config('audit.context', '{"reason": "a \\"quoted\\" \\\\ reason", "n": 1.50}', true)`;
    await transaction`
      insert into users
      select ${round * 100}::int + n, case n % 4 when 0 then null when 1 then '' when 2 then E'tab\t newline\n back\\slash' else '\\N' end,
        '{"a": [1, 2.50, "x"]}', '2026-01-01 00:00:00.000001+00', 1.10, '\\xdeadbeef'
      from generate_series(1, 40) as n`;
    await transaction`insert into "Odd/Name" select 'k"' || n, n, ${round} from generate_series(1, 20) as n on conflict (a, b) do update set n = excluded.n`;
  });
  await sql`update users set name = 'changed' where id % 2 = 0`;
  await sql`update "Odd/Name" set a = a || '!' where b % 5 = 0`;
  await sql`delete from users where id % 7 = 0`;
}

async function enable(audit: ReturnType<typeof auditOf>, sql: TestSql): Promise<void> {
  await sql.unsafe(tables);
  await audit("enable", "users", '"Odd/Name"', "--retain", "10d");
}

interface SegmentState {
  readonly id: number;
  readonly state: string;
  readonly attached: boolean;
}

async function segmentsOf(sql: TestSql): Promise<SegmentState[]> {
  return [
    ...(await sql<SegmentState[]>`
      select id, state, to_regclass('audit.change_' || id) is not null as attached from audit.segment order by id`),
  ];
}

/** The invariant of horizons, and what is lost, by table. */
async function lostOf(sql: TestSql): Promise<Record<string, boolean>> {
  const rows = await sql<{ name: string; lost: boolean; holds: boolean }[]>`
    select table_name as name, lost_at is not null as lost,
      horizon_at is not distinct from greatest(
        lost_at, (select max(gone_at) from audit.segment_relation as held where held.relation = relation.id)
      ) as holds
    from audit.relation`;
  expect(rows.map(({ holds }) => holds)).not.toContain(false);
  return Object.fromEntries(rows.map(({ name, lost }) => [name, lost]));
}

async function dataFiles(target: string): Promise<string[]> {
  const all = await readdir(target, { recursive: true });
  return all.filter((path) => /segment-\d+\.relation/.test(path)).sort();
}

describe.each(["ndjson", "parquet"])("in the format %s", (format) => {
  const database = server.useDatabase();
  const audit = auditOf(database);
  const target = () => join(folder, `whole-${format}`);

  beforeAll(() => enable(audit, database.sql));

  it("prune --archive takes what has expired out of the database, every change of it as it was", async () => {
    const { sql } = database;
    await write(sql);
    await passTime(sql, 35 * day);
    await write(sql, 1);
    await passTime(sql, 30 * day);
    const before = await logLines(sql);
    expect(before.size).toBeGreaterThan(180);
    const { stdout } = await audit("prune", "--archive", target(), "--format", format, "--json");
    const { items } = JSON.parse(stdout) as { items: { segment: number; act: string; reason: string }[] };
    const [gone] = items.filter(({ act }) => act === "drop");
    expect(items.filter(({ segment }) => segment === gone?.segment).map(({ act }) => act)).toEqual([
      "rotate",
      "close",
      "archive",
      "drop",
    ]);
    expect(gone?.reason).toMatch(`; archived in ${target()}`);
    expect(await segmentsOf(sql)).toEqual(
      [
        { id: 1, state: "hot", attached: true },
        { id: gone?.segment, state: "archived", attached: false },
        { id: (gone?.segment ?? 0) + 1, state: "hot", attached: true },
      ].filter(({ id }, place) => place > 0 || id !== gone?.segment),
    );
    expect(await logLines(sql)).toEqual(new Map());
    expect(await archiveLines(target())).toEqual(before);
    expect(await lostOf(sql)).toEqual({ users: false, "Odd/Name": false });
    const [entry] =
      await sql`select target, changes::int, verified_at is not null as verified from audit.archive`;
    expect(entry).toEqual({ target: target(), changes: before.size, verified: true });
    const operations = await sql<{ segment: string; target: string }[]>`
      select plan->>'segment' as segment, plan->>'target' as target from audit.operation where kind = 'archive'`;
    expect([...operations]).toEqual([{ segment: String(gone?.segment), target: target() }]);
  });

  it("list tells by table what lies there, without a database", async () => {
    const { code, stdout } = await runCli(["archive", "list", target(), "--json"]);
    expect(code).toBe(0);
    const { items } = JSON.parse(stdout) as { items: { table: string; changes: string; format: string }[] };
    expect(items.map(({ table }) => table).sort()).toEqual(["Odd/Name", "users"]);
    const lines = await archiveLines(target());
    expect(items.reduce((sum, { changes }) => sum + Number(changes), 0)).toBe(lines.size);
    expect(items.every((item) => item.format === format)).toBe(true);
    const { stdout: table } = await runCli(["archive", "list", target(), "--tz", "UTC"]);
    expect(table).toContain("public.Odd/Name");
  });

  it("verify finds all as it was written, and keeps on counting what is gone as gone", async () => {
    const { stdout } = await audit("archive", "verify", target());
    expect(stdout).toMatch(
      /^Read back 1 segment, \d+ files and \d+ changes of .*: all is as it was written\.\n$/,
    );
    const { code, stderr } = await runCli(["archive", "verify", target(), "--offline"]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "Looked at the archive alone: a segment that is missing as a whole cannot be noticed so.\n",
    });
  });

  it("status counts what is in the database, and check finds nothing amiss", async () => {
    const items = await audit.items<{ changes_estimate: string }>("status");
    expect(items.map((item) => item.changes_estimate)).toEqual(["0", "0"]);
    const { stdout } = await audit.run(["check"]);
    expect(stdout).toBe("All is as it was set up.\n");
  });
});

describe("audit archive", () => {
  const database = server.useDatabase();
  const audit = auditOf(database);
  const target = () => join(folder, "steps");

  async function closedSegment(): Promise<number> {
    const { sql } = database;
    await write(sql, Math.floor(Math.random() * 1e6));
    await passTime(sql, 2 * day);
    await audit("prune");
    const closed = await sql<{ id: number }[]>`
      select id from audit.segment where state = 'closed' order by id desc limit 1`;
    return closed[0]?.id ?? 0;
  }

  const archived = (...more: string[]) =>
    audit.items<{ segment: number; act: string; changes: string }>(
      "archive",
      target(),
      "--format",
      "ndjson",
      ...more,
    );

  beforeAll(() => enable(audit, database.sql));

  it("says with --dry-run what it would archive, and touches nothing", async () => {
    const segment = await closedSegment();
    const { stdout } = await audit("archive", target(), "--dry-run");
    expect(stdout).toMatch(/\nwould archive 1 segment, \d+ changes\n$/);
    expect(await archived("--dry-run")).toMatchObject([{ segment, act: "archive" }]);
    await expect(readdir(target())).rejects.toMatchObject({ code: "ENOENT" });
    expect(await database.sql`select from audit.archive`).toHaveLength(0);
  });

  it("copies closed segments and leaves them where they are; the next run has nothing to do", async () => {
    const { sql } = database;
    const [segment] = await sql<{ id: number }[]>`select id from audit.segment where state = 'closed'`;
    const before = await logLines(sql, `change.segment = ${segment?.id}`);
    expect(await archived()).toMatchObject([
      { segment: segment?.id, act: "archive", changes: String(before.size) },
    ]);
    expect(await archiveLines(target())).toEqual(before);
    expect(await logLines(sql, `change.segment = ${segment?.id}`)).toEqual(before);
    expect(await archived()).toEqual([]);
    const { stdout } = await audit("archive", target());
    expect(stdout).toBe(
      `There is nothing to archive: all that audit prune has closed lies in ${target()}.\n`,
    );
    expect(await audit("archive", target(), "--quiet")).toEqual({ stdout: "", stderr: "" });
  });

  it("records a segment that an earlier run brought there without telling the database", async () => {
    await database.sql`delete from audit.archive`;
    expect(await archived()).toMatchObject([{ act: "found" }]);
    expect(await database.sql`select from audit.archive where verified_at is not null`).toHaveLength(1);
  });

  it("writes a segment anew whose earlier run was cut off, and removes what that left", async () => {
    const segment = await closedSegment();
    await archived();
    const before = await archiveLines(target());
    const manifest = join(target(), `_audit/segment-${String(segment).padStart(6, "0")}.json`);
    await rm(manifest);
    await database.sql`delete from audit.archive where segment = ${segment}`;
    const own = (await dataFiles(target())).filter((path) =>
      path.includes(`segment-${String(segment).padStart(6, "0")}`),
    );
    expect(own.length).toBeGreaterThan(1);
    const [first = "", second = ""] = own;
    await writeFile(join(target(), first), "half a fi");
    await writeFile(join(target(), `${first}`.replace(/[^/]+$/, ".unfinished-x-0123456789ab")), "half");
    // As a table that had another name then.
    const renamed = second.replace(/^table=[^/]+\/month=[^/]+/, "table=public.former");
    await rename(join(target(), second), join(target(), renamed)).catch(async () => {
      await writeFile(join(target(), "table=public.users", "segment-999999.relation-1.ndjson.gz"), "stray");
    });
    expect(await archived()).toMatchObject([{ segment, act: "archive" }]);
    expect(await archiveLines(target())).toEqual(before);
    const all = await readdir(target(), { recursive: true });
    expect(all.filter((path) => /unfinished|999999|former\//.test(path))).toEqual([]);
    expect(await audit.items("archive", "verify", target())).toEqual([]);
  });

  it("stops before the next segment at --max-duration", async () => {
    await closedSegment();
    let asked = 0;
    const now = () => new Date(Date.UTC(2026, 10, 22, 10, 0, asked++ < 1 ? 0 : 60));
    const { code, stdout, stderr } = await audit.run(
      ["archive", target(), "--max-duration", "30s", "--json"],
      { now },
    );
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "Stopped after 30 seconds, as --max-duration asks. What is left is for the next run.\n",
    });
    expect(JSON.parse(stdout)).toMatchObject({ items: [], complete: false });
    expect(await archived()).toHaveLength(1);
  });

  it("refuses the archive of another installation, and a segment that has gone another way", async () => {
    const identity = join(target(), "_audit/archive.json");
    const text = await readFile(identity, "utf8");
    await writeFile(identity, text.replace(database.name, "other_database"));
    const foreign = await audit.run(["archive", target()]);
    expect(foreign).toMatchObject({ code: 5, stdout: "" });
    expect(foreign.stderr).toContain("holds the archive of another installation");
    expect(await audit.run(["archive", "verify", target()])).toMatchObject({ code: 5 });
    await writeFile(identity, text);

    const [known] = await database.sql<{ segment: number }[]>`
      delete from audit.archive where segment = (select max(segment) from audit.archive) returning segment`;
    await database.sql`update audit.segment set changes = changes - 1 where id = ${known?.segment ?? 0}`;
    const { code, stderr } = await audit.run(["archive", target()]);
    expect(code).toBe(5);
    expect(stderr).toContain(`has a segment ${known?.segment} with other changes than this database`);
    await database.sql`update audit.segment set changes = changes + 1 where id = ${known?.segment ?? 0}`;
    expect(await archived()).toMatchObject([{ act: "found" }]);
  });

  it("does not archive a segment that holds other changes than were counted", async () => {
    const segment = await closedSegment();
    await database.sql`update audit.segment set changes = changes + 1 where id = ${segment}`;
    const { code, stderr } = await audit.run(["archive", target()]);
    expect(code).toBe(5);
    expect(stderr).toContain(`Segment ${segment} is not as it is written down`);
    const [entry] = await database.sql`select from audit.archive where segment = ${segment}`;
    expect(entry).toBeUndefined();
    await database.sql`update audit.segment set changes = changes - 1 where id = ${segment}`;
    expect(await archived()).toMatchObject([{ segment, act: "archive" }]);
  });

  it("verify tells of a byte that was turned, of what is missing and of what was exchanged (exit 1)", async () => {
    // Those of the oldest segment, whose manifest is left alone.
    const files = (await dataFiles(target())).filter((path) => path.includes("/segment-000001."));
    const [turned = "", missing = ""] = files;
    const bytes = await readFile(join(target(), turned));
    const place = Math.floor(bytes.length / 2);
    const flipped = Buffer.from(bytes);
    flipped[place] = (flipped[place] ?? 0) ^ 1;
    await writeFile(join(target(), turned), flipped);
    const kept = await readFile(join(target(), missing));
    await rm(join(target(), missing));
    const manifests = (await readdir(join(target(), "_audit")))
      .filter((name) => name.startsWith("segment-"))
      .sort();
    expect(manifests.length).toBeGreaterThanOrEqual(4);
    const newest = join(target(), "_audit", manifests.at(-1) ?? "");
    const other = join(target(), "_audit", manifests.at(-2) ?? "");
    const odd = join(target(), "_audit", manifests.at(-3) ?? "");
    const texts = await Promise.all([newest, other, odd].map((path) => readFile(path)));
    await rm(newest);
    await writeFile(other, `${texts[1]} `);
    await writeFile(odd, "{");

    const { code, stdout } = await audit.run(["archive", "verify", target(), "--json"]);
    expect(code).toBe(1);
    const { items } = JSON.parse(stdout) as { items: { path: string; message: string }[] };
    const told = (path: string) => items.filter((item) => item.path === path).map(({ message }) => message);
    const inAudit = (path: string) => path.slice(target().length + 1);
    expect(told(turned)).toHaveLength(1);
    expect(told(missing)).toEqual([`${missing} is missing.`]);
    expect(told(inAudit(newest))[0]).toMatch(/is missing: the database knows of segment \d+ there\.$/);
    expect(told(inAudit(other))[0]).toContain("the database knows");
    expect(told(inAudit(odd))[0]).toContain("cannot be read");
    expect(items).toHaveLength(5);
    const { code: again, stdout: text } = await audit.run(["archive", "verify", target()]);
    expect(again).toBe(1);
    expect(text).toMatch(/: 5 findings\.\n$/);

    const alone = await runCli(["archive", "verify", target(), "--offline", "--json"]);
    expect(alone.code).toBe(1);
    expect((JSON.parse(alone.stdout) as { items: unknown[] }).items).toHaveLength(3);

    // What is damaged counts as not archived, until it is written anew or found to be right.
    const [unsound] = await database.sql<{ count: number }[]>`
      select count(*)::int as count from audit.archive where verified_at is null`;
    expect(unsound?.count).toBeGreaterThanOrEqual(4);
    await writeFile(join(target(), missing), kept);
    await writeFile(other, texts[1] ?? "");
    await writeFile(odd, texts[2] ?? "");
    await archived();
    expect(await audit.items("archive", "verify", target())).toEqual([]);
    const repaired = await readFile(join(target(), turned));
    expect(createHash("sha256").update(repaired).digest("hex")).not.toBe(
      createHash("sha256").update(flipped).digest("hex"),
    );
  });
});

describe("prune", () => {
  const database = server.useDatabase();
  const audit = auditOf(database);
  const target = () => join(folder, "pruned");

  beforeAll(() => enable(audit, database.sql));

  it("removes nothing where archiving fails (exit 4)", async () => {
    const { sql } = database;
    await write(sql);
    await passTime(sql, 30 * day);
    const before = await logLines(sql);
    await writeFile(join(folder, "a-file"), "");
    const { code, stderr } = await audit.run([
      "prune",
      "--archive",
      join(folder, "a-file", "within"),
      "--format",
      "ndjson",
    ]);
    expect(code).toBe(4);
    expect(stderr).toContain("a-file");
    expect(await logLines(sql)).toEqual(before);
    expect(await lostOf(sql)).toEqual({ users: false, "Odd/Name": false });
  });

  it("shows with --dry-run what it would archive, then does so", async () => {
    const { stdout } = await audit("prune", "--dry-run", "--archive", target());
    expect(stdout).toMatch(/would archive 1 segment, (\d+) changes; would drop 1 segment, \1 changes/);
    await audit("prune", "--archive", target(), "--format", "ndjson");
    expect(await lostOf(database.sql)).toEqual({ users: false, "Odd/Name": false });
    expect((await segmentsOf(database.sql)).map(({ state }) => state)).toContain("archived");
  });

  it("does not drop where the manifest is another than the one that was read back", async () => {
    const { sql } = database;
    await write(sql, 2);
    await passTime(sql, 2 * day);
    await audit("prune");
    await audit("archive", target());
    await passTime(sql, 20 * day);
    const [closed] = await sql<{ id: number }[]>`select id from audit.segment where state = 'closed'`;
    const path = join(target(), `_audit/segment-${String(closed?.id).padStart(6, "0")}.json`);
    const manifest = await readFile(path, "utf8");
    await writeFile(path, `${manifest} `);
    const { code, stderr } = await audit.run(["prune", "--archive", target()]);
    expect(code).toBe(4);
    expect(stderr).toContain(`The manifest of segment ${closed?.id} in ${target()} is no longer the one`);
    expect((await segmentsOf(sql)).find(({ id }) => id === closed?.id)?.state).toBe("closed");
    await writeFile(path, manifest);
  });

  it("without --archive drops what lies in an archive as archived, and says so", async () => {
    const { sql } = database;
    const { stdout } = await audit("prune", "--json");
    const { items } = JSON.parse(stdout) as { items: { act: string; segment: number; reason: string }[] };
    const [dropped] = items.filter(({ act }) => act === "drop");
    expect(dropped?.reason).toMatch(`; archived in ${target()}`);
    expect((await segmentsOf(sql)).find(({ id }) => id === dropped?.segment)).toEqual({
      id: dropped?.segment,
      state: "archived",
      attached: false,
    });
    expect(await lostOf(sql)).toEqual({ users: false, "Odd/Name": false });
  });

  it("goes on where a drop of an archived segment was cut off, and it counts as archived", async () => {
    const { sql } = database;
    await write(sql, 3);
    await passTime(sql, 2 * day);
    await audit("prune");
    await audit("archive", target());
    const [closed] = await sql<{ id: number }[]>`select id from audit.segment where state = 'closed'`;
    const id = closed?.id ?? 0;
    await sql`select audit._let_go(${id}, 'infinity')`;
    await sql`update audit.segment set state = 'dropping' where id = ${id}`;
    await sql.unsafe(`alter table audit.change detach partition audit.change_${id} concurrently`);
    const { stderr } = await audit("prune", "--archive", target());
    expect(stderr).toContain(`Segment ${id} is gone, which an earlier run had begun to drop.`);
    expect((await segmentsOf(sql)).find((segment) => segment.id === id)?.state).toBe("archived");
    expect(await lostOf(sql)).toEqual({ users: false, "Odd/Name": false });
  });

  it("keeps what was brought back from an archive until its time", async () => {
    const { sql } = database;
    await write(sql, 4);
    await passTime(sql, 2 * day);
    await audit("prune");
    await sql`update audit.segment set restored_until = clock_timestamp() + interval '21 days' where state = 'closed'`;
    await passTime(sql, 20 * day);
    const kept = await audit.items<{ act: string; reason: string }>("prune");
    expect(kept.filter(({ reason }) => /brought back/.test(reason))).toMatchObject([{ act: "keep" }]);
    await passTime(sql, 2 * day);
    const dropped = await audit.items<{ act: string }>("prune", "--archive", target());
    expect(dropped.filter(({ act }) => act === "drop")).toHaveLength(1);
  });

  it("without an archive loses what goes, as before", async () => {
    const { sql } = database;
    await write(sql, 5);
    await passTime(sql, 30 * day);
    const before = (await segmentsOf(sql)).length;
    await audit("prune");
    expect((await segmentsOf(sql)).length).toBe(before);
    expect(await lostOf(sql)).toEqual({ users: true, "Odd/Name": true });
  });
});

describe("a segment of which only a part has expired", () => {
  const database = server.useDatabase();
  const audit = auditOf(database);
  const target = () => join(folder, "part");

  beforeAll(() => enable(audit, database.sql));

  it("is archived whole before that part goes; another archive then does not take the rest", async () => {
    const { sql } = database;
    await write(sql);
    await passTime(sql, 30 * day);
    await sql`insert into users (id) values (0)`;
    const before = await logLines(sql);
    const { stdout } = await audit("prune", "--archive", target(), "--format", "ndjson", "--json");
    const { items } = JSON.parse(stdout) as { items: { act: string }[] };
    expect(items.map(({ act }) => act)).toEqual(expect.arrayContaining(["archive", "delete"]));
    expect((await logLines(sql)).size).toBe(1);
    expect(await archiveLines(target())).toEqual(before);
    expect(await lostOf(sql)).toEqual({ users: false, "Odd/Name": false });
    expect((await segmentsOf(sql)).map(({ state }) => state)).toContain("closed");

    const { stdout: nothing, stderr } = await audit("archive", join(folder, "part-2"), "--format", "ndjson");
    expect(nothing).toContain("nothing to archive");
    expect(stderr).toMatch(/^Segment \d+ is left out: a part of it is gone .* lies in .*part alone\.\n$/);
    await passTime(sql, 30 * day);
    const elsewhere = await audit.items<{ act: string; reason: string }>(
      "prune",
      "--archive",
      join(folder, "part-2"),
      "--format",
      "ndjson",
    );
    expect(elsewhere.find(({ reason }) => /a part of it lies in/.test(reason))?.act).toBe("keep");
    await audit("prune", "--archive", target());
    expect((await logLines(sql)).size).toBe(0);
    expect(await lostOf(sql)).toEqual({ users: false, "Odd/Name": false });
  });
});
