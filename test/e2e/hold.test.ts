import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { heldQuery } from "../../src/db/holds.ts";
import type { AuditDatabase } from "../../src/db/installation.ts";
import { objectsOf } from "../../src/db/installation.ts";
import { auditOf } from "../helpers/auditOf.ts";
import { connectTo, type TestSql } from "../helpers/client.ts";
import { differingRows } from "../helpers/compareRows.ts";
import { useOwnServer } from "../helpers/ownServer.ts";
import { moved, passTime } from "../helpers/passTime.ts";

interface PlanRow {
  readonly segment: number;
  readonly act: string;
  readonly changes: string;
  readonly reason: string;
}

interface Horizon {
  readonly schema: string;
  readonly table: string;
  readonly from: string | null;
  readonly to: string;
}

interface PruneDocument {
  readonly horizons: Horizon[];
  readonly items: PlanRow[];
}

// A segment closes when no older transaction runs on the whole server: other tests' would come in between.
const server = useOwnServer();
const day = 24;

async function clock(sql: TestSql): Promise<string> {
  const [row] = await sql<{ at: string }[]>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`;
  return row?.at ?? "";
}

async function as(sql: TestSql, actor: string, script: string): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`select set_config('audit.actor', ${actor}, true)`;
    await transaction.unsafe(script);
  });
}

function document(audit: ReturnType<typeof auditOf>, ...args: string[]): Promise<PruneDocument> {
  return audit("prune", ...args, "--json").then(({ stdout }) => JSON.parse(stdout) as PruneDocument);
}

/** Acts that take changes away, and how many. */
function removals(rows: readonly PlanRow[]) {
  return rows
    .filter(({ act }) => act === "drop" || act === "delete")
    .map(({ segment, act, changes }) => ({ segment, act, changes }));
}

describe("two months of a shop with holds", () => {
  const database = server.useDatabase();
  const audit = auditOf(database);
  const tables = ["users", "orders", "visits"] as const;
  let snapshots: { table: string; instant: string; copy: string }[] = [];

  /** Which of the changes that were ever recorded a hold in force covers, told apart from how prune does it. */
  const covered = `exists (
    select from audit.hold
    where lifted_at is null
      and (hold.relation is null or hold.relation = k.relation)
      and (hold.key is null or hold.key in (k.key, k.old_key))
      and (hold.actor is null or hold.actor = coalesce(k.actor, k.db_user)))`;

  beforeAll(async () => {
    await database.sql.unsafe(`
      create schema kept;
      create table users (id int primary key, name text);
      create table orders (id int, region text, total numeric, primary key (region, id));
      create table visits (id int primary key, page text);
      insert into users select n, 'start' from generate_series(1, 12) as n;
      insert into orders select n, 'eu', n from generate_series(1, 12) as n;
      insert into visits select n, 'start' from generate_series(1, 12) as n`);
    await audit("retention", "set", "month", "30d");
    await audit("enable", "users", "orders", "--retain", "month");
    await audit("enable", "visits", "--retain", "10d");
    await database.sql.unsafe(
      "create table kept.changes as select change.id, at, relation, key, old_key, actor, db_user, retention.name as class from audit.change, audit.retention limit 0",
    );
  });

  async function write(today: number): Promise<void> {
    const { sql } = database;
    await as(
      sql,
      today % 3 === 0 ? "ines" : "app",
      `
      update users set name = 'day ${today}' where id % 4 = ${today % 4};
      insert into users values (${100 + today}, 'new');
      update orders set total = total + 1 where id % 3 = ${today % 3};
      insert into visits select n, 'day ${today}' from generate_series(${100 + today * 10}, ${103 + today * 10}) as n`,
    );
    await as(
      sql,
      "app",
      `
      update users set id = -id where id in (5, -5);
      delete from users where id = ${90 + today};
      update orders set region = case region when 'eu' then 'us' else 'eu' end where id = 7;
      delete from visits where id % 7 = ${today % 7} and id > 100`,
    );
    await sql.unsafe(`
      insert into kept.changes
      select change.id, change.at, change.relation, key, old_key, actor, db_user, retention.name
      from audit.change join audit.segment on segment.id = change.segment join audit.retention on retention.id = segment.retention
      where not exists (select from kept.changes as known where known.id = change.id)`);
  }

  async function pass(days: number): Promise<void> {
    await passTime(database.sql, days * day);
    await database.sql.unsafe(`update kept.changes set at = at - interval '${days * day} hours'`);
    snapshots = snapshots.map((snapshot) => ({ ...snapshot, instant: moved(snapshot.instant, days * day) }));
  }

  /** Prunes, and holds the log against what was ever recorded. */
  async function pruneAndCompare(...args: string[]): Promise<PruneDocument> {
    const { sql } = database;
    const planned = await document(audit, "--dry-run", ...args);
    const done = await document(audit, ...args);
    expect(removals(done.items)).toEqual(removals(planned.items));
    const tablesOf = ({ horizons }: PruneDocument) => horizons.map(({ table, from }) => [table, from]);
    expect(tablesOf(done)).toEqual(tablesOf(planned));
    // Where the end of a transaction went first, with another segment, nothing has to wait for it any more.
    for (const [index, { to }] of done.horizons.entries()) {
      const wait = Date.parse(planned.horizons[index]?.to ?? "") - Date.parse(to);
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThan(1000);
    }
    const gone = await sql.unsafe<{ id: string; held: boolean; early: boolean }[]>(`
      select k.id::text, ${covered} as held, at >= now() - retention.keep as early
      from kept.changes as k join audit.retention on retention.name = k.class
      where not exists (select from audit.change where change.id = k.id)`);
    expect(gone.filter(({ held, early }) => held || early)).toEqual([]);
    const removed = removals(done.items).reduce((sum, { changes }) => sum + Number(changes), 0);
    expect(gone.length).toBe(removed);
    // Later holds do not cover what is gone already.
    await sql.unsafe(
      "delete from kept.changes where not exists (select from audit.change where change.id = changes.id)",
    );
    return done;
  }

  async function expiredAndFree(slack: string): Promise<string[]> {
    const rows = await database.sql.unsafe<{ id: string }[]>(`
      select k.id::text from audit.change as k
      join audit.segment on segment.id = k.segment join audit.retention on retention.id = segment.retention
      where k.at < now() - retention.keep - ${slack} and not ${covered}`);
    return rows.map(({ id }) => id);
  }

  async function expectAnswers(): Promise<number> {
    const { sql } = database;
    const horizons = await sql<{ name: string; horizon: string | null }[]>`
      select table_name as name, to_char(horizon_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as horizon from audit.relation`;
    const horizonOf = new Map(horizons.map(({ name, horizon }) => [name, horizon]));
    let refused = 0;
    for (const { table, instant, copy } of snapshots) {
      const horizon = horizonOf.get(table);
      if (horizon && instant < horizon) {
        const { code, stdout, stderr } = await audit.run(["at-time", instant, table]);
        expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
        expect(stderr).toMatch(/prune removed its changes up to .*\n.*oldest possible instant is \d{4}-/);
        refused++;
      } else {
        const past = `select * from audit.at(null::${table}, '${instant}')`;
        expect({ copy, rows: await differingRows(sql, past, `table ${copy}`) }).toEqual({ copy, rows: [] });
      }
    }
    return refused;
  }

  it("lose nothing that is held, all else in time, and no instant after the horizon", async () => {
    const { sql } = database;
    const step = 3;
    for (let today = 0; today < 66; today += step) {
      if (today === 6) {
        await audit("hold", "add", "row", "--table", "users", "--key", "5", "--reason", "suit");
        await audit(
          "hold",
          "add",
          "orders-of-ines",
          "--table",
          "orders",
          "--actor",
          "ines",
          "--reason",
          "suit",
        );
      }
      if (today === 24) await audit("hold", "add", "visits", "--table", "visits", "--reason", "tax");
      if (today === 45) await audit("hold", "lift", "visits", "--reason", "done");
      await write(today);
      for (const table of tables) {
        const copy = `kept.${table}_${today}`;
        await sql.unsafe(`create table ${copy} as table ${table}`);
        snapshots.push({ table, instant: await clock(sql), copy });
      }
      await pass(step);
      await pruneAndCompare();
      expect(
        await expiredAndFree(`least(retention.keep / 10, interval '1 month') - interval '${step} days'`),
      ).toEqual([]);
      if (today % 12 === 0) await expectAnswers();
    }
    expect(await expectAnswers()).toBeGreaterThan(10);
  });

  it("lose with --exact all that has expired and is not held, at once", async () => {
    await write(66);
    await pass(1);
    await pruneAndCompare("--exact");
    expect(await expiredAndFree("interval '0'")).toEqual([]);
    await expectAnswers();
    const again = await document(audit, "--exact");
    expect(removals(again.items)).toEqual([]);
    expect(again.horizons).toEqual([]);
  });

  it("have kept what was held beyond its time, as history shows it", async () => {
    const history = await audit.items<{ at: string; key: string; old_key: string | null }>(
      ...["history", "users", "5", "--tz", "UTC"],
    );
    const [first] = await database.sql<{ at: string; days: number }[]>`
      select to_char(min(at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') as at, extract(day from now() - min(at))::int as days
      from kept.changes where '5' in (key, old_key)`;
    expect(history[0]?.at.slice(0, 26)).toBe(first?.at);
    expect(first?.days).toBeGreaterThan(55);
  });

  it("lose the rest as a whole once all is lifted", async () => {
    for (const name of ["row", "orders-of-ines"]) await audit("hold", "lift", name, "--reason", "settled");
    const { items } = await pruneAndCompare();
    expect(removals(items).map(({ act }) => act)).toContain("drop");
    await pruneAndCompare("--exact");
    expect(await expiredAndFree("interval '0'")).toEqual([]);
    await expectAnswers();
    const kinds = await database.sql<{ kind: string; name: string; reason: string }[]>`
      select kind, plan ->> 'name' as name, plan ->> 'reason' as reason from audit.operation
      where kind in ('hold', 'lift') order by id`;
    expect([...kinds]).toEqual([
      { kind: "hold", name: "row", reason: "suit" },
      { kind: "hold", name: "orders-of-ines", reason: "suit" },
      { kind: "hold", name: "visits", reason: "tax" },
      { kind: "lift", name: "visits", reason: "done" },
      { kind: "lift", name: "row", reason: "settled" },
      { kind: "lift", name: "orders-of-ines", reason: "settled" },
    ]);
  });
});

describe("a segment that is due and holds held changes", () => {
  const database = server.useDatabase();
  const audit = auditOf(database);

  beforeAll(async () => {
    await database.sql.unsafe("create table users (id int primary key, n int)");
    await audit("enable", "users", "--retain", "10d", "--on-truncate", "record");
  });

  /** Of every test its own rows, so that none stands in another's way. */
  async function expired(script: string): Promise<void> {
    const { sql } = database;
    await audit("prune", "--exact");
    await sql.unsafe(script);
    await passTime(sql, 2 * day);
    await audit("prune");
    await passTime(sql, 20 * day);
  }

  const keysLeft = async () => {
    const rows = await database.sql<{ change: string }[]>`
      select concat_ws(' ', op::text, old_key, key) as change from audit.change order by id`;
    return rows.map(({ change }) => change);
  };

  it("loses the others in batches, names the hold, and goes once it is lifted", async () => {
    await expired("insert into users select n, 0 from generate_series(1, 5) as n");
    await audit("hold", "add", "case", "--table", "users", "--key", "3", "--reason", "r");
    const { stdout: shown } = await audit("prune", "--dry-run");
    expect(shown).toMatch(/delete .*but hold "case" keeps a part of it/);
    expect(shown).toContain("would delete 4 changes");
    expect(shown).toMatch(/public\.users: the database would know its past since \d{4}-.* only/);
    const { stdout } = await audit("prune");
    expect(stdout).toContain("deleted 4 changes");
    expect(stdout).toMatch(/public\.users: the database knows its past since \d{4}-/);
    expect(await keysLeft()).toEqual(["I 3"]);
    const [row] = (await document(audit)).items.filter(({ reason }) => reason.includes("hold"));
    expect(row).toMatchObject({
      act: "keep",
      changes: "1",
      reason: 'hold "case" keeps all of it that has expired',
    });
    await audit("hold", "lift", "case", "--reason", "r");
    expect(removals((await document(audit)).items)).toMatchObject([{ act: "drop", changes: "1" }]);
    expect(await keysLeft()).toEqual([]);
  });

  it("keeps of a row what moved it to the key and away from it, and the TRUNCATE that took it", async () => {
    await database.sql`delete from users`;
    await audit("hold", "add", "moved", "--table", "users", "--key", "13", "--reason", "r");
    await expired(`
      insert into users values (11, 0), (12, 0);
      update users set id = 13 where id = 12;
      update users set n = 1;
      update users set id = 14 where id = 13;
      update users set n = 2;
      truncate users`);
    await audit("prune");
    expect(await keysLeft()).toEqual(["U 12 13", "U 13", "U 13 14", "T"]);
    await audit("hold", "lift", "moved", "--reason", "r");
    await audit("prune");
    expect(await keysLeft()).toEqual([]);
  });

  it("keeps an actor's changes of all tables, the session user's where no actor was claimed", async () => {
    const [me] = await database.sql<{ name: string }[]>`select session_user::text as name`;
    await audit("hold", "add", "ines", "--actor", "ines", "--reason", "r");
    await audit("hold", "add", "me", "--actor", me?.name ?? "", "--reason", "r");
    await expired("insert into users values (21, 0)");
    await as(database.sql, "ines", "insert into users values (22, 0)");
    await as(database.sql, "bob", "insert into users values (23, 0)");
    await passTime(database.sql, 60 * day);
    await audit("prune", "--exact");
    expect(await keysLeft()).toEqual(["I 21", "I 22"]);
    await audit("hold", "lift", "ines", "--reason", "r");
    await audit("hold", "lift", "me", "--reason", "r");
    await audit("prune", "--exact");
    expect(await keysLeft()).toEqual([]);
  });

  it("is not passed over where the hold is placed while prune is on its way", async () => {
    await expired("insert into users values (31, 0), (32, 0)");
    const { stdout: script } = await audit(
      ...["hold", "add", "late", "--table", "users", "--key", "31", "--reason", "r", "--dry-run"],
    );
    const placing = connectTo(database.url, { max: 1 });
    try {
      await placing.unsafe(script.replace(/commit;\s*$/, ""));
      const running = document(audit);
      await sleep(1000);
      await placing.unsafe("commit");
      const { items } = await running;
      // Planned as a drop before anybody could know of the hold.
      expect(removals(items)).toMatchObject([{ act: "delete", changes: "1" }]);
      expect(await keysLeft()).toEqual(["I 31"]);
    } finally {
      await placing.end();
    }
    await audit("hold", "lift", "late", "--reason", "r");
    await audit("prune");
  });

  it("ends with 5 where a transaction that places a hold does not end", async () => {
    await expired("insert into users values (41, 0)");
    const placing = connectTo(database.url, { max: 1 });
    try {
      await placing.unsafe("begin; insert into audit.hold (name, relation, reason) values ('open', 1, 'r')");
      const { code, stdout, stderr } = await audit.run(["prune"]);
      expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
      expect(stderr).toMatch(/^error: A transaction that places or lifts a hold has been open/);
      expect(await keysLeft()).toEqual(["I 41"]);
      await placing.unsafe("rollback");
    } finally {
      await placing.end();
    }
    await audit("prune");
    expect(await keysLeft()).toEqual([]);
  });

  it.each([
    ["before it had left the log", async () => {}],
    [
      "after it had left the log",
      async (segment: number) => {
        await database.sql.unsafe(
          `alter table audit.change detach partition audit.change_${segment} concurrently`,
        );
      },
    ],
    [
      "half-way out of the log",
      async (segment: number) => {
        const reader = connectTo(database.url, { max: 1 });
        await reader.unsafe("begin; select count(*) from audit.change");
        const detaching = connectTo(database.url, { max: 1 });
        await detaching.unsafe("set statement_timeout = 500");
        await expect(
          detaching.unsafe(`alter table audit.change detach partition audit.change_${segment} concurrently`),
        ).rejects.toMatchObject({ code: "57014" });
        await detaching.end();
        await reader.end();
      },
    ],
  ])("is taken back where the hold was placed %s", async (_, leave) => {
    const { sql } = database;
    await expired("delete from users; insert into users values (51, 0), (52, 0)");
    const [segment] = await sql<{ id: number }[]>`
      update audit.segment set state = 'dropping' where state = 'closed' returning id`;
    await sql`update audit.relation set horizon_at = (select max(at) from audit.change)`;
    await leave(segment?.id ?? 0);
    await audit("hold", "add", "saved", "--table", "users", "--key", "51", "--reason", "r");
    const { stderr } = await audit("prune");
    expect(stderr).toBe(
      `Segment ${segment?.id}, which an earlier run had begun to drop, is back in the log: hold "saved" keeps a part of it.\n`,
    );
    expect((await keysLeft()).filter((change) => change.startsWith("I"))).toEqual(["I 51"]);
    await expect(sql`delete from audit.change`).rejects.toMatchObject({ code: "UA005" });
    await expect(
      sql.begin(async (transaction) => {
        await transaction.unsafe("set local session_replication_role = replica");
        await transaction.unsafe(`delete from audit.change_${segment?.id}`);
      }),
    ).rejects.toMatchObject({ code: "UA005" });
    expect(await audit.items("at-time", "now", "users")).toHaveLength(2);
    expect(await audit.items("check")).toEqual([]);
    await audit("hold", "lift", "saved", "--reason", "r");
    await audit("prune");
    expect(await keysLeft()).toEqual([]);
  });
});

describe("prune --exact", () => {
  const database = server.useDatabase();
  const audit = auditOf(database);

  it("rotates a segment that is not due for it, and takes what has expired", async () => {
    const { sql } = database;
    await sql.unsafe("create table users (id int primary key)");
    await audit("enable", "users", "--retain", "20d");
    await sql`insert into users values (1), (2)`;
    await passTime(sql, 15 * day);
    // Opened just now, as a class that was told to keep less has it.
    await sql`update audit.segment set opened_at = now()`;
    await sql`insert into users values (3)`;
    expect((await document(audit)).items.map(({ act }) => act)).toEqual(["keep"]);
    await audit("retention", "set", "short", "10d");
    await sql`update audit.segment set retention = (select id from audit.retention where name = 'short')`;
    await sql`update audit.retention set hot_segment = 1 where name = 'short'`;
    const { items, horizons } = await document(audit, "--exact");
    expect(items.map(({ act, changes }) => [act, changes])).toContainEqual(["delete", "2"]);
    expect(items.map(({ act }) => act)).toContain("rotate");
    expect(horizons).toMatchObject([{ schema: "public", table: "users", from: null }]);
    expect(await audit.items("history", "users")).toHaveLength(1);
  });
});

describe("a transaction of which prune removes a part", () => {
  const database = server.useDatabase();
  const audit = auditOf(database);

  it("is not torn at any instant that is still answered", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table users (id int primary key, n int); insert into users values (1, 0), (2, 0);
      create table orders (id int primary key, n int); insert into orders values (1, 0)`);
    await audit("enable", "users", "--retain", "10d");
    await audit("enable", "orders");
    const session = connectTo(database.url, { max: 1 });
    await session.unsafe("begin; update users set n = 1 where id = 1");
    await sleep(4000);
    const amid = await clock(sql);
    await session.unsafe("update orders set n = 1; commit");
    await session.end();
    const table = (name: string, instant: string) => audit.run(["at-time", instant, name, "--json"]);
    expect((await table("users", amid)).stdout).toContain('"n":"0"');
    // The cutoff is to fall into the transaction.
    const [left] = await sql<{ hours: number }[]>`
      select (240 - extract(epoch from clock_timestamp() - ${amid}::text::timestamptz) / 3600)::float8 as hours`;
    const hours = (left?.hours ?? 0) - 1 / 3600;
    await passTime(sql, hours);
    const { items } = await document(audit, "--exact");
    expect(removals(items)).toHaveLength(1);
    const [times] = await sql<{ first: string; last: string }[]>`
      select (select to_char(horizon_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') from audit.relation where table_name = 'users') as first,
        (select to_char(max(at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') from audit.change) as last`;
    expect(times?.first).toBe(times?.last);
    expect((await table("users", times?.first ?? "")).stdout).toContain('"n":"1"');
    const [half] = await sql<{ at: string }[]>`
      select to_char((${times?.first ?? ""}::text::timestamptz - interval '1 second') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`;
    expect((await table("users", half?.at ?? "")).code).toBe(3);
    expect((await table("orders", half?.at ?? "")).stdout).toContain('"n":"0"');
  });
});

describe("looking for what is held", () => {
  const database = server.useDatabase();
  const audit = auditOf(database);

  it("goes by the index where a key is held, however large the segment", async () => {
    const { sql } = database;
    await sql.unsafe(
      "create table users (id int primary key, n int); create table others (id int primary key)",
    );
    await audit("enable", "users", "others", "--retain", "10d");
    await sql`insert into users select n, 0 from generate_series(1, 20000) as n`;
    await sql`insert into others select generate_series(1, 5000)`;
    await sql`update users set id = -id where id % 100 = 0`;
    await sql.unsafe("analyze audit.change");
    const [segment] = await sql<{ id: number }[]>`select id from audit.segment order by id desc limit 1`;
    const asAudit = {
      sql: sql as unknown as AuditDatabase["sql"],
      object: objectsOf(sql as unknown as AuditDatabase["sql"], "audit"),
    } as AuditDatabase;
    const planOf = async (key: string, actor: string | null) => {
      const hold = { name: "h", relation: 1, key, actor };
      const query = heldQuery(asAudit, segment?.id ?? 0, "infinity", [hold, { ...hold, key: "77" }]);
      const rows = await sql<
        { "QUERY PLAN": string }[]
      >`explain (analyze, buffers, timing off) ${query as never}`;
      return rows.map((row) => row["QUERY PLAN"]).join("\n");
    };
    for (const [key, actor] of [
      ["4711", null],
      ["-4700", null],
      ["no such row", null],
      ["4711", "nobody"],
    ] as const) {
      const plan = await planOf(key, actor);
      expect(plan).not.toContain("Seq Scan");
      const pages = [...plan.matchAll(/shared hit=(\d+)(?: read=(\d+))?/g)].map(
        ([, hit, read]) => Number(hit) + Number(read ?? 0),
      );
      expect(Math.max(...pages), plan).toBeLessThan(60);
    }
  });
});

describe("audit hold", () => {
  const database = server.useDatabase();
  const audit = auditOf(database);

  beforeAll(async () => {
    await database.sql.unsafe(`
      create table users (id int primary key); create table orders (region text, id int, primary key (region, id));
      create table logins (at timestamptz)`);
    await audit("enable", "users", "orders");
    await audit("enable", "logins", "--no-key");
  });

  it("says where there is none", async () => {
    const { stdout, stderr } = await audit("hold");
    expect({ stdout, stderr }).toMatchObject({
      stderr: "There is no hold. Place one with: audit hold add <name>\n",
    });
    expect(await audit.items("hold")).toEqual([]);
  });

  it("is told back as it was placed, and as it was lifted", async () => {
    const [placed] = await audit.items(
      ...[
        "hold",
        "add",
        "a",
        "--table",
        "orders",
        "--key",
        "id=7",
        "region=eu",
        "--actor",
        "ana",
        "--reason",
        "why",
      ],
    );
    expect(placed).toMatchObject({
      name: "a",
      schema: "public",
      table: "orders",
      key: '["eu", "7"]',
      actor: "ana",
      reason: "why",
      lifted_at: null,
    });
    expect(await audit.items("hold", "list")).toEqual([placed]);
    expect((await audit("hold")).stdout).toMatch(/a +public\.orders +\["eu", "7"\] +ana .*why/);
    const { stdout } = await audit("hold", "lift", "a", "--reason", "over");
    expect(stdout).toBe(
      'Hold a on the changes of row ["eu", "7"] of public.orders by ana is lifted: retention holds for them from the next audit prune on.\n',
    );
    expect(await audit.items("hold")).toEqual([]);
    const [lifted] = await audit.items("hold", "list", "--all");
    expect(lifted).toMatchObject({
      ...placed,
      lifted_at: expect.any(String),
      lifted_by: placed?.placed_by,
      lift_reason: "over",
    });
    expect((await audit("hold", "list", "--all")).stdout).toContain("over");
    await audit("hold", "add", "a", "--table", "users", "--reason", "again");
    expect(await audit.items("hold", "list", "--all")).toHaveLength(2);
    await audit("hold", "lift", "a", "--reason", "over");
  });

  it.each<[string[], number, RegExp]>([
    [["add", "b", "--table", "nobody", "--reason", "r"], 2, /nobody/],
    [["add", "b", "--table", "logins", "--key", "1", "--reason", "r"], 3, /audited without a key/],
    [
      ["add", "b", "--table", "orders", "--key", "1", "--reason", "r"],
      2,
      /The key of public.orders has 2 columns/,
    ],
    [["add", "taken", "--actor", "x", "--reason", "r"], 5, /There is a hold "taken" already, placed by/],
    [["lift", "takne", "--reason", "r"], 2, /There is no hold "takne" in force\. Did you mean/],
  ])("%j is refused", async (args, exit, message) => {
    if (!(await audit.items("hold")).some(({ name }) => name === "taken"))
      await audit("hold", "add", "taken", "--table", "users", "--reason", "r");
    const { code, stdout, stderr } = await audit.run(["hold", ...args]);
    expect({ code, stdout }).toEqual({ code: exit, stdout: "" });
    expect(stderr).toMatch(message);
    expect(await audit.items("hold")).toHaveLength(1);
  });

  it("of one name is placed once, and lifted once, by however many at once", async () => {
    const adds = await Promise.all(
      Array.from({ length: 4 }, () => audit.run(["hold", "add", "race", "--actor", "x", "--reason", "r"])),
    );
    expect(adds.map(({ code }) => code).sort()).toEqual([0, 5, 5, 5]);
    const lifts = await Promise.all(
      Array.from({ length: 4 }, () => audit.run(["hold", "lift", "race", "--reason", "r"])),
    );
    expect(lifts.map(({ code }) => code).sort()).toEqual([0, 2, 2, 2]);
  });

  it("prints with --dry-run the SQL that does the same by hand", async () => {
    const { sql } = database;
    const add = ["hold", "add", "it's", "--table", "users", "--key", "5", "--reason", "back\\slash 'quoted'"];
    const named = add.map((word) => (word === "it's" ? "by-hand" : word));
    const byHand = async (script: string) => {
      const session = connectTo(database.url, { max: 1 });
      await session.unsafe(script).simple();
      await session.end();
    };
    const { stdout: place } = await audit(...named, "--dry-run");
    expect((await audit.items("hold")).map(({ name }) => name)).toEqual(["taken"]);
    await byHand(place);
    const { stdout: lift } = await audit("hold", "lift", "by-hand", "--reason", "r", "--dry-run");
    await byHand(lift);
    const last = (await audit.items("hold", "list", "--all")).at(-1);
    expect(last).toMatchObject({ key: "5", reason: "back\\slash 'quoted'", lift_reason: "r" });
    const noted = await sql<{ kind: string; relation: number }[]>`
      select kind, relation from audit.operation order by id desc limit 2`;
    expect([...noted]).toEqual([
      { kind: "lift", relation: 1 },
      { kind: "hold", relation: 1 },
    ]);
  });
});
