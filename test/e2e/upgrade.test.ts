import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { version } from "../../src/version.ts";
import { type AuditOf, auditOf } from "../helpers/auditOf.ts";
import { describeCatalog } from "../helpers/catalog.ts";
import { connectTo, type TestSql, urlOfDatabase } from "../helpers/client.ts";
import { describeSchema } from "../helpers/describeSchema.ts";
import { formerEnables, formerTables, installFormer } from "../helpers/installedFormer.ts";
import { startTestServer, type TestServer } from "../helpers/testServer.ts";

// A server of their own, on which the audit roles are there only as far as these tests make them.
let server: TestServer | undefined;
let maintenance: TestSql | undefined;

beforeAll(async () => {
  server = await startTestServer();
  maintenance = connectTo(server.url, { max: 1 });
});

afterAll(async () => {
  await maintenance?.end();
  await server?.stop();
});

const roles = ["audit_ddl", "audit_writer", "audit_truncate", "audit_reader", "shop_owner"];

/** The tables as SQL and audit.at take them, with the columns whose past is known. */
const known: readonly (readonly [table: string, columns: string])[] = [
  ["people", "id, name, born"],
  ["event", "id, region, note"],
  ['"Odd.Pair"', '"x y", note, a, n'],
  ["counted", "id, n"],
  ["depot.part", "id, note"],
];

interface Moment {
  readonly at: string;
  readonly rows: readonly string[];
}

/** A database with tables and an installation of version 0.1.0 under them. */
interface Shop {
  /** The role whose tables and installation they are, always the same session. */
  readonly owner: TestSql;
  readonly superuser: TestSql;
  readonly audit: AuditOf;
  /** The catalog before anything of ours was there. */
  readonly before: readonly string[];
  readonly moments: Moment[];
}

function useShop({ superuser: bySuperuser }: { readonly superuser: boolean }): Shop {
  let open: Shop | undefined;
  let sessions: TestSql[] = [];

  beforeEach(async () => {
    await maintenance?.unsafe("create role shop_owner login password 'x'");
    await maintenance?.unsafe("create database shop owner shop_owner template template0");
    const url = new URL(urlOfDatabase(server?.url ?? "", "shop"));
    const superuser = connectTo(url.href, { max: 1 });
    if (!bySuperuser) {
      url.username = "shop_owner";
      url.password = "x";
    }
    const owner = connectTo(url.href, { max: 1 });
    sessions = [superuser, owner];
    await owner.unsafe(formerTables);
    const before = await describeCatalog(superuser, { roles: "audit%" });
    await installFormer(owner, { superuser: bySuperuser });
    open = { owner, superuser, audit: auditOf({ url: url.href }), before, moments: [] };
  });

  afterEach(async () => {
    for (const session of sessions) await session.end();
    for (const name of ["shop", "fresh"])
      await maintenance?.unsafe(`drop database if exists ${name} with (force)`);
    for (const role of roles) await maintenance?.unsafe(`drop role if exists ${role}`);
  });

  const current = () => {
    if (!open) throw new Error("The shop opens with each test.");
    return open;
  };
  return {
    get owner() {
      return current().owner;
    },
    get superuser() {
      return current().superuser;
    },
    get audit() {
      return current().audit;
    },
    get before() {
      return current().before;
    },
    get moments() {
      return current().moments;
    },
  };
}

async function rowsOf(sql: TestSql, source: string, columns: string): Promise<string> {
  const [row] = await sql.unsafe<{ it: string | null }[]>(
    `select string_agg(row(${columns})::text, ' ' order by row(${columns})::text collate "C") as it from ${source} as their`,
  );
  return row?.it ?? "";
}

/** Remembers all tables as they are committed at this instant. */
async function remember({ superuser, moments }: Shop): Promise<void> {
  const rows: string[] = [];
  for (const [table, columns] of known) rows.push(await rowsOf(superuser, table, columns));
  const [clock] = await superuser<{ at: string }[]>`select clock_timestamp()::text as at`;
  moments.push({ at: clock?.at ?? "", rows });
}

/** Runs statements one by one, and remembers the tables after each. */
async function through(shop: Shop, ...statements: readonly string[]): Promise<void> {
  for (const statement of statements) {
    await shop.owner.unsafe(statement);
    await remember(shop);
  }
}

async function expectPast({ superuser, moments }: Shop): Promise<void> {
  for (const [place, { at, rows }] of moments.entries()) {
    const past: string[] = [];
    for (const [table, columns] of known)
      past.push(await rowsOf(superuser, `audit.at(null::${table}, '${at}')`, columns));
    expect({ place, rows: past }).toEqual({ place, rows });
  }
}

const written = [
  `insert into people (id, name, hair_color, api_token, born) values (1, 'Ada', 'red', 's3cret', '1815-12-10'), (2, 'Bob', null, null, null);
   insert into event values (1, 'north', 'a'), (2, 'south', 'b'), (3, 'south', null);
   insert into "Odd.Pair" values ('p', 'x', 1, 1.50), ('q', null, 1, 'NaN');
   insert into counted values (1, 0);
   insert into depot.part values (1, 'bolt'), (2, 'nut')`,
  "update people set id = 3, name = 'Ada L.' where id = 1; delete from people where id = 2",
  "update event set region = 'north' where id = 2; update event_rest set note = 'c'",
  `update "Odd.Pair" set n = 1.5, a = a + 1; delete from depot.part where id = 1`,
  `begin; delete from counted; insert into counted values (1, 1), (2, 0); update counted set n = 5 where id = 1; commit`,
];

/** Changes as 0.1.0 recorded them, with an instant in the middle of one of its transactions. */
async function writeUnderFormer(shop: Shop): Promise<void> {
  await through(shop, ...written);
  await shop.owner.unsafe(
    "begin; update people set name = 'half' where id = 3; update depot.part set note = 'half'",
  );
  await remember(shop);
  await shop.owner.unsafe("update people set name = 'whole' where id = 3; commit");
  await remember(shop);
}

/** The same life goes on, in the session that wrote before. */
const goingOn = [
  "insert into people (id, name, api_token) values (1, 'Cy', 's3cret'); update people set name = 'Ada', hair_color = 'grey' where id = 3",
  `truncate "Odd.Pair"; insert into "Odd.Pair" values ('p', 'again', 2, 7)`,
  "update event set region = 'east' where region = 'north'; delete from event_rest where id = 3",
  "delete from people where id = 1; update people set id = 1 where id = 3",
  "insert into counted values (3, 0); delete from counted where id = 2",
  "update depot.part set note = 'new', id = 9; insert into depot.part values (2, 'nut')",
  "truncate event_north; truncate event",
];

async function expectCaptureGoesOn(shop: Shop): Promise<void> {
  const [mark] = await shop.superuser<{ id: string }[]>`select nextval('audit.change_id')::text as id`;
  await through(shop, ...goingOn);
  const recorded = await shop.superuser<{ it: string }[]>`
    select format('%s %s %s', relation.table_name, change.op, string_agg(change.key, ' ' order by change.key)) as it
    from audit.change join audit.relation on relation.id = change.relation
    where change.id > ${mark?.id ?? ""}::bigint
    group by relation.table_name, change.op
    order by relation.table_name collate "C", change.op`;
  expect(recorded.map(({ it }) => it)).toEqual([
    'Odd.Pair I ["2", "p"]',
    'Odd.Pair T ["2", "p"] ["2", "q"]',
    "counted D 2",
    "counted I 3",
    "counted U 3 3",
    'event D ["north", "1"] ["north", "2"] ["south", "3"]',
    'event I ["east", "1"] ["east", "2"]',
    'event T ["east", "1"] ["east", "2"]',
    "part I 2",
    "part U 9",
    "people D 1",
    "people I 1",
    "people U 1 3",
  ]);
  const [log] = await shop.superuser<
    { it: string }[]
  >`select string_agg(change::text, ' ') as it from audit.change`;
  expect(log?.it).not.toMatch(/s3cret|grey|GREY|hair_color|loud/);
}

async function expectHistoryIsOne(shop: Shop): Promise<void> {
  const changes = await shop.audit.items<{ op: string; key: string; old_key: string | null; new: object }>(
    ...["history", "people", "1"],
  );
  expect(changes.map(({ op, key, old_key }) => `${op} ${old_key ?? ""} ${key}`)).toEqual([
    "insert  1",
    "update 1 3",
    "update  3",
    "update  3",
    "insert  1",
    "update  3",
    "delete  1",
    "update 3 1",
  ]);
}

/** Nothing of what only 0.1.0 had: one trigger and function for all operations, and the right to read tables. */
async function expectNoLeftovers({ superuser }: Shop): Promise<void> {
  const left = await superuser`
    select tgname::text as name from pg_trigger where tgname ~ '_row_[0-9]+$'
    union all
    select proname from pg_proc where pronamespace = 'audit'::regnamespace and proname ~ '^_row_[0-9]+$'
    union all
    select relname from pg_class, aclexplode(relacl) as granted
    where grantee = to_regrole('audit_truncate') and relnamespace <> 'audit'::regnamespace
    union all
    select nspname from pg_namespace, aclexplode(nspacl) as granted
    where grantee = to_regrole('audit_truncate') and nspname <> 'audit'`;
  expect([...left]).toEqual([]);
}

async function expectHealthy({ audit }: Shop, capture: string): Promise<void> {
  const items = await audit.items<{ table: string; state: string; capture: string; problems: string[] }>(
    "status",
  );
  expect(items.map(({ table, state, capture: how, problems }) => ({ table, state, how, problems }))).toEqual(
    ["Odd.Pair", "counted", "event", "part", "people"]
      .toSorted(
        (one, other) =>
          items.findIndex(({ table }) => table === one) - items.findIndex(({ table }) => table === other),
      )
      .map((table) => ({ table, state: "on", how: capture, problems: [] })),
  );
}

/** The installation's objects, each with its lines in one order: a column that came later stands behind the others. */
async function objectsOf(sql: TestSql): Promise<string[]> {
  const text = await describeSchema(sql, "audit");
  return text.split("\n\n").map((object) => {
    const [head = "", ...lines] = object.trimEnd().split("\n");
    return [head, ...(head.startsWith("table ") ? lines.toSorted() : lines)].join("\n");
  });
}

describe("An installation of version 0.1.0 by a superuser", () => {
  const shop = useShop({ superuser: true });

  it("is brought to this version by init: the same objects as a fresh one, one history, one past", async () => {
    await remember(shop);
    await writeUnderFormer(shop);
    const straddler = connectTo(urlOfDatabase(server?.url ?? "", "shop"), { max: 1 });
    await straddler.unsafe("begin isolation level repeatable read; select txid_current()");
    const { stdout, stderr } = await shop.audit("init");
    expect({ stdout, stderr }).toEqual({
      stdout: `Upgraded the audit trail in schema audit from 0.1.0 to ${version}.\n`,
      stderr: "",
    });
    await remember(shop);
    await straddler.unsafe("update counted set n = 4 where id = 1");
    await remember(shop);
    await straddler.unsafe("update counted set n = 6 where id = 1; commit");
    await straddler.end();
    await remember(shop);
    await expectHealthy(shop, "generated");
    await expectNoLeftovers(shop);
    await expectPast(shop);

    await maintenance?.unsafe("create database fresh owner shop_owner template template0");
    const url = urlOfDatabase(server?.url ?? "", "fresh");
    const fresh = connectTo(url, { max: 1 });
    await fresh.unsafe(formerTables);
    await auditOf({ url })("init");
    for (const args of formerEnables) await auditOf({ url })("enable", ...args);
    expect(await objectsOf(shop.superuser)).toEqual(await objectsOf(fresh));
    const settings = `select id, key_columns, key_from, excluded, redacted, images, on_truncate, kind, capture, cardinality(partitions) from audit.relation order by id`;
    expect([...(await shop.superuser.unsafe(settings))]).toEqual([...(await fresh.unsafe(settings))]);
    await auditOf({ url })("uninstall", "--confirm", "fresh");
    await fresh.end();

    await expectCaptureGoesOn(shop);
    await expectPast(shop);
    await expectHistoryIsOne(shop);

    expect((await shop.audit("init")).stdout).toContain(`already version ${version}`);
    await through(
      shop,
      "alter table people rename name to called; update people set called = 'x'; alter table people rename called to name",
    );
    await expectPast(shop);
    await expectHealthy(shop, "generated");

    await shop.audit("uninstall", "--confirm", "shop");
    expect(await describeCatalog(shop.superuser, { roles: "audit%" })).toEqual(shop.before);
  });

  it("is left as it is, and goes on, where a writer holds init up for too long", async () => {
    const writer = connectTo(urlOfDatabase(server?.url ?? "", "shop"), { max: 1 });
    await writer.unsafe("begin; insert into counted values (7, 7)");
    const before = await describeSchema(shop.superuser, "audit");
    expect(await shop.audit.run(["init"])).toMatchObject({ code: 5, stdout: "" });
    expect(await describeSchema(shop.superuser, "audit")).toEqual(before);
    await writer.unsafe("commit");
    await writer.end();
    await shop.owner.unsafe("update counted set n = 8 where id = 7");
    expect((await shop.audit("init")).stdout).toContain("from 0.1.0");
    expect(await shop.audit.items("history", "counted", "7")).toHaveLength(2);
  });
});

describe("An installation of version 0.1.0 by a role without rights that owns the database", () => {
  const shop = useShop({ superuser: false });

  it("is brought to this version by that role", async () => {
    await remember(shop);
    await writeUnderFormer(shop);
    const { stdout, stderr } = await shop.audit("init");
    expect(stdout).toBe(`Upgraded the audit trail in schema audit from 0.1.0 to ${version}.\n`);
    expect(stderr).toMatch(/may not create roles.*\n.*may not create event triggers/);
    await remember(shop);
    await expectHealthy(shop, "guarded");
    await expectNoLeftovers(shop);
    await expectCaptureGoesOn(shop);
    await expectPast(shop);
    await expectHistoryIsOne(shop);

    await shop.owner.unsafe("alter table people rename name to called; update people set called = 'x'");
    const [change] = await shop.audit.items<{ new: object }>("history", "people", "--limit", "1");
    expect(change?.new).toEqual({ called: "x" });
    await shop.owner.unsafe("alter table people rename called to name");
    await expectHealthy(shop, "guarded");
    await shop.audit("uninstall", "--confirm", "shop");
    expect(await describeCatalog(shop.superuser, { roles: "audit%" })).toEqual(shop.before);
  });

  it("is taken over by a superuser, and its owner still reads and enables", async () => {
    await remember(shop);
    await writeUnderFormer(shop);
    const superusers = auditOf({ url: urlOfDatabase(server?.url ?? "", "shop") });
    expect((await superusers("init")).stderr).toBe("");
    await expectHealthy(shop, "generated");
    await expectNoLeftovers(shop);
    await expectCaptureGoesOn(shop);
    await expectPast(shop);
    await expectHistoryIsOne(shop);
    const owners = await shop.superuser<{ name: string }[]>`
      select relname::text as name from pg_class
      where relnamespace = 'audit'::regnamespace and relkind in ('r', 'p', 'v', 'S') and relowner <> 'shop_owner'::regrole`;
    expect([...owners]).toEqual([]);
    await superusers("uninstall", "--confirm", "shop");
    expect(await describeCatalog(shop.superuser, { roles: "audit%" })).toEqual(shop.before);
  });
});
