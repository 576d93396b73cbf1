import { beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { busyTables, naiveTransactions, rewriteLog, writeAtOnce } from "../helpers/busyLog.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

interface Item {
  readonly tx: string;
  readonly era: number;
  readonly began: string | null;
  readonly first_at: string;
  readonly last_at: string;
  readonly first_id: string;
  readonly last_id: string;
  readonly actor: string | null;
  readonly context: Readonly<Record<string, unknown>> | null;
  readonly changes: number;
  readonly tables: readonly Readonly<Record<string, unknown>>[];
  readonly origins: readonly { readonly actor: string | null; readonly changes: number }[];
  readonly origin_count: number;
}

describe("audit log", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database);
  const evil = 'eve\x1b[31m "x"\ny';

  const write = (actor: string, context: object | undefined, statements: string) =>
    database.sql.begin(async (sql) => {
      await sql`select set_config('audit.actor', ${actor}, true)`;
      if (context) await sql`select set_config('audit.context', ${JSON.stringify(context)}, true)`;
      await sql.unsafe(statements);
    });

  beforeAll(async () => {
    await database.sql.unsafe(
      `create table users (id integer primary key, name text);
       create table "Odd.\x1b[2JName" (a integer, "b\nc" text, primary key (a, "b\nc"));
       create table quiet (id integer primary key)`,
    );
    await audit("enable", "--all");
    await write(
      "ana",
      { reason: "Import", request_id: "r1" },
      "insert into users values (1, 'Ada'), (2, null), (3, 'Ida')",
    );
    await write(
      "bob",
      undefined,
      `insert into "Odd.\x1b[2JName" values (1, 'x'), (1, 'y'); update users set name = 'Eva' where id < 3`,
    );
    await write(
      "ana",
      { reason: `evil\x1b[2J\nreason`, "fact\x1b": { deep: "\x1b]0;x\x07" } },
      `delete from users where id = 3; set local audit.actor = ${literal(evil)}; update users set name = 'Uta' where id = 1`,
    );
    await write("", undefined, "insert into quiet values (1); truncate quiet");
  });

  it("tells each transaction once, the newest first, with what it did to each table", async () => {
    const items = await audit.items<Item>("log");
    expect(
      items.map(({ actor, changes, tables, origin_count }) => ({ actor, changes, tables, origin_count })),
    ).toEqual([
      {
        actor: null,
        changes: 2,
        tables: [{ schema: "public", table: "quiet", insert: 1, update: 0, delete: 0, truncate: 1 }],
        origin_count: 1,
      },
      {
        actor: "ana",
        changes: 2,
        tables: [{ schema: "public", table: "users", insert: 0, update: 1, delete: 1, truncate: 0 }],
        origin_count: 2,
      },
      {
        actor: "bob",
        changes: 4,
        tables: [
          { schema: "public", table: "Odd.\x1b[2JName", insert: 2, update: 0, delete: 0, truncate: 0 },
          { schema: "public", table: "users", insert: 0, update: 2, delete: 0, truncate: 0 },
        ],
        origin_count: 1,
      },
      {
        actor: "ana",
        changes: 3,
        tables: [{ schema: "public", table: "users", insert: 3, update: 0, delete: 0, truncate: 0 }],
        origin_count: 1,
      },
    ]);
    expect(items[3]).toMatchObject({
      era: 1,
      context: { reason: "Import", request_id: "r1" },
      db_user: "postgres",
      role: null,
      client_addr: "127.0.0.1",
    });
    for (const { began, first_at, last_at } of items) {
      expect((began ?? "") <= first_at && first_at <= last_at).toBe(true);
    }
    expect(await audit.items<Item>("log", "--reverse")).toEqual(items.toReversed());
    expect(await audit.items<Item>("log", "--limit", "2")).toEqual(items.slice(0, 2));
    expect(await audit.items<Item>("log", "--limit", "3", "--reverse")).toEqual(items.slice(0, 3).reverse());
  });

  it("lists all who took part", async () => {
    const [, item] = await audit.items<Item>("log");
    expect(item?.origins.map(({ actor, changes }) => ({ actor, changes }))).toEqual([
      { actor: "ana", changes: 1 },
      { actor: evil, changes: 1 },
    ]);
  });

  it("counts what fits", async () => {
    const told = async (...args: string[]) =>
      (await audit.items<Item>("log", ...args)).map(({ changes, tables }) => [
        changes,
        ...tables.map(({ table }) => table),
      ]);
    expect(await told("users")).toEqual([
      [2, "users"],
      [2, "users"],
      [3, "users"],
    ]);
    expect(await told("quiet", '"Odd.\x1b[2JName"')).toEqual([
      [2, "quiet"],
      [2, "Odd.\x1b[2JName"],
    ]);
    expect(await told("--actor", evil)).toEqual([[1, "users"]]);
    expect(await told("--actor", "ana", "--since", "-2h")).toEqual([
      [1, "users"],
      [3, "users"],
    ]);
    expect(await told("--op", "delete,truncate")).toEqual([
      [1, "quiet"],
      [1, "users"],
    ]);
    expect(await told("--column", "name", "--op", "update")).toEqual([
      [1, "users"],
      [2, "users"],
    ]);
    expect(await told("--context", "request_id=r1")).toEqual([[3, "users"]]);
    expect(await told("--grep", "^uta$")).toEqual([[1, "users"]]);
    expect(await told("--where", "op = 'insert' and key = '2'")).toEqual([[1, "users"]]);
    expect(await told("--db-user", "nobody")).toEqual([]);
    const [, second, third] = await audit.items<Item>("log");
    expect(await told("--range", `tx:${third?.tx}..tx:${second?.tx}`)).toEqual([[2, "users"]]);
  });

  it("is a readable timeline, and harmless", async () => {
    const { stdout } = await audit("log", "--tz", "UTC");
    const plain = stdout
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+00:00/g, "<at>")
      .replace(/tx \d+/g, "tx <tx>");
    expect(plain).toMatchInlineSnapshot(`
      "<at>  tx <tx>  postgres
        public.quiet  1 insert, 1 truncate
        via postgres.js from 127.0.0.1
      <at>  tx <tx>  ana (postgres) and 1 other
        public.users  1 update, 1 delete
        by ana (postgres): 1 change
          — evil\\x1b[2J\\nreason
          fact\\x1b: {"deep":"\\u001b]0;x\\u0007"}  via postgres.js from 127.0.0.1
        by "eve\\x1b[31m "x"\\ny" (postgres): 1 change
          — evil\\x1b[2J\\nreason
          fact\\x1b: {"deep":"\\u001b]0;x\\u0007"}  via postgres.js from 127.0.0.1
      <at>  tx <tx>  bob (postgres)
        public."Odd.\\x1b[2JName"  2 inserts
        public.users              2 updates
        via postgres.js from 127.0.0.1
      <at>  tx <tx>  ana (postgres)  "Import"
        public.users  3 inserts
        request_id: r1  via postgres.js from 127.0.0.1
      "
    `);
    expect((await audit("log", "--actor", "nobody")).stderr).toBe("No transaction fits.\n");
  });

  it("names unknown tables and columns", async () => {
    expect(await audit.run(["log", "user"])).toMatchObject({ code: 2, stdout: "" });
    expect(await audit.run(["log", "--column", "nme"])).toMatchObject({ code: 2, stdout: "" });
  });
});

describe("a log that many write at once", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database);

  beforeAll(async () => {
    await database.sql.unsafe(busyTables);
    await audit("enable", "item");
    await audit("enable", "kept", "--retain", "30d");
    await writeAtOnce(database.url, { sessions: 6, rounds: 200, seed: 7 });
    await database.sql.begin((sql) =>
      sql.unsafe("update item set n = n + 1; update kept set n = n + 1; update item set n = n + 1"),
    );
    await writeAtOnce(database.url, { sessions: 6, rounds: 60, seed: 8 });
  });

  async function expectLog(): Promise<void> {
    const plain = ({ tx, era, first_id, last_id, changes }: Item) => ({
      tx,
      era,
      first_id,
      last_id,
      changes,
    });
    const naive = await naiveTransactions(database.sql);
    const items = await audit.items<Item>("log");
    expect(items.map(plain)).toEqual(naive);
    expect((await audit.items<Item>("log", "--limit", "70")).map(plain)).toEqual(naive.slice(0, 70));
    expect((await audit.items<Item>("log", "--reverse")).map(plain)).toEqual(naive.toReversed());
    const filtered = await naiveTransactions(
      database.sql,
      "actor = 'eve' and relation = (select id from audit.relation where table_name = 'kept')",
    );
    expect((await audit.items<Item>("log", "kept", "--actor", "eve")).map(plain)).toEqual(filtered);
    for (const { changes, origins } of items)
      expect(origins.reduce((sum, origin) => sum + origin.changes, 0)).toBe(changes);
  }

  it("tells each transaction once and whole", expectLog);

  it("does so where beginnings are not known", async () => {
    await rewriteLog(
      database.sql,
      "update audit.change set began = null where id < (select percentile_disc(0.5) within group (order by id) from audit.change)",
    );
    await expectLog();
  });

  it("tells eras apart", async () => {
    const [next] = await database.sql<{ id: string }[]>`select nextval('audit.change_id')::text as id`;
    const [, old] = await naiveTransactions(database.sql);
    await database.sql`
      insert into audit.installation (era, version, system_identifier, first_id, roles, event_triggers)
      select 2, version, 1, ${next?.id ?? ""}::bigint, roles, event_triggers from audit.installation where era = 1`;
    await writeAtOnce(database.url, { sessions: 2, rounds: 20, seed: 9 });
    const [, latest] = await naiveTransactions(database.sql);
    await rewriteLog(database.sql, `update audit.change set xid = '${old?.tx}' where xid = '${latest?.tx}'`);
    expect((await naiveTransactions(database.sql)).filter(({ tx }) => tx === old?.tx)).toHaveLength(2);
    await expectLog();
  });
});

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
