import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { describeCatalog } from "../helpers/catalog.ts";
import { connectTo, type TestSql, urlOfDatabase } from "../helpers/client.ts";
import { differingRows } from "../helpers/compareRows.ts";
import { startTestServer, type TestServer } from "../helpers/testServer.ts";

// A server of their own, on which the audit roles are not there unless a test makes them.
let server: TestServer | undefined;
let superuser: TestSql | undefined;

beforeAll(async () => {
  server = await startTestServer();
  superuser = connectTo(server.url);
});

afterAll(async () => {
  await superuser?.end();
  await server?.stop();
});

afterEach(async () => {
  for (const database of ["shop", "other"])
    await asSuperuser(`drop database if exists ${database} with (force)`);
  for (const role of ["audit_ddl", "audit_writer", "audit_truncate", "audit_reader", "shop_owner", "app"])
    await asSuperuser(`drop role if exists ${role}`);
});

async function asSuperuser(statement: string): Promise<void> {
  await superuser?.unsafe(statement);
}

interface Shop {
  readonly audit: ReturnType<typeof auditOf>;
  /** The owner's session, always the same one: what it planned before, it uses again. */
  readonly owner: TestSql;
  /** A superuser's, in the same database. */
  readonly all: TestSql;
}

/** A database that belongs to a role with these attributes, and tables of its own. */
async function withShop(attributes: string, work: (shop: Shop) => Promise<void>): Promise<void> {
  await asSuperuser(`create role shop_owner login password 'x' ${attributes}`);
  await asSuperuser("create database shop owner shop_owner template template0");
  const url = new URL(urlOfDatabase(server?.url ?? "", "shop"));
  const all = connectTo(url.href, { max: 1 });
  url.username = "shop_owner";
  url.password = "x";
  const owner = connectTo(url.href, { max: 1 });
  try {
    await owner.unsafe(`
      create table users (id int primary key, name text, born date, score int, token text);
      create table orders (user_id int references users on delete cascade, no int, primary key (user_id, no));
      create table event (id int primary key, note text) partition by range (id);
      create table event_1 partition of event for values from (0) to (10)`);
    await work({ audit: auditOf({ url: url.href }), owner, all });
  } finally {
    await owner.end();
    await all.end();
  }
}

async function clock(sql: TestSql): Promise<string> {
  const [row] = await sql<{ at: string }[]>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`;
  return row?.at ?? "";
}

interface Change {
  readonly op: string;
  readonly key: string;
  readonly old: Record<string, unknown> | null;
  readonly new: Record<string, unknown> | null;
}

/** DDL, each step followed by writes in a session that wrote before; every write must be recorded as it was. */
async function expectDdlFollowed({ audit, owner }: Shop): Promise<void> {
  const written = async (statement: string) => {
    await owner.unsafe(statement);
    const [change] = await audit.items<Change>("history", "users", "1", "--limit", "1");
    return change;
  };
  await owner.unsafe("insert into users values (1, 'a', '2000-01-01', 1, 'secret')");
  expect(await written("update users set name = 'b' where id = 1")).toMatchObject({
    old: { name: "a" },
    new: { name: "b" },
  });
  await owner.unsafe("alter table users add column email text, add column api_token text");
  expect(
    await written("update users set email = 'e', api_token = 'secret', name = 'c' where id = 1"),
  ).toMatchObject({
    old: { name: "b", email: null },
    new: { name: "c", email: "e" },
  });
  await owner.unsafe("alter table users rename column name to full_name");
  expect(await written("update users set full_name = 'd', token = 'secret2' where id = 1")).toMatchObject({
    old: { full_name: "c" },
    new: { full_name: "d" },
  });
  await owner.unsafe("alter table users alter column score type numeric(10, 2)");
  expect(await written("update users set score = 2.50 where id = 1")).toMatchObject({
    old: { score: "1.00" },
    new: { score: "2.50" },
  });
  await owner.unsafe("alter table users drop column born");
  expect(await written("update users set email = 'f' where id = 1")).toMatchObject({
    old: { email: "e" },
    new: { email: "f" },
  });
  expect(await written("update users set id = 1, full_name = 'g' where id = 1")).toMatchObject({
    new: { full_name: "g" },
  });
  await owner.unsafe("alter table users rename to people");
  await owner.unsafe("update people set email = 'h' where id = 1");
  await owner.unsafe("alter table people rename to users");
  expect(
    await written("update users set id = 7 where id = 1; update users set id = 1 where id = 7"),
  ).toMatchObject({
    key: "1",
    old: { id: "7", full_name: "g", score: "2.50", email: "h" },
  });
  expect(JSON.stringify(await audit.items("history", "users"))).not.toContain("secret");
}

describe.each([
  {
    who: "a role that owns its tables and nothing else",
    attributes: "nosuperuser nocreaterole nocreatedb",
    roles: false,
  },
  { who: "a role with CREATEROLE", attributes: "nosuperuser createrole", roles: true },
])("$who", ({ attributes, roles }) => {
  it("audits, reads, and follows DDL; then leaves everything as it was", async () => {
    await withShop(attributes, async (shop) => {
      const { audit, owner, all } = shop;
      const before = await describeCatalog(all);
      const { stdout, stderr } = await audit("init");
      expect(stdout).toContain("Installed");
      expect(stderr).toMatch(
        /note: This role may not create event triggers.*After DDL run audit enable again\./,
      );
      expect(/note: This role may not create roles/.test(stderr)).toBe(!roles);
      const enabled = await audit.items<{ did: string }>("enable", "--all", "--exclude", "*token");
      expect(enabled.map(({ did }) => did)).toEqual(["enabled", "skipped", "enabled", "enabled"]);

      const start = await clock(owner);
      await expectDdlFollowed(shop);

      await owner.unsafe(`
        insert into users (id, full_name) values (2, 'x'), (3, 'y');
        insert into orders values (2, 1), (2, 2), (3, 1);
        insert into event values (1, 'n');
        create table copy_of_users as table users;
        create table copy_of_orders as table orders`);
      const middle = await clock(owner);
      await owner.unsafe("delete from users where id = 2; truncate orders; update event set note = 'o'");
      expect((await audit.items<Change>("history", "orders")).map(({ op }) => op)).toEqual([
        ...["insert", "insert", "insert", "delete", "delete", "truncate"],
      ]);
      // Nobody wrote down when DDL changed a column: it is unknown, and said to be, until enable has seen it.
      const known = "id, full_name, null::numeric as score, null::text, null::text as email, null::text";
      for (const [table, columns] of [
        ["users", known],
        ["orders", "*"],
      ] as const) {
        const past = `select * from audit.at(null::${table}, '${middle}')`;
        expect(await differingRows(owner, past, `select ${columns} from copy_of_${table}`)).toEqual([]);
      }
      const notes = (await audit("at-time", middle, "users")).stderr;
      expect(notes.match(/column \w+ is unknown then/g)).toHaveLength(4);
      expect(await audit.items("at-time", start, "users")).toEqual([]);
      expect(await audit.items("at-time", middle, "orders", "2", "1")).toEqual([{ user_id: "2", no: "1" }]);
      expect(await audit.items("diff", "event", "--from", middle)).toMatchObject([
        { kind: "changed", key: "1" },
      ]);

      const [status] = await audit.items<{ state: string; problems: string[] }>("status", "users");
      expect(status).toMatchObject({
        state: "on",
        problems: [expect.stringContaining("audit enable public.users")],
      });
      expect((await audit.items<{ did: string }>("enable", "users"))[0]).toMatchObject({ did: "changed" });
      expect((await audit.items<{ did: string }>("enable", "users"))[0]).toMatchObject({ did: "unchanged" });
      expect((await audit.items<{ problems: string[] }>("status", "users"))[0]?.problems).toEqual([]);
      await owner.unsafe("update users set email = 'i', api_token = 'secret' where id = 1");
      const [last] = await audit.items<Change>("history", "users", "1", "--limit", "1");
      expect(last).toMatchObject({ old: { email: "h" }, new: { email: "i" } });
      await owner.unsafe("drop table copy_of_users; create table copy_of_users as table users");
      const later = await clock(owner);
      await owner.unsafe(
        "update users set full_name = 'z', score = 9, email = 'k'; delete from users where id = 3",
      );
      expect(
        await differingRows(
          owner,
          `select * from audit.at(null::users, '${later}')`,
          "select id, full_name, score, null::text, email, null::text from copy_of_users",
        ),
      ).toEqual([]);
      await audit("retention", "set", "normal", "1y");
      await audit("enable", "--all", "--retain", "normal");
      await owner.unsafe("update users set email = 'j' where id = 1");
      await audit("prune");

      await audit("disable", "users");
      await owner.unsafe("update users set email = 'unseen'");
      expect(JSON.stringify(await audit.items("history", "users"))).not.toContain("unseen");
      await audit("uninstall", "--confirm", "shop");
      await owner.unsafe(`
        drop table copy_of_users, copy_of_orders, users, orders;
        create table users (id int primary key, name text, born date, score int, token text);
        create table orders (user_id int references users on delete cascade, no int, primary key (user_id, no))`);
      const unnamed = (lines: string[]) =>
        lines.map((line) => line.replace(/(RI_ConstraintTrigger_[ac])_\d+/g, "$1")).sort();
      expect(unnamed(await describeCatalog(all))).toEqual(unnamed(before));
    });
  });

  it("can be written to by others, who get no rights of it", async () => {
    await withShop(attributes, async ({ audit, owner, all }) => {
      await audit("init");
      await audit("enable", "users");
      await asSuperuser("create role app login");
      await owner.unsafe("grant insert, update on users to app");
      await all.begin(async (sql) => {
        await sql.unsafe("set local session authorization app");
        await sql.unsafe("insert into users values (1)");
        await sql.unsafe("update users set name = 'x'");
      });
      expect(await audit.items("history", "users")).toMatchObject([{ db_user: "app" }, { db_user: "app" }]);
      for (const attack of [
        "select from audit.change",
        "insert into audit.change (relation, op, key, db_user, segment) values (1, 'I', '2', 'me', 1)",
        "delete from audit.change",
        "select audit._row_1()",
        "create trigger t before insert on users execute function audit._row_1()",
      ]) {
        const attempt = all.begin(async (sql) => {
          await sql.unsafe("set local session authorization app");
          await sql.unsafe(attack);
        });
        await expect(attempt).rejects.toMatchObject({ code: "42501" });
      }
      await owner.unsafe("revoke all on users from app");
    });
  });
});

it("CREATEROLE is not enough where a superuser made the roles: init does without them, and says so", async () => {
  await asSuperuser("create database other");
  await auditOf({ url: urlOfDatabase(server?.url ?? "", "other") })("init");
  await withShop("nosuperuser createrole", async ({ audit, owner, all }) => {
    const before = await describeCatalog(all);
    const [version] = await all<
      { major: number }[]
    >`select current_setting('server_version_num')::int / 10000 as major`;
    const { stderr } = await audit("init");
    // Before PostgreSQL 16 CREATEROLE may grant any role.
    expect(/may not create roles/.test(stderr)).toBe((version?.major ?? 0) >= 16);
    await audit("enable", "--all");
    await owner.unsafe("insert into users values (1); truncate users cascade");
    expect(await audit.items("history", "users")).toHaveLength(2);
    await audit("uninstall", "--confirm", "shop");
    expect(await describeCatalog(all)).toEqual(before);
  });
});

it("without event triggers a name given to another column makes both unknown, never wrong", async () => {
  await withShop("", async ({ audit, owner }) => {
    await audit("init");
    await audit("enable", "users");
    await owner.unsafe(
      "insert into users (id, name, token) values (1, 'name', 'token'), (2, 'name', 'token')",
    );
    const before = await clock(owner);
    await owner.unsafe(`
      alter table users rename name to passing;
      alter table users rename token to name;
      alter table users rename passing to token`);
    await owner.unsafe("delete from users where id = 2; update users set name = 'x' where id = 1");
    const { items, unknown } = JSON.parse((await audit("at-time", before, "users", "--json")).stdout) as {
      items: unknown[];
      unknown: string[];
    };
    expect(unknown.sort()).toEqual(["name", "token"]);
    expect(items).toEqual([
      expect.objectContaining({ name: null, token: null }),
      expect.objectContaining({ name: null, token: null }),
    ]);
    const changes = await audit.items<Change>("history", "users", "2");
    expect(changes.map(({ old, new: image }) => old ?? image)).toMatchObject([
      { name: "name", token: "token" },
      { name: "token", token: "name" },
    ]);
  });
});

it("a superuser's init takes over from a plain role's", async () => {
  await withShop("", async ({ audit, owner, all }) => {
    await audit("init");
    await audit("enable", "users");
    await owner.unsafe("insert into users values (1, 'a')");
    const superusers = auditOf({ url: urlOfDatabase(server?.url ?? "", "shop") });
    expect((await superusers("init")).stderr).toBe("");
    await superusers("enable", "--all");
    await owner.unsafe(
      "update users set name = 'b'; alter table users rename name to called; update users set called = 'c'",
    );
    expect(await audit.items<Change>("history", "users", "1", "--schema", "then")).toMatchObject([
      { new: { name: "a" } },
      { new: { name: "b" } },
      { new: { called: "c" } },
    ]);
    expect(await superusers.items("status")).toEqual(
      expect.arrayContaining([expect.objectContaining({ capture: "generated", problems: [] })]),
    );
    expect(
      await all`
        select proname::text as name, pg_get_userbyid(proowner)::text as owner
        from pg_proc
        where pronamespace = 'audit'::regnamespace and proname in ('_insert_1', '_update_1', '_delete_1')
        order by 1`,
    ).toEqual(["_delete_1", "_insert_1", "_update_1"].map((name) => ({ name, owner: "audit_writer" })));
    await superusers("uninstall", "--confirm", "shop");
  });
});

it.each([
  ["no more rights than that", ""],
  ["the right to make roles", "createrole"],
])("measures what auditing costs, with %s, and leaves the catalog as it was", async (_what, attributes) => {
  await withShop(attributes, async ({ audit, owner, all }) => {
    await owner`insert into users (id, name, score) select n, 'User ' || n, n from generate_series(1, 50) as n`;
    await audit("init");
    const before = await describeCatalog(all);
    const figures = await audit.items<{ wal_plain: number; wal_audited: number; log_bytes: number }>(
      ...["bench", "users", "--rows", "20", "--rounds", "2"],
    );
    expect(figures).toHaveLength(6);
    for (const { wal_plain, wal_audited, log_bytes } of figures) {
      expect(wal_audited).toBeGreaterThan(wal_plain);
      expect(log_bytes).toBeGreaterThan(50);
    }
    expect(await describeCatalog(all)).toEqual(before);
  });
});
