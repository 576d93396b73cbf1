import { beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);

interface Item {
  readonly column: string;
  readonly status: string;
  readonly value?: unknown;
  readonly previous?: unknown;
  readonly change: string | null;
  readonly actor: string | null;
  readonly context: { readonly reason?: string } | null;
}

/** The parts of a blame that do not depend on clock and counters, by column. */
async function blame(...args: string[]) {
  const items = await audit.items<Item>("blame", ...args);
  return Object.fromEntries(items.map(({ column, ...item }) => [column, short(item)]));
}

function short({ status, value, previous, actor }: Omit<Item, "column">): unknown[] {
  return [status, value, ...(previous === undefined && actor === null ? [] : [previous, actor])];
}

async function as(actor: string, ...statements: string[]) {
  await database.sql.begin(async (sql) => {
    await sql`select set_config('audit.actor', ${actor}, true)`;
    for (const statement of statements) await sql.unsafe(statement);
  });
}

describe("a row's life", () => {
  beforeAll(async () => {
    await database.sql.unsafe(`
      create table users (id int primary key, email text, pin text, hidden text, age int);
      insert into users values (1, 'old', 'p', 'h', 20)`);
    await audit("enable", "users", "--exclude", "hidden", "--redact", "pin");
    await as("ann", "update users set email = 'a' where id = 1");
    await as("bob", "update users set email = 'b' where id = 1");
    await as("cyd", "update users set email = 'a', hidden = 'i' where id = 1");
    await as("dan", "update users set email = email, pin = 'q' where id = 1");
  });

  it("names the last change that set each value", async () => {
    expect(await blame("users", "1")).toEqual({
      id: ["before_coverage", "1"],
      email: ["change", "a", "b", "cyd"],
      pin: ["change", { redacted: true }, { redacted: true }, "dan"],
      hidden: ["excluded", undefined],
      age: ["before_coverage", "20"],
    });
  });

  it("narrows to columns by name and glob", async () => {
    expect(Object.keys(await blame("users", "1", "--column", "*i*"))).toEqual([
      "id",
      "email",
      "pin",
      "hidden",
    ]);
    const wrong = await audit.run(["blame", "users", "1", "--column", "emial"]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('Did you mean "email"?');
  });

  it("tells it as of an instant", async () => {
    const [bob] = await database.sql<{ id: string }[]>`select id::text from audit.change where actor = 'bob'`;
    expect((await blame("users", "1", "--at", `change:${bob?.id}`)).email).toEqual([
      "change",
      "b",
      "a",
      "bob",
    ]);
    await database.sql`select audit.tag('before-eve')`;
    await as("eve", "update users set email = 'e' where id = 1");
    expect((await blame("users", "1", "--at", "tag:before-eve")).email).toEqual(["change", "a", "b", "cyd"]);
    expect((await blame("users", "1")).email).toEqual(["change", "e", "a", "eve"]);
    const early = await audit.run(["blame", "users", "1", "--at", "2001-01-01"]);
    expect(early.code).toBe(3);
  });

  it("follows renames, and knows what DDL gave", async () => {
    await database.sql.unsafe(`
      alter table users rename email to mail;
      alter table users rename age to email;
      alter table users add column "Odd.""Name\n" text default 'd';
      alter table users alter email type numeric(6, 2)`);
    expect(await blame("users", "1")).toEqual({
      id: ["before_coverage", "1"],
      mail: ["change", "e", "a", "eve"],
      pin: ["change", { redacted: true }, { redacted: true }, "dan"],
      hidden: ["excluded", undefined],
      email: ["before_coverage", "20.00"],
      'Odd."Name\n': ["added", "d"],
    });
  });

  it("prints a table", async () => {
    await as("\u001b[31mfay", `update users set "Odd.""Name\n" = E'\\x1b[31mx' where id = 1`);
    const { stdout, stderr } = await audit("blame", "users", "1", "--column", '"Odd.""Name\n"');
    const [header, line] = stdout.split("\n");
    expect(header?.split(/ {2,}/)).toEqual(["column", "value", "set by", "when", "tx", "before", "reason"]);
    expect(line?.split(/ {2,}/).filter((_, place) => place !== 3 && place !== 4)).toEqual([
      'Odd."Name\\n',
      "\\x1b[31mx",
      "\\x1b[31mfay (postgres)",
      "d",
    ]);
    expect(stderr).toBe("");
  });
});

describe("keys", () => {
  it("keeps the life of a row that moves, and begins a new one after a deletion", async () => {
    await database.sql.unsafe("create table moved (a int, b text, v text, primary key (a, b))");
    await audit("enable", "moved");
    await as("ann", "insert into moved values (1, 'x y', 'one')");
    await as("bob", "update moved set a = 2");
    await as("cyd", "update moved set v = 'two'");
    const life = {
      a: ["change", "2", "1", "bob"],
      b: ["insert", "x y", undefined, "ann"],
      v: ["change", "two", "one", "cyd"],
    };
    expect(await blame("moved", "2", "x y")).toEqual(life);
    expect(await blame("moved", "b=x y", "a=1")).toEqual(life);
    expect((await audit("blame", "moved", "1", "x y")).stderr).toBe(
      'note: it moved to the key ["2", "x y"]\n',
    );

    await as("dan", "delete from moved");
    const gone = await audit("blame", "moved", "2", "x y");
    expect(gone.stderr).toMatch(
      /^row 2 x y of public.moved was deleted at \S+ \S+ by dan \(postgres\), tx \d+; this is its last state\n$/,
    );
    expect(await blame("moved", "2", "x y")).toEqual(life);
    const document = JSON.parse((await audit("blame", "moved", "2", "x y", "--json")).stdout);
    expect(document).toMatchObject({ key: '["2", "x y"]', ended: { op: "delete", actor: "dan", old: null } });

    await as("eve", "insert into moved values (2, 'x y', null)");
    expect(await blame("moved", "2", "x y")).toEqual({
      a: ["insert", "2", undefined, "eve"],
      b: ["insert", "x y", undefined, "eve"],
      v: ["insert", null, undefined, "eve"],
    });
  });

  it("tells rows apart that exchange their keys", async () => {
    await database.sql.unsafe(
      "create table swapped (id int primary key deferrable initially deferred, v text)",
    );
    await audit("enable", "swapped");
    await as("ann", "insert into swapped values (1, 'one')");
    await as("bob", "insert into swapped values (2, 'two')");
    await as("cyd", "update swapped set id = 3 - id");
    expect(await blame("swapped", "1")).toEqual({
      id: ["change", "1", "2", "cyd"],
      v: ["insert", "two", undefined, "bob"],
    });
    expect(await blame("swapped", "2")).toEqual({
      id: ["change", "2", "1", "cyd"],
      v: ["insert", "one", undefined, "ann"],
    });
  });

  it("has nothing to say of a row that never was", async () => {
    const { stdout, stderr } = await audit("blame", "swapped", "99", "--json");
    expect(JSON.parse(stdout).items).toEqual([]);
    expect(stderr).toBe("There is no row 99 of public.swapped, and no change of it is recorded.\n");
  });
});

describe("images", () => {
  it.each(["full", "lean"])("are %s", async (images) => {
    const table = `images_${images}`;
    await database.sql.unsafe(`create table ${table} (id int primary key, v text, w text)`);
    await audit("enable", table, "--images", images);
    await as("ann", `insert into ${table} values (1, 'a', 'w')`);
    await as("bob", `update ${table} set v = 'b'`);
    await as("cyd", `update ${table} set v = 'c'`);
    expect(await blame(table, "1")).toEqual({
      id: ["insert", "1", undefined, "ann"],
      v: ["change", "c", "b", "cyd"],
      w: ["insert", "w", undefined, "ann"],
    });
    await as("dan", `update ${table} set id = 2`);
    expect(await blame(table, "2")).toEqual({
      id: ["change", "2", "1", "dan"],
      v: ["change", "c", "b", "cyd"],
      w: ["insert", "w", undefined, "ann"],
    });
  });

  it("compares values as the log writes them", async () => {
    await database.sql.unsafe(`
      create table typed (id int primary key, at timestamptz, span interval, f float8, b boolean, r tstzrange, n numeric)`);
    await audit("enable", "typed");
    await as(
      "ann",
      "set local timezone = 'Asia/Tokyo'",
      "insert into typed values (1, now(), '1 mon -3 days', 0.1::float8 + 0.2, true, tstzrange(now(), null), 1.10)",
    );
    const items = await audit.items<Item>("blame", "typed", "1", "--tz", "America/New_York");
    expect(items.map(({ column, status, actor }) => [column, status, actor])).toEqual(
      ["id", "at", "span", "f", "b", "r", "n"].map((column) => [column, "insert", "ann"]),
    );
    expect(items[3]?.value).toBe("0.30000000000000004");
    expect(items[4]?.value).toBe("true");
  });
});

describe("what the log does not explain", () => {
  beforeAll(async () => {
    await database.sql.unsafe("create table around (id int primary key, v text)");
    await audit("enable", "around");
    await as(
      "ann",
      "insert into around values (1, 'a'), (2, 'a'), (3, 'a')",
      "delete from around where id = 3",
    );
  });

  it("ends with 3 where somebody wrote around the audit", async () => {
    await as(
      "eve",
      "set local session_replication_role = replica",
      "update around set v = 'evil' where id = 1",
      "delete from around where id = 2",
      "insert into around values (3, 'back')",
    );
    const changed = await audit.run(["blame", "around", "1", "--json"]);
    expect(changed.code).toBe(3);
    expect(changed.stderr).toMatch(
      /^note: column v: The last change recorded of it, \d+, left another value.\n/,
    );
    expect(JSON.parse(changed.stdout).items[1]).toMatchObject({
      status: "around",
      value: "evil",
      previous: "a",
      change: null,
    });
    const gone = await audit.run(["blame", "around", "2"]);
    expect(gone.code).toBe(3);
    expect(gone.stderr).toContain(
      "finding: row 2 of public.around is gone, and no change of it says so: it was deleted around the audit",
    );
    const back = await audit.run(["blame", "around", "3"]);
    expect(back.code).toBe(3);
    expect(back.stderr).toMatch(/finding: row 3 of public.around is there, though change \d+ deleted it/);
  });

  it("knows that the table was not audited meanwhile", async () => {
    await database.sql.unsafe("create table paused (id int primary key, v text, w text)");
    await audit("enable", "paused");
    await as("ann", "insert into paused values (1, 'a', 'a'), (2, 'a', 'a'), (3, 'a', 'a')");
    await as("ann", "delete from paused where id = 3");
    await audit("disable", "paused");
    await as("bob", "update paused set v = 'b' where id = 1", "delete from paused where id = 2");
    await as("bob", "insert into paused values (3, 'b', 'b')");
    expect((await blame("paused", "1")).v).toEqual(["unrecorded", "b", "a", null]);
    await audit("enable", "paused");
    expect(await blame("paused", "1")).toEqual({
      id: ["insert", "1", undefined, "ann"],
      v: ["unrecorded", "b", "a", null],
      w: ["insert", "a", undefined, "ann"],
    });
    const { stderr } = await audit("blame", "paused", "1");
    expect(stderr).toMatch(/^note: column v: The table was not audited from \S+ until \S+\.\n$/);
    expect((await audit("blame", "paused", "2")).stderr).toMatch(
      /^note: row 2 of public.paused went while the table was not audited, from \S+ until \S+; this is what the log has of it\n$/,
    );
    expect((await blame("paused", "3")).v).toEqual(["before_coverage", "b"]);
  });

  it("gives the log's values to those who may not read the table, and tells of a dropped one", async () => {
    await database.sql.unsafe("create table shy (id int primary key, v text)");
    await audit("enable", "shy");
    await as("ann", "insert into shy values (1, 'a')");
    await database.sql.unsafe("alter table shy enable row level security, force row level security");
    const role = `reader_${database.name}`;
    await database.sql.unsafe(`create role "${role}" login password 'pw'; grant audit_reader to "${role}"`);
    try {
      const url = new URL(database.url);
      url.username = role;
      url.password = "pw";
      const reader = auditOf({ url: url.href });
      const { stderr } = await reader("blame", "shy", "1");
      expect(stderr).toBe("note: you may not read every row of public.shy; values are those in the log\n");
      const items = await reader.items<Item>("blame", "shy", "1");
      expect(items.map(({ column, ...item }) => [column, short(item)])).toEqual([
        ["id", ["insert", "1", undefined, "ann"]],
        ["v", ["insert", "a", undefined, "ann"]],
      ]);
    } finally {
      await database.sql.unsafe(`drop owned by "${role}"; drop role "${role}"`);
    }
    await as("bob", "update shy set v = 'b'");
    await database.sql.unsafe("drop table shy");
    expect(await blame("shy", "1")).toEqual({
      id: ["insert", "1", undefined, "ann"],
      v: ["change", "b", "a", "bob"],
    });
  });
});

describe("TRUNCATE", () => {
  it("ends rows, with their values or without", async () => {
    for (const how of ["capture", "record"]) {
      await database.sql.unsafe(`create table cut_${how} (id int primary key, v text)`);
      await audit("enable", `cut_${how}`, "--on-truncate", how);
      await as("ann", `insert into cut_${how} values (1, 'a')`);
      await as("bob", `truncate cut_${how}`);
      expect((await blame(`cut_${how}`, "1")).v).toEqual(["insert", "a", undefined, "ann"]);
      expect((await audit("blame", `cut_${how}`, "1")).stderr).toMatch(
        / went with a TRUNCATE at \S+ \S+ by bob \(postgres\)/,
      );
    }
  });
});

it("takes little longer than the history it rests on, over 10,000 changes", async () => {
  await database.sql.unsafe("create table busy (id int primary key, v int, w text)");
  await audit("enable", "busy");
  await as(
    "ann",
    "insert into busy values (1, 0, 'w')",
    "do $$ begin for i in 1..10000 loop update busy set v = i; end loop; end $$",
  );
  const took = { blame: Number.POSITIVE_INFINITY, history: Number.POSITIVE_INFINITY };
  for (let run = 0; run < 3; run++) {
    for (const command of ["blame", "history"] as const) {
      const began = performance.now();
      await audit(command, "busy", "1", "--json");
      took[command] = Math.min(took[command], performance.now() - began);
    }
  }
  expect(took.blame / took.history).toBeLessThan(2);
  expect(await blame("busy", "1")).toEqual({
    id: ["insert", "1", undefined, "ann"],
    v: ["change", "10000", "9999", "ann"],
    w: ["insert", "w", undefined, "ann"],
  });
});
