import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { connectTo, type TestSql } from "../helpers/client.ts";
import { differingRows } from "../helpers/compareRows.ts";
import { useOwnServer } from "../helpers/ownServer.ts";
import { moved, passTime } from "../helpers/passTime.ts";

interface PlanRow {
  readonly segment: number;
  readonly retention: string;
  readonly act: string;
  readonly changes: string;
  readonly reason: string;
}

// A segment closes when no older transaction runs on the whole server: other tests' would come in between.
const server = useOwnServer();

const summaries = server.useDatabase();

const day = 24;

async function clock(sql: TestSql): Promise<string> {
  const [row] = await sql<{ at: string }[]>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`;
  return row?.at ?? "";
}

async function segmentsOf(sql: TestSql): Promise<{ id: number; state: string; retention: string }[]> {
  return sql<{ id: number; state: string; retention: string }[]>`
    select segment.id, segment.state, retention.name as retention
    from audit.segment join audit.retention on retention.id = segment.retention
    order by segment.id`;
}

async function countChanges(sql: TestSql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`select count(*)::int as count from audit.change`;
  return row?.count ?? 0;
}

/** Acts that take changes away, and how many. */
function removals(rows: readonly PlanRow[]) {
  return rows
    .filter(({ act }) => act === "drop" || act === "delete")
    .map(({ segment, act, changes }) => ({ segment, act, changes }));
}

describe("three months of a shop under retention", () => {
  const database = server.useDatabase();
  const audit = auditOf(database);
  const tables = ["orders", "visits", "archive"] as const;
  let snapshots: { table: string; instant: string; copy: string }[] = [];

  beforeAll(async () => {
    await database.sql.unsafe(`
      create schema kept;
      create table orders (id int primary key, note text, total numeric);
      create table visits (id int primary key, page text);
      create table archive (id int primary key, note text);
      insert into orders select n, 'start', n from generate_series(1, 20) as n;
      insert into visits select n, 'start' from generate_series(1, 20) as n;
      insert into archive select n, 'start' from generate_series(1, 20) as n`);
    await audit("retention", "set", "month", "30 days");
    await audit("enable", "orders", "--retain", "month");
    await audit("enable", "visits", "--retain", "10d");
    await audit("enable", "archive");
  });

  /** Some writes of every kind, another mix each day. */
  async function write(today: number): Promise<void> {
    for (const table of tables) {
      const text = table === "visits" ? "page" : "note";
      await database.sql.unsafe(`
        insert into ${table} (id, ${text}) select n, 'new ${today}' from generate_series(${100 + today * 10}, ${104 + today * 10}) as n;
        update ${table} set ${text} = 'day ${today}' where id % 3 = ${today % 3};
        update ${table} set id = -id where id = ${(today % 20) + 1};
        delete from ${table} where id % 7 = ${today % 7} and id > 100`);
    }
  }

  it("keeps every answer after the cutoff, and refuses those before it by name", async () => {
    const { sql } = database;
    for (let today = 0; today < 90; today += 3) {
      await write(today);
      for (const table of tables) {
        const copy = `kept.${table}_${today}`;
        await sql.unsafe(`create table ${copy} as table ${table}`);
        snapshots.push({ table, instant: await clock(sql), copy });
      }
      await passTime(sql, 3 * day);
      snapshots = snapshots.map((snapshot) => ({ ...snapshot, instant: moved(snapshot.instant, 3 * day) }));

      const planned = await audit.items<PlanRow>("prune", "--dry-run");
      const before = await countChanges(sql);
      const done = await audit.items<PlanRow>("prune");
      expect({ today, removed: removals(done) }).toEqual({ today, removed: removals(planned) });
      const removed = removals(done).reduce((sum, { changes }) => sum + Number(changes), 0);
      expect({ today, left: await countChanges(sql) }).toEqual({ today, left: before - removed });
      if (today % 15 === 0) await expectAnswers();
    }
    await expectAnswers();
  });

  async function expectAnswers(): Promise<void> {
    const { sql } = database;
    const horizons = await sql<{ name: string; horizon: string | null }[]>`
      select table_name as name, to_char(horizon_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as horizon from audit.relation`;
    const horizonOf = new Map(horizons.map(({ name, horizon }) => [name, horizon]));
    for (const { table, instant, copy } of snapshots) {
      const horizon = horizonOf.get(table);
      if (horizon && instant < horizon) {
        const { code, stdout, stderr } = await audit.run(["at-time", instant, table]);
        expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
        expect(stderr).toMatch(/prune removed its changes up to .*\n.*oldest possible instant is \d{4}-/);
        const [seconds] = /\d\d:\d\d:\d\d\.\d+/.exec(horizon) ?? [];
        expect(stderr).toContain(seconds?.replace(/0+$/, ""));
      } else {
        const past = `select * from audit.at(null::${table}, '${instant}')`;
        expect({ copy, rows: await differingRows(sql, past, `table ${copy}`) }).toEqual({ copy, rows: [] });
      }
    }
  }

  it("has kept each table as long as it was told, and hardly longer", async () => {
    const [row] = await database.sql<Record<string, number>[]>`
      select
        extract(day from now() - min(at) filter (where table_name = 'orders'))::int as orders,
        extract(day from now() - min(at) filter (where table_name = 'visits'))::int as visits,
        extract(day from now() - min(at) filter (where table_name = 'archive'))::int as archive
      from audit.change join audit.relation on relation.id = change.relation`;
    expect(row?.archive).toBe(90);
    // A tenth of the interval more: that is how long a segment may span. Time here goes in steps of three days.
    expect(row?.orders).toBeGreaterThanOrEqual(27);
    expect(row?.orders).toBeLessThanOrEqual(36);
    expect(row?.visits).toBeGreaterThanOrEqual(9);
    expect(row?.visits).toBeLessThanOrEqual(15);
  });

  it("has nothing left to do afterwards", async () => {
    expect(removals(await audit.items<PlanRow>("prune"))).toEqual([]);
    const again = await audit.items<PlanRow>("prune");
    expect(new Set(again.map(({ act }) => act))).toEqual(new Set(["keep"]));
    const { stdout } = await audit("prune");
    expect(stdout).toMatch(/nothing to drop\n$/);
  });

  it("tells status how far back each table reaches", async () => {
    const status = await audit.items<{ table: string; since: string; oldest_instant: string }>("status");
    for (const { table, since, oldest_instant } of status) {
      if (table === "archive") expect(oldest_instant).toBe(since);
      else expect(oldest_instant > since).toBe(true);
    }
  });

  it("keeps less from the next prune on when the class is told to", async () => {
    const { stdout } = await audit("retention", "set", "month", "7 days");
    expect(stdout).toMatch(/kept 30 days, now keeps 7 days/);
    const before = await countChanges(database.sql);
    const planned = await audit.items<PlanRow>("prune", "--dry-run");
    expect(removals(planned).length).toBeGreaterThan(0);
    expect(await countChanges(database.sql)).toBe(before);
    expect(removals(await audit.items<PlanRow>("prune"))).toEqual(removals(planned));
    await expectAnswers();
  });

  it("shows the SQL of what would go with --dry-run", async () => {
    await write(90);
    await audit("prune");
    await passTime(database.sql, 60 * day);
    await audit("enable", "orders", "visits");
    const { stdout } = await audit("prune", "--dry-run");
    expect(stdout).toMatch(/would drop \d+ segments?/);
    expect(stdout).toMatch(
      /alter table audit\.change detach partition audit\.change_\d+ concurrently;\ndrop table audit\.change_\d+;/,
    );
  });
});

describe("rotation", () => {
  const database = server.useDatabase();
  const audit = auditOf(database);

  beforeEach(async () => {
    const { sql } = database;
    await sql.unsafe("drop table if exists users; create table users (id int primary key, n int)");
    await sql.unsafe("insert into users select n, 0 from generate_series(1, 100) as n");
    await audit("enable", "users", "--retain", "10d");
  });

  const hot = async () =>
    (await segmentsOf(database.sql)).find(({ state, retention }) => state === "hot" && retention === "10d")
      ?.id ?? 0;
  const changesIn = async (segment: number) => {
    const [row] = await database.sql<{ count: number }[]>`
      select count(*)::int as count from audit.change where segment = ${segment}`;
    return row?.count;
  };

  it("takes a warm session along, and the old segment gets nothing any more", async () => {
    const warm = connectTo(database.url, { max: 1 });
    const prepared = (id: number) => warm`update users set n = n + 1 where id = ${id}`;
    try {
      for (let id = 1; id <= 20; id++) await prepared(id);
      const former = await hot();
      expect(await changesIn(former)).toBeGreaterThanOrEqual(20);
      await passTime(database.sql, 2 * day);
      expect((await audit.items<PlanRow>("prune")).map(({ act }) => act)).toContain("rotate");
      const held = await changesIn(former);
      const now = await hot();
      expect(now).toBeGreaterThan(former);
      for (let id = 1; id <= 20; id++) await prepared(id);
      expect([await changesIn(former), await changesIn(now)]).toEqual([held, 20]);
    } finally {
      await warm.end();
    }
  });

  it("holds no writer up, not beside an open transaction and a reader either", async () => {
    await database.sql`update users set n = n + 1`;
    await passTime(database.sql, 2 * day);
    const writers = Array.from({ length: 4 }, () => connectTo(database.url, { max: 1 }));
    const idle = connectTo(database.url, { max: 2 });
    let going = true;
    let slowest = 0;
    const writing = writers.map(async (writer, index) => {
      let written = 0;
      while (going) {
        const start = performance.now();
        await writer`update users set n = n + 1 where id = ${index + 1}`;
        slowest = Math.max(slowest, performance.now() - start);
        written++;
      }
      return written;
    });
    try {
      await idle.begin(async (open) => {
        await open`update users set n = n + 1 where id = 50`;
        await idle.begin(async (reader) => {
          await reader`select count(*) from audit.change`;
          await audit("prune");
        });
      });
      await sleep(200);
    } finally {
      going = false;
      const written = await Promise.all(writing);
      for (const writer of [...writers, idle]) await writer.end();
      expect(Math.min(...written)).toBeGreaterThan(5);
    }
    expect(slowest).toBeLessThan(2000);
    const [row] = await database.sql<{ missing: number }[]>`
      select (select sum(n) from users)::int - (
        select count(*) from audit.change where op = 'U' and relation = (select max(id) from audit.relation)
      )::int as missing`;
    expect(row?.missing).toBe(0);
  });

  it("waits with closing for a transaction from before it, and loses none of its changes", async () => {
    const { sql } = database;
    await sql`update users set n = n + 1`;
    await passTime(sql, 2 * day);
    const former = await hot();
    const long = connectTo(database.url, { max: 1 });
    try {
      await long.unsafe("begin; update users set n = n + 1 where id = 1");
      await audit("prune");
      const stateOf = async () => (await segmentsOf(sql)).find(({ id }) => id === former)?.state;
      expect(await stateOf()).toBe("closing");
      await long.unsafe("update users set n = n + 1 where id = 2");
      const waiting = (await audit.items<PlanRow>("prune")).find(({ segment }) => segment === former);
      expect(waiting).toMatchObject({
        act: "keep",
        reason: "a transaction from before the rotation is still running",
      });
      expect(await stateOf()).toBe("closing");
      await long.unsafe("update users set n = n + 1 where id = 3; commit");

      const closed = (await audit.items<PlanRow>("prune")).find(
        ({ segment, act }) => segment === former && act === "close",
      );
      expect(closed).toBeDefined();
      expect(await stateOf()).toBe("closed");
      const changes = await audit.items("history", "users");
      expect(changes).toHaveLength(103);
      const [written] = await sql<{ changes: string; held: string }[]>`
        select changes::text, (select count(*) from audit.change where segment = ${former})::text as held
        from audit.segment where id = ${former}`;
      expect(written?.changes).toBe(written?.held);
    } finally {
      await long.end();
    }
  });

  it("does not wait for a reader, whose later writes go to the new segment", async () => {
    const { sql } = database;
    await sql`update users set n = n + 1`;
    await passTime(sql, 2 * day);
    const former = await hot();
    const reader = connectTo(database.url, { max: 1 });
    try {
      await reader.unsafe("begin isolation level repeatable read; select count(*) from users");
      await audit("prune");
      expect((await segmentsOf(sql)).find(({ id }) => id === former)?.state).toBe("closed");
      const held = await changesIn(former);
      await reader.unsafe("update users set n = n + 1; commit");
      expect([await changesIn(former), await changesIn(await hot())]).toEqual([held, 100]);
    } finally {
      await reader.end();
    }
  });

  it("leaves a segment without changes alone", async () => {
    const before = await segmentsOf(database.sql);
    await passTime(database.sql, 30 * day);
    await audit("prune");
    await passTime(database.sql, 30 * day);
    await audit("prune");
    expect((await segmentsOf(database.sql)).length).toBeLessThanOrEqual(before.length);
  });
});

describe("a prune that was cut off", () => {
  const database = server.useDatabase();
  const audit = auditOf(database);

  /** A closed segment whose changes have expired. */
  async function expiredSegment(): Promise<number> {
    const { sql } = database;
    await sql`update users set n = n + 1`;
    await passTime(sql, 2 * day);
    await audit("prune");
    await passTime(sql, 20 * day);
    const [found] = (await segmentsOf(sql)).filter(({ state }) => state === "closed");
    return found?.id ?? 0;
  }

  beforeAll(async () => {
    await database.sql.unsafe("create table users (id int primary key, n int)");
    await database.sql.unsafe("insert into users select n, 0 from generate_series(1, 50) as n");
    await audit("enable", "users", "--retain", "10d");
  });

  async function expectGone(segment: number): Promise<void> {
    expect((await segmentsOf(database.sql)).some(({ id }) => id === segment)).toBe(false);
    const left = await database.sql`select from pg_class where relname = ${`change_${segment}`}`;
    expect(left).toHaveLength(0);
  }

  it("is finished by the next when it had only decided to drop", async () => {
    const segment = await expiredSegment();
    await database.sql`update audit.segment set state = 'dropping' where id = ${segment}`;
    const { stderr } = await audit("prune");
    expect(stderr).toContain(`Segment ${segment} is gone, which an earlier run had begun to drop.`);
    await expectGone(segment);
  });

  it("is finished by the next when the segment had left the log already", async () => {
    const segment = await expiredSegment();
    await database.sql`update audit.segment set state = 'dropping' where id = ${segment}`;
    await database.sql.unsafe(
      `alter table audit.change detach partition audit.change_${segment} concurrently`,
    );
    await audit("prune");
    await expectGone(segment);
  });

  it("is finished by the next when the table was dropped already", async () => {
    const segment = await expiredSegment();
    await database.sql`update audit.segment set state = 'dropping' where id = ${segment}`;
    await database.sql.unsafe(
      `alter table audit.change detach partition audit.change_${segment} concurrently`,
    );
    await database.sql.unsafe(`drop table audit.change_${segment}`);
    await audit("prune");
    await expectGone(segment);
  });

  it("is finished by the next when it was stopped in the middle of leaving the log", async () => {
    const segment = await expiredSegment();
    await database.sql`update audit.segment set state = 'dropping' where id = ${segment}`;
    const reader = connectTo(database.url, { max: 1 });
    await reader.unsafe("begin; select count(*) from audit.change");
    const detaching = connectTo(database.url, { max: 1 });
    await detaching.unsafe("set statement_timeout = 500");
    await expect(
      detaching.unsafe(`alter table audit.change detach partition audit.change_${segment} concurrently`),
    ).rejects.toMatchObject({ code: "57014" });
    await detaching.end();
    await reader.end();
    const [pending] = await database.sql`select from pg_inherits where inhdetachpending`;
    expect(pending).toBeDefined();
    await audit("prune");
    await expectGone(segment);
  });

  it("ends with 5 beside a transaction that keeps the log open, out of every answer already, and is finished later", async () => {
    const segment = await expiredSegment();
    const former = await clock(database.sql);
    const reader = connectTo(database.url, { max: 1 });
    try {
      await reader.unsafe("begin; select count(*) from audit.change");
      const { code, stdout, stderr } = await audit.run(["prune"]);
      expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
      expect(stderr).toMatch(
        /Segment \d+ could not leave the log.*\nIt is out of every answer already\. Run audit prune again/,
      );
      await database.sql`update users set n = n + 1 where id = 1`;
      expect(await audit.items("at-time", former, "users")).toHaveLength(50);
      expect(await audit.run(["at-time", moved(former, 30 * day), "users"])).toMatchObject({ code: 3 });
    } finally {
      await reader.end();
    }
    await audit("prune");
    await expectGone(segment);
  });
});

describe("a log that nobody rotated", () => {
  const database = server.useDatabase();
  const audit = auditOf(database);

  it("loses what has expired row by row, and goes on where an earlier run was cut off", async () => {
    const { sql } = database;
    await sql.unsafe("create table users (id int primary key, n int)");
    await sql.unsafe("insert into users select n, 0 from generate_series(1, 50) as n");
    await audit("enable", "users", "--retain", "10d");
    await sql`update users set n = n + 1`;
    await passTime(sql, 12 * day);
    await sql`update users set n = n + 1`;
    const before = await audit.items<PlanRow>("prune", "--dry-run");
    expect(removals(before)).toMatchObject([{ act: "delete", changes: "50" }]);
    const horizon = await clock(sql);
    await sql.begin(async (transaction) => {
      await transaction`select set_config('audit.maintenance', 'prune', true)`;
      await transaction`delete from audit.change where id in (select id from audit.change order by id limit 20)`;
    });
    expect(removals(await audit.items<PlanRow>("prune"))).toMatchObject([{ act: "delete", changes: "30" }]);
    expect(await audit.items("at-time", horizon, "users")).toHaveLength(50);
    expect(removals(await audit.items<PlanRow>("prune"))).toEqual([]);
  });
});

describe("prune", () => {
  const database = server.useDatabase();
  const audit = auditOf(database);

  it("has nothing to do where nothing is audited", async () => {
    expect((await audit("prune")).stdout).toBe("Nothing is recorded yet, so there is nothing to prune.\n");
    expect(await audit.items("prune")).toEqual([]);
    expect(await audit.items("prune", "--dry-run")).toEqual([]);
  });

  it("eight times at once does the work once; the others end with 5, or find it done", async () => {
    const { sql } = database;
    await sql.unsafe("create table users (id int primary key)");
    await audit("enable", "users", "--retain", "10d");
    await sql`insert into users select generate_series(1, 3000)`;
    await passTime(sql, 30 * day);
    const planned = removals(await audit.items<PlanRow>("prune", "--dry-run"));
    const results = await Promise.all(Array.from({ length: 8 }, () => audit.run(["prune", "--json"])));
    for (const { code, stderr } of results) {
      expect([0, 5]).toContain(code);
      if (code === 5) expect(stderr).toMatch(/Another audit command is at work on schema audit \(pid \d+/);
    }
    const worked = results
      .filter(({ code }) => code === 0)
      .map(({ stdout }) => (JSON.parse(stdout) as { items: PlanRow[] }).items);
    const dropped = worked.flatMap((rows) => removals(rows));
    expect(dropped).toMatchObject([{ act: "drop", changes: "3000" }]);
    expect(dropped).toEqual(planned);
    expect(await countChanges(sql)).toBe(0);
    expect(await audit.items("at-time", "now", "users")).toHaveLength(3000);
  });

  it("prunes the log of a table that was dropped or is no longer audited, too", async () => {
    const { sql } = database;
    await sql.unsafe("create table gone (id int primary key); create table stopped (id int primary key)");
    await audit("enable", "gone", "stopped", "--retain", "10d");
    await sql.unsafe("insert into gone values (1); insert into stopped values (1); drop table gone");
    await audit("disable", "stopped");
    expect(await audit.items("history", "gone")).toHaveLength(1);
    await passTime(sql, 30 * day);
    await audit("prune");
    expect(await audit.items("history", "gone")).toEqual([]);
    expect(await audit.items("history", "stopped")).toEqual([]);
  });
});

it("brings the log's summaries up to date, though nobody vacuums it", async () => {
  await summaries.sql.unsafe(` create table notes (id int primary key, note text)`);
  await auditOf(summaries)("enable", "notes");
  await summaries.sql`insert into notes select n, repeat('x', 500) from generate_series(1, 3000) as n`;
  const missing = async () => {
    const [row] = await summaries.sql<{ count: number }[]>`
      select sum(brin_summarize_new_values(class.oid))::int as count
      from pg_class as class
      join pg_am as method on method.oid = class.relam
      where method.amname = 'brin' and class.relkind = 'i' and class.relnamespace = 'audit'::regnamespace`;
    return row?.count;
  };
  await auditOf(summaries)("prune");
  expect(await missing()).toBe(0);
  await summaries.sql`insert into notes select n, repeat('x', 500) from generate_series(3001, 6000) as n`;
  expect(await missing()).toBeGreaterThan(0);
});
