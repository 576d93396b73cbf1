import { beforeEach, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { rewriteLog } from "../helpers/busyLog.ts";
import { connectTo, type TestSql } from "../helpers/client.ts";
import { useOwnServer } from "../helpers/ownServer.ts";
import { moved, passTime } from "../helpers/passTime.ts";

// Segments close when no older transaction runs on the whole server: other tests' would come in between.
const server = useOwnServer();
const database = server.useDatabase();
const audit = auditOf(database);
const day = 24;

// Each test has a class of its own, so that no other's segments are in what it sees.
let tests = 0;
const ownClass = () => `ten${tests}`;

beforeEach(async () => {
  tests++;
  await database.sql.unsafe(`
    drop table if exists account, note;
    create table account (id int primary key, n int);
    create table note (id int primary key, n int);
    insert into account values (1, 0), (2, 0);
    insert into note values (1, 0)`);
  await audit("retention", "set", ownClass(), "10d", "--rotate", "10d");
  await audit("enable", "account", "note", "--retain", ownClass());
});

async function clock(sql: TestSql): Promise<string> {
  const [row] = await sql<{ at: string }[]>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`;
  return row?.at ?? "";
}

/** Runs `work` beside a session that has begun a transaction with `first` and ends it with `last`. */
async function across(first: string, last: string, work: () => Promise<void>): Promise<void> {
  const session = connectTo(database.url, { max: 1 });
  try {
    await session.unsafe(`begin; ${first}`).simple();
    await work();
    await session.unsafe(`${last}; commit`).simple();
  } finally {
    await session.end();
  }
}

const rotate = () =>
  database.sql`select audit._open_segment(id) from audit.retention where name = ${ownClass()}`;

/** The segment that was rotated away closes, and later goes; what is written now stays. */
async function letTheFirstSegmentGo(): Promise<void> {
  await audit("prune");
  await passTime(database.sql, 9 * day);
  await database.sql.unsafe("update account set n = n + 100; update note set n = n + 100");
  await passTime(database.sql, 2 * day);
  const acts = await audit.items<{ act: string; retention: string }>("prune");
  const ours = acts.filter(({ act, retention }) => retention === ownClass() && /drop|delete/.test(act));
  expect(ours).toMatchObject([{ act: "drop" }]);
}

async function past(instant: string, table: string) {
  const { code, stdout, stderr } = await audit.run(["at-time", instant, table, "-o", "csv"]);
  return { code, stdout: stdout.replaceAll("\r\n", "\n"), stderr };
}

async function expectRefused(instant: string, table: string): Promise<void> {
  const { code, stdout, stderr } = await past(instant, table);
  expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  expect(stderr).toMatch(/prune removed its changes up to .*\n.*oldest possible instant is \d{4}-/);
}

const elapsed = 11 * day;

describe("a transaction of which one change was removed", () => {
  it("is never shown in part when it wrote on both sides of a rotation", async () => {
    let amid = "";
    await across(
      "update account set n = 1 where id = 1",
      "update account set n = 1 where id = 2",
      async () => {
        amid = await clock(database.sql);
        await rotate();
      },
    );
    const after = await clock(database.sql);
    await letTheFirstSegmentGo();
    await expectRefused(moved(amid, elapsed), "account");
    expect((await past(moved(after, elapsed), "account")).stdout).toBe("id,n\n1,1\n2,1\n");
  });

  it("is not shown early when only another table of it has later changes", async () => {
    let amid = "";
    await across("update account set n = 1", "update note set n = 1", async () => {
      amid = await clock(database.sql);
    });
    const after = await clock(database.sql);
    await rotate();
    await letTheFirstSegmentGo();
    await expectRefused(moved(amid, elapsed), "account");
    for (const table of ["account", "note"])
      expect((await past(moved(after, elapsed), table)).stdout).toMatch(/^id,n\n1,1\n/);
  });

  it("is not shown early by a tag that was set while it was open", async () => {
    await across("update account set n = 1", "select 1", async () => {
      await audit("tag", "amid");
    });
    await audit("tag", "after");
    await rotate();
    await letTheFirstSegmentGo();
    await expectRefused("tag:amid", "account");
    expect((await past("tag:after", "account")).stdout).toBe("id,n\n1,1\n2,1\n");
  });

  it("leaves alone what other transactions let be answered", async () => {
    await database.sql`update account set n = 1`;
    const between = await clock(database.sql);
    await across("update note set n = 1", "update note set n = 2", async () => {});
    await rotate();
    await letTheFirstSegmentGo();
    expect((await past(moved(between, elapsed), "account")).stdout).toBe("id,n\n1,1\n2,1\n");
    await expectRefused(moved(between, elapsed), "note");
  });

  it("is never shown in part when it lies on both sides of what was deleted", async () => {
    const { sql } = database;
    await passTime(sql, 30 * day);
    await across(
      "update account set n = 1 where id = 1",
      "update account set n = 1 where id = 2",
      async () => {},
    );
    await rewriteLog(
      sql,
      `update audit.change set began = began - interval '12 days', at = at - case when key = '1' then interval '12 days' else '9 days' end
       where segment = (select hot_segment from audit.retention where name = '${ownClass()}')`,
    );
    await sql`update audit.segment set opened_at = opened_at - interval '13 days'`;
    await audit("retention", "set", ownClass(), "10d", "--rotate", "default");
    const acts = await audit.items<{ act: string; changes: string; retention: string }>("prune");
    expect(acts.find(({ act, retention }) => retention === ownClass() && act === "delete")).toMatchObject({
      changes: "1",
    });
    const now = await clock(sql);
    await expectRefused(moved(now, 10 * day), "account");
    expect((await past(moved(now, 8 * day), "account")).stdout).toBe("id,n\n1,1\n2,1\n");
  });

  it("is looked for when the segment goes, where a former version closed it", async () => {
    let amid = "";
    await across(
      "update account set n = 1 where id = 1",
      "update account set n = 1 where id = 2",
      async () => {
        amid = await clock(database.sql);
        await rotate();
      },
    );
    await audit("prune");
    await database.sql`update audit.segment_relation set settled_at = null`;
    await letTheFirstSegmentGo();
    await expectRefused(moved(amid, elapsed), "account");
  });
});

describe("where the server keeps the times of commits", () => {
  const keeping = useOwnServer({ track_commit_timestamp: "on" });
  const kept = keeping.useDatabase();

  it("is not shown before its commit either", async () => {
    const ours = auditOf(kept);
    const { sql } = kept;
    await sql.unsafe("create table account (id int primary key, n int); insert into account values (1, 0)");
    await ours("enable", "account", "--retain", "10d");
    const session = connectTo(kept.url, { max: 1 });
    await session.unsafe("begin; update account set n = 1").simple();
    const amid = await clock(sql);
    await session.unsafe("commit");
    await session.end();
    await sql`select audit._open_segment(id) from audit.retention where name = '10d'`;
    await ours("prune");
    const [ended] = await sql<{ isCommit: boolean }[]>`
      select held.settled_at = pg_xact_commit_timestamp(change.xid::xid) as "isCommit"
      from audit.segment_relation as held join audit.change on change.segment = held.segment`;
    expect(ended).toEqual({ isCommit: true });
    await sql.unsafe("update account set n = 2");
    await sql`update audit.segment set first_at = first_at - interval '11 days', last_at = last_at - interval '11 days' where state = 'closed'`;
    expect((await ours.items<{ act: string }>("prune")).map(({ act }) => act)).toContain("drop");
    const refused = await ours.run(["at-time", amid, "account"]);
    expect(refused).toMatchObject({ code: 3, stdout: "" });
  });
});
