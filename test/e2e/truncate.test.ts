import { beforeEach, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { differingRows } from "../helpers/compareRows.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);

beforeEach(async () => {
  await database.sql.unsafe(`
    drop table if exists lines, orders, event, copy_of_orders, copy_of_lines, copy_of_event;
    create table orders (id int generated always as identity primary key, note text, data bytea);
    create table lines (order_id int references orders, no int, primary key (order_id, no));
    create table event (id int, kind text, primary key (id, kind)) partition by list (kind);
    create table event_a partition of event for values in ('a');
    create table event_b partition of event for values in ('b');
    insert into orders (note, data) select 'note ' || n, decode(lpad(to_hex(n), 4, '0'), 'hex') from generate_series(1, 500) as n;
    insert into lines select id, n from orders, generate_series(1, 3) as n;
    insert into event select n, case when n % 2 = 0 then 'a' else 'b' end from generate_series(1, 100) as n`);
});

/** Copies the tables and says when. */
async function copyTables(): Promise<string> {
  await database.sql.unsafe(`
    create table copy_of_orders as table orders;
    create table copy_of_lines as table lines;
    create table copy_of_event as table event`);
  const [row] = await database.sql<{ at: string }[]>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`;
  return row?.at ?? "";
}

async function expectRowsAt(table: string, instant: string) {
  const past = `select * from audit.at(null::${table}, '${instant}')`;
  expect(await differingRows(database.sql, past, `table copy_of_${table}`)).toEqual([]);
}

describe("TRUNCATE that is captured", () => {
  it("keeps every row, through CASCADE and RESTART IDENTITY, and the past has them", async () => {
    await audit("enable", "orders", "lines");
    const before = await copyTables();
    await database.sql`truncate orders restart identity cascade`;
    await database.sql`insert into orders (note) values ('after')`;
    expect(await audit.items("history", "orders", "--op", "truncate")).toHaveLength(500);
    expect(await audit.items("history", "lines", "--op", "truncate")).toHaveLength(1500);
    await expectRowsAt("orders", before);
    await expectRowsAt("lines", before);
    const [first] = await audit.items<{ op: string; key: string; old: object; new: null }>(
      "history",
      "orders",
      "7",
    );
    expect(first).toMatchObject({
      op: "truncate",
      key: "7",
      old: { id: "7", note: "note 7", data: "\\x0007" },
      new: null,
    });
  });

  it("finds the rows of a partition truncated by itself, and of all of them", async () => {
    await audit("enable", "event");
    const before = await copyTables();
    await database.sql`truncate event_a`;
    expect(await audit.items("history", "event")).toHaveLength(50);
    await expectRowsAt("event", before);
    await database.sql`truncate event`;
    expect(await audit.items("history", "event")).toHaveLength(100);
    await expectRowsAt("event", before);
  });

  it("leaves nothing behind when it is rolled back", async () => {
    await audit("enable", "orders", "lines");
    await database.sql
      .begin(async (sql) => {
        await sql`truncate orders cascade`;
        throw new Error("rolled back");
      })
      .catch(() => {});
    expect(await audit.items("history", "orders")).toEqual([]);
  });

  it.each(["repeatable read", "serializable"])("is refused in %s, with the ways out", async (level) => {
    await audit("enable", "orders", "lines", "--on-truncate", "capture");
    const failure = await database.sql
      .begin(`isolation level ${level}`, (sql) => sql`truncate lines`)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "UA005",
      message: `audit: TRUNCATE of public.lines cannot be recorded in a ${level} transaction`,
      detail: expect.stringContaining("rows that the snapshot of this transaction cannot see"),
      hint: "Truncate in a READ COMMITTED transaction, use DELETE, or choose: audit enable <table> --on-truncate record",
    });
    expect(await database.sql`select from lines`).toHaveLength(1500);
    // The first way out.
    await database.sql`delete from lines`;
    expect(await audit.items("history", "lines")).toHaveLength(1500);
  });

  it("keeps rows that others committed meanwhile", async () => {
    await audit("enable", "orders", "lines");
    await database.sql.begin(async (sql) => {
      await sql`select from orders`;
      await database.sql`insert into lines values (1, 99)`;
      await sql`truncate lines`;
    });
    expect(await audit.items("history", "lines", "1", "99")).toHaveLength(2);
  });

  it("works for a role that may truncate and nothing else", async () => {
    await audit("enable", "lines");
    const role = `${database.name}_truncater`;
    await database.sql.unsafe(`create role ${role}; grant truncate on lines to ${role}`);
    try {
      await database.sql.begin(async (sql) => {
        await sql.unsafe(`set local role ${role}`);
        await sql`truncate lines`;
      });
      const changes = await audit.items<{ role: string }>("history", "lines");
      expect(changes).toHaveLength(1500);
      expect(new Set(changes.map((change) => change.role))).toEqual(new Set([role]));
    } finally {
      await database.sql.unsafe(`drop owned by ${role}; drop role ${role}`);
    }
  });
});

describe("TRUNCATE that is recorded", () => {
  it("is one event, before which the table cannot be shown", async () => {
    await audit("enable", "orders", "lines", "--on-truncate", "record");
    const before = await copyTables();
    await database.sql`truncate lines`;
    const changes = await audit.items<{ op: string; key: null; old: null }>("history", "lines");
    expect(changes).toEqual([expect.objectContaining({ op: "truncate", key: null, old: null, new: null })]);
    expect((await audit("history", "lines")).stdout).toMatch(/truncate/);
    const { code, stdout, stderr } = await audit.run(["at-time", before, "lines"]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(/a TRUNCATE at .* was recorded without its rows\.\n.*oldest possible instant is/);

    await database.sql`insert into lines values (1, 1)`;
    expect(await audit.items("at-time", "now", "lines")).toEqual([{ order_id: "1", no: "1" }]);
    expect(await audit.items<{ op: string }>("history", "lines", "1", "2")).toMatchObject([
      { op: "truncate" },
    ]);
  });

  it("goes in every isolation level", async () => {
    await audit("enable", "lines", "--on-truncate", "record");
    await database.sql.begin("isolation level serializable", (sql) => sql`truncate lines`);
    expect(await audit.items("history", "lines")).toHaveLength(1);
  });
});

describe("TRUNCATE that is forbidden", () => {
  it("is refused by name, with the way out, and nothing is lost", async () => {
    await audit("enable", "orders", "lines", "event", "--on-truncate", "forbid");
    for (const table of ["lines", "orders, lines", "event", "event_b"]) {
      await expect(database.sql.unsafe(`truncate ${table}`)).rejects.toMatchObject({
        code: "UA005",
        message: expect.stringMatching(/^audit: TRUNCATE of public\.\w+ is forbidden$/),
        hint: expect.stringContaining("audit enable <table> --on-truncate capture"),
      });
    }
    await database.sql`delete from lines`;
    expect(await audit.items("history", "lines")).toHaveLength(1500);
    await audit("enable", "event", "--on-truncate", "capture");
    await database.sql`truncate event_b`;
    expect(await audit.items("history", "event")).toHaveLength(50);
  });
});
