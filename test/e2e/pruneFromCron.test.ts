import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { connectTo, type TestSql } from "../helpers/client.ts";
import { type Monitor, startMonitor } from "../helpers/monitor.ts";
import { useOwnServer } from "../helpers/ownServer.ts";
import { passTime } from "../helpers/passTime.ts";
import { runCli } from "../helpers/runCli.ts";

// A segment closes when no older transaction runs on the whole server: other tests' would come in between.
const server = useOwnServer();
const database = server.useDatabase();
const audit = auditOf(database);

beforeAll(async () => {
  await database.sql.unsafe("create table users (id int primary key)");
  await audit("enable", "users", "--retain", "10d");
});

async function segments(): Promise<number> {
  const [row] = await database.sql<{ count: number }[]>`select count(*)::int as count from audit.segment`;
  return row?.count ?? 0;
}

/** Changes that have expired, in a segment that is due for rotation. */
async function makeDue(): Promise<void> {
  await database.sql`insert into users select coalesce(max(id), 0) + 1 from users`;
  await passTime(database.sql, 30 * 24);
}

/** The lock of an audit command at work, held by a session until `release`. */
async function holdRunLock(): Promise<{ readonly sql: TestSql; readonly release: () => Promise<void> }> {
  const sql = connectTo(database.url, { max: 1 });
  await sql`select pg_advisory_lock(${0x61756474}, hashtext('audit'))`;
  return { sql, release: () => sql.end() };
}

describe("beside another command that writes, prune", () => {
  beforeEach(makeDue);

  it.each([[["prune"]], [["prune", "--if-locked", "fail"]]])("fails with %j", async (args) => {
    const holder = await holdRunLock();
    const before = await segments();
    try {
      const { code, stdout, stderr } = await audit.run(args);
      expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
      expect(stderr).toMatch(/^error: Another audit command is at work on schema audit \(pid \d+/);
    } finally {
      await holder.release();
    }
    expect(await segments()).toBe(before);
  });

  it("does nothing and ends well with --if-locked skip", async () => {
    const holder = await holdRunLock();
    const before = await segments();
    try {
      const { code, stdout, stderr } = await audit.run(["prune", "--if-locked", "skip"]);
      expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
      expect(stderr).toMatch(
        /^Another audit command is at work on schema audit \(pid \d+.*\)\. Nothing was done, as --if-locked skip asks\.\n$/,
      );
      const { stdout: document } = await audit("prune", "--if-locked", "skip", "--json");
      expect(JSON.parse(document)).toMatchObject({ items: [], complete: false });
      expect(await audit("prune", "--if-locked", "skip", "--quiet")).toEqual({ stdout: "", stderr: "" });
    } finally {
      await holder.release();
    }
    expect(await segments()).toBe(before);
  });

  it("waits for its end with --if-locked wait", async () => {
    const holder = await holdRunLock();
    const [due] = await database.sql<{ count: number }[]>`select count(*)::int as count from audit.change`;
    const running = audit.run(["prune", "--if-locked", "wait"]);
    await sleep(700);
    await holder.release();
    const { code, stdout, stderr } = await running;
    expect({ code, stderr: stderr.replace(/\(.*\)/, "()") }).toEqual({
      code: 0,
      stderr: "Another audit command is at work on schema audit (). Waiting for it.\n",
    });
    expect(stdout).toContain(`dropped 1 segment, ${due?.count} changes`);
  });

  it("waits no longer than --max-duration", async () => {
    const holder = await holdRunLock();
    try {
      let second = 0;
      const now = () => new Date(Date.UTC(2026, 10, 22, 10, 0, second++));
      const { code, stderr } = await audit.run(["prune", "--if-locked", "wait", "--max-duration", "2s"], {
        now,
      });
      expect(code).toBe(5);
      expect(stderr).toMatch(
        /error: Another audit command is at work .*\nIt did not end within --max-duration 2 seconds\. Nothing was changed\.\n$/,
      );
    } finally {
      await holder.release();
    }
  });
});

describe("prune --max-duration", () => {
  it("begins nothing after it, says so, and the next run goes on", async () => {
    await audit("prune");
    await makeDue();
    let asked = 0;
    // The clock stands until the first act was begun.
    const now = () => new Date(Date.UTC(2026, 10, 22, 10, 0, asked++ < 2 ? 0 : 60));
    const { code, stdout, stderr } = await audit.run(["prune", "--max-duration", "30s", "--json"], { now });
    expect(code).toBe(0);
    const stopped = JSON.parse(stdout) as { complete: boolean; items: { act: string }[] };
    expect(stopped.complete).toBe(false);
    expect(stopped.items.map(({ act }) => act)).not.toContain("drop");
    expect(stopped.items.map(({ act }) => act)).toContain("rotate");
    expect(stderr).toBe(
      "Stopped after 30 seconds, as --max-duration asks. What is left is for the next run.\n",
    );
    const { stdout: next } = await audit("prune", "--json", "--max-duration", "1h");
    const done = JSON.parse(next) as { complete: boolean; items: { act: string; changes: string }[] };
    expect(done.complete).toBe(true);
    expect(done.items.filter(({ act }) => act === "drop")).toMatchObject([{ changes: "1" }]);
  });
});

describe("where a segment was never rotated and holds expired changes beside others", () => {
  const count = async () => {
    const [row] = await database.sql<{ count: number }[]>`
      select count(*)::int as count from audit.history where table_name = 'logins'`;
    return row?.count ?? 0;
  };

  it("prune stops between two batches at --max-duration, and goes on later", async () => {
    const { sql } = database;
    await sql.unsafe("create table logins (id int primary key)");
    await audit("enable", "logins", "--retain", "20d");
    await sql`insert into logins select generate_series(1, 25000)`;
    await passTime(sql, 30 * 24);
    await sql`insert into logins values (0)`;
    const left: number[] = [];
    // Each run may look at the clock once more than the one before.
    for (let looks = 1; looks <= 20; looks++) {
      let looked = 0;
      const now = () => new Date(Date.UTC(2026, 10, 22, 10, 0, looked++ < looks ? 0 : 60));
      expect(await audit.run(["prune", "--max-duration", "30s", "--quiet"], { now })).toEqual({
        code: 0,
        stdout: "",
        stderr: "",
      });
      left.push(await count());
    }
    expect(left[0]).toBe(25_001);
    expect(left).toContain(15_001);
    expect(left.at(-1)).toBe(1);
    expect(await audit.items("at-time", "now", "logins")).toHaveLength(25_001);
  });
});

describe("prune --quiet", () => {
  it("prints nothing when all goes well", async () => {
    await makeDue();
    const before = await segments();
    expect(await audit("prune", "--quiet")).toEqual({ stdout: "", stderr: "" });
    expect(await segments()).toBeLessThanOrEqual(before);
    expect(await audit.items("history", "users", "--op", "insert")).toEqual([]);
  });

  it("tells of a failure", async () => {
    const holder = await holdRunLock();
    try {
      const { code, stdout, stderr } = await audit.run(["prune", "--quiet"]);
      expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
      expect(stderr).toContain("Another audit command is at work");
    } finally {
      await holder.release();
    }
  });
});

describe("prune --heartbeat-url", () => {
  let monitor: Monitor;

  beforeAll(async () => {
    monitor = await startMonitor();
  });
  afterAll(() => monitor.stop());

  it("tells a monitor of start and end, and of failure also where no database is to be had", async () => {
    await audit("prune", "--quiet", "--heartbeat-url", `${monitor.url}/good`);
    const holder = await holdRunLock();
    await audit.run(["prune", "--heartbeat-url", `${monitor.url}/busy`]);
    await holder.release();
    const nowhere = ["--database-url", "postgres://127.0.0.1:1/none"];
    expect(await runCli(["prune", "--heartbeat-url", `${monitor.url}/gone`, ...nowhere])).toMatchObject({
      code: 4,
    });
    expect(monitor.heard).toEqual([
      "/good/start",
      "/good",
      "/busy/start",
      "/busy/fail",
      "/gone/start",
      "/gone/fail",
    ]);
  });
});
