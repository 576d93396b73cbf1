import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { version } from "../../src/version.ts";
import { archiveLines, logLines } from "../helpers/archivedSet.ts";
import { type AuditOf, auditOf } from "../helpers/auditOf.ts";
import { describeCatalog } from "../helpers/catalog.ts";
import { connectTo, type TestSql, urlOfDatabase } from "../helpers/client.ts";
import { describeSchema } from "../helpers/describeSchema.ts";
import { type Former, formers, installFormer } from "../helpers/installedFormer.ts";
import { passTime } from "../helpers/passTime.ts";
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

interface Moment {
  /** The rows of a table as they were then, as a query's source. */
  readonly source: (table: string) => string;
  readonly rows: readonly string[];
}

/** A database with tables and an installation of a former version under them. */
interface Shop {
  readonly former: Former;
  /** The role whose tables and installation they are, always the same session. */
  readonly owner: TestSql;
  readonly superuser: TestSql;
  readonly audit: AuditOf;
  /** The catalog before anything of ours was there. */
  readonly before: readonly string[];
  readonly moments: Moment[];
}

function useShop(former: Former, { superuser: bySuperuser }: { readonly superuser: boolean }): Shop {
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
    await owner.unsafe(former.tables);
    const before = await describeCatalog(superuser, { roles: "audit%" });
    await installFormer(owner, { superuser: bySuperuser, version: former.version });
    open = { former, owner, superuser, audit: auditOf({ url: url.href }), before, moments: [] };
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
    former,
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

async function tablesOf(
  { superuser, former }: Shop,
  source: (table: string) => string = (table) => table,
): Promise<string[]> {
  const rows: string[] = [];
  for (const [table, columns] of former.known) rows.push(await rowsOf(superuser, source(table), columns));
  return rows;
}

/** Remembers all tables as they are committed at this instant. */
async function remember(shop: Shop): Promise<void> {
  const rows = await tablesOf(shop);
  const [clock] = await shop.superuser<{ at: string }[]>`select clock_timestamp()::text as at`;
  shop.moments.push({ source: (table) => `audit.at(null::${table}, '${clock?.at}')`, rows });
}

/** The same by a tag. */
async function rememberAs(shop: Shop, tag: string): Promise<void> {
  const rows = await tablesOf(shop);
  await shop.audit("tag", tag);
  shop.moments.push({ source: (table) => `audit.at_tag(null::${table}, '${tag}')`, rows });
}

/** The same as the former version's command did it, where it had one. */
async function tagAsFormer(shop: Shop, tag: string): Promise<void> {
  if (!shop.former.tags) return;
  const rows = await tablesOf(shop);
  await shop.superuser`select audit.tag(${tag}, null)`;
  shop.moments.push({ source: (table) => `audit.at_tag(null::${table}, '${tag}')`, rows });
}

/** Runs statements one by one, and remembers the tables after each. */
async function through(shop: Shop, ...statements: readonly string[]): Promise<void> {
  for (const statement of statements) {
    await shop.owner.unsafe(statement);
    await remember(shop);
  }
}

async function expectPast(shop: Shop): Promise<void> {
  for (const [place, { source, rows }] of shop.moments.entries())
    expect({ place, rows: await tablesOf(shop, source) }).toEqual({ place, rows });
}

/** Changes as the former version recorded them, with an instant in the middle of one of its transactions. */
async function writeUnderFormer(shop: Shop): Promise<void> {
  await through(shop, ...shop.former.written);
  await shop.owner.unsafe(
    "begin; update people set name = 'half' where id = 3; update depot.part set note = 'half'",
  );
  await remember(shop);
  await tagAsFormer(shop, "half-way");
  await shop.owner.unsafe("update people set name = 'whole' where id = 3; commit");
  await remember(shop);
  await tagAsFormer(shop, "whole");
}

/** The same life goes on, in the session that wrote before. */
async function expectCaptureGoesOn(shop: Shop): Promise<void> {
  const [mark] = await shop.superuser<{ id: string }[]>`select nextval('audit.change_id')::text as id`;
  await through(shop, ...shop.former.goingOn);
  const recorded = await shop.superuser<{ it: string }[]>`
    select format('%s %s %s', relation.table_name, change.op, string_agg(change.key, ' ' order by change.key)) as it
    from audit.change join audit.relation on relation.id = change.relation
    where change.id > ${mark?.id ?? ""}::bigint
    group by relation.table_name, change.op`;
  expect(recorded.map(({ it }) => it.trimEnd()).toSorted()).toEqual(shop.former.recorded.toSorted());
  const [log] = await shop.superuser<
    { it: string }[]
  >`select string_agg(change::text, ' ') as it from audit.change`;
  expect(log?.it).not.toMatch(/s3cret|grey|GREY|hair_color|loud/);
}

async function expectHistoryIsOne(shop: Shop): Promise<void> {
  const changes = await shop.audit.items<{ op: string; key: string; old_key: string | null; tx: string }>(
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
  // An instant named by what the former version recorded: the first transaction, and just before it.
  const tx = changes[0]?.tx;
  expect(await shop.audit.items("at-time", `before:tx:${tx}`, "people")).toEqual([]);
  expect(await shop.audit.items<{ id: string }>("at-time", `tx:${tx}`, "people")).toHaveLength(2);
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

async function expectHealthy({ audit, former }: Shop, capture: string): Promise<void> {
  const items = await audit.items<{ table: string; state: string; capture: string; problems: string[] }>(
    "status",
  );
  const found = items.map(({ table, state, capture: how, problems }) => ({ table, state, how, problems }));
  expect(found).toEqual(items.map(({ table }) => ({ table, state: "on", how: capture, problems: [] })));
  expect(items).toHaveLength(former.enables.length);
}

/** The views of histories show what the log holds of their tables, before the upgrade and after it. */
async function expectViews({ superuser, former }: Shop): Promise<void> {
  const named = await superuser<{ name: string; id: number }[]>`
    select quote_ident(view_name) as name, id from audit.relation where view_name is not null order by id`;
  expect(named.map(({ name }) => name)).toEqual(former.views);
  for (const { name, id } of named) {
    const [shown] = await superuser.unsafe<{ more: string; there: string }[]>(
      `select count(*) filter (where change.id is null) as more,
         (select count(*) from audit.change where relation = ${id}) - count(change.id) as there
       from audit.${name} as shown
       left join audit.change on change.relation = ${id} and change.id = shown.audit_id`,
    );
    expect({ name, ...shown }).toEqual({ name, more: "0", there: "0" });
  }
}

/** Rotates and closes as prune does, and writes on: of the first class, a closed segment, one that is closing and a hot one. */
async function leaveSegmentsBehind(shop: Shop): Promise<void> {
  const { owner } = shop;
  await owner`select audit._open_segment(1)`;
  await owner`update audit.segment set closing_xid = pg_snapshot_xmax(pg_current_snapshot()) where state = 'closing'`;
  await owner`select audit._close_segment(id) from audit.segment where state = 'closing'`;
  await through(shop, "insert into counted values (8, 8)");
  await owner`select audit._open_segment(1)`;
  await through(shop, "update counted set n = 9 where id = 8; delete from counted where id = 8");
  const states = await owner<
    { state: string }[]
  >`select state from audit.segment where retention = 1 order by id`;
  expect(states.map(({ state }) => state)).toEqual(["closed", "closing", "hot"]);
}

/** Every segment has the indexes of the log, attached to them and valid, and no other. */
async function expectIndexed({ superuser }: Shop): Promise<void> {
  const segments = await superuser<{ id: number; indexes: string[] }[]>`
    select segment.id, (
      select array_agg(concat(parent.relname, case when not index.indisvalid then ' is not valid' end) order by parent.relname)
      from pg_index as index
      left join pg_inherits as attached on attached.inhrelid = index.indexrelid
      left join pg_class as parent on parent.oid = attached.inhparent
      where index.indrelid = format('audit.change_%s', segment.id)::regclass
    ) as indexes
    from audit.segment
    order by segment.id`;
  const log = ["change_key_idx", "change_old_key_idx", "change_place_idx"];
  expect([...segments]).toEqual(segments.map(({ id }) => ({ id, indexes: log })));
}

/** The installation's objects, each with its lines in one order: a column that came later stands behind the others. */
async function objectsOf(sql: TestSql): Promise<string[]> {
  const text = await describeSchema(sql, "audit");
  return text.split("\n\n").map((object) => {
    const [head = "", ...lines] = object.trimEnd().split("\n");
    return [head, ...(head.startsWith("table ") ? lines.toSorted() : lines)].join("\n");
  });
}

/**
 * What describeSchema does not tell: the settings of the tables, their triggers, and what our functions do; but for
 * exclude_columns, since 0.1 did not tell columns that were named from those that a glob found.
 */
const comparable = [
  `select id, table_name, key_columns, key_from, excluded, only_columns, only_globs, redacted, redact_columns, redact_globs, images,
     on_truncate, oversize, digested, keeps_statement, always, retention, capture, kind, cardinality(partitions) as partitions
   from audit.relation order by id`,
  `select pg_get_triggerdef(oid) as trigger, tgenabled from pg_trigger where not tgisinternal order by 1`,
  String.raw`select proname, regexp_replace(prosrc, '"exclude_columns": \[[^]]*\]', '', 'g') as body
   from pg_proc where pronamespace = 'audit'::regnamespace order by proname`,
];

describe.each(formers)("An installation of version $version by a superuser", (former) => {
  const shop = useShop(former, { superuser: true });

  it("is brought to this version by init: the same objects as a fresh one, one history, one past", async () => {
    await remember(shop);
    await writeUnderFormer(shop);
    const straddler = connectTo(urlOfDatabase(server?.url ?? "", "shop"), { max: 1 });
    await straddler.unsafe("begin isolation level repeatable read; select txid_current()");
    const { stdout, stderr } = await shop.audit("init");
    expect({ stdout, stderr }).toEqual({
      stdout: `Upgraded the audit trail in schema audit from ${former.version} to ${version}.\n`,
      stderr: "",
    });
    await remember(shop);
    await straddler.unsafe("update counted set n = 4 where id = 1");
    await remember(shop);
    await rememberAs(shop, "amid");
    await straddler.unsafe("update counted set n = 6 where id = 1; commit");
    await straddler.end();
    await remember(shop);
    await rememberAs(shop, "upgraded");
    await expectHealthy(shop, "generated");
    await expectNoLeftovers(shop);
    await expectIndexed(shop);
    await expectViews(shop);
    await expectPast(shop);

    await maintenance?.unsafe("create database fresh owner shop_owner template template0");
    const url = urlOfDatabase(server?.url ?? "", "fresh");
    const fresh = connectTo(url, { max: 1 });
    await fresh.unsafe(former.tables);
    await auditOf({ url })("init");
    for (const args of former.enables) await auditOf({ url })("enable", ...args);
    expect(await objectsOf(shop.superuser)).toEqual(await objectsOf(fresh));
    for (const query of comparable)
      expect([...(await shop.superuser.unsafe(query))]).toEqual([...(await fresh.unsafe(query))]);
    await fresh.end();
    await maintenance?.unsafe("drop database fresh with (force)");

    await expectCaptureGoesOn(shop);
    await expectViews(shop);
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
});

describe.each(formers)("An installation of version $version that was not upgraded", (former) => {
  const shop = useShop(former, { superuser: true });

  it("is told of as such by commands that need more than it has, and stays as it is", async () => {
    const before = await describeSchema(shop.superuser, "audit");
    const upgrade = [
      `error: The installation in schema audit is of version ${former.version}, this tool is ${version} and needs what that did not have.`,
      "Upgrade the installation, which keeps all that is recorded: audit init",
      "",
    ].join("\n");
    for (const args of [
      ["prune"],
      ["prune", "--dry-run"],
      ["retention"],
      ["retention", "set", "normal", "1y", "--rotate", "7d"],
      ["enable", "depot.part", "--retain", "90d"],
    ])
      expect({ args, ...(await shop.audit.run(args)) }).toEqual({
        args,
        code: 5,
        stdout: "",
        stderr: upgrade,
      });
    // What the former version has is answered as ever; whatever is not, says why.
    for (const args of [
      ["status"],
      ["check"],
      ["history", "counted"],
      ["history", "counted", "--where", "op = 'insert'"],
      ["at-time", "now", "counted"],
      ["query", "--at", "now", "select * from counted"],
      ["log"],
      ["blame", "counted", "1"],
      ["tags"],
      ["tag", "here"],
      ["defaults"],
      ["disable", "depot.part", "--dry-run"],
    ]) {
      const { code, stderr } = await shop.audit.run(args);
      expect({ args, code, ...(code === 5 ? { stderr } : {}) }).toEqual(
        code === 5
          ? { args, code, stderr: expect.stringContaining(upgrade) }
          : { args, code: expect.toSatisfy((is) => is < 2) },
      );
    }
    expect(await describeSchema(shop.superuser, "audit")).toEqual(before);
  });
});

describe.each(formers.slice(1))("An installation of version $version", (former) => {
  const shop = useShop(former, { superuser: true });

  it("is left as it is, and goes on, where a writer holds init up for too long", async () => {
    const writer = connectTo(urlOfDatabase(server?.url ?? "", "shop"), { max: 1 });
    await writer.unsafe("begin; insert into counted values (7, 7)");
    const before = await describeSchema(shop.superuser, "audit");
    expect(await shop.audit.run(["init"])).toMatchObject({ code: 5, stdout: "" });
    expect(await describeSchema(shop.superuser, "audit")).toEqual(before);
    await writer.unsafe("commit");
    await writer.end();
    await shop.owner.unsafe("update counted set n = 8 where id = 7");
    expect((await shop.audit("init")).stdout).toContain(`from ${former.version}`);
    expect(await shop.audit.items("history", "counted", "7")).toHaveLength(2);
  });

  it("goes on recording each table as it was told to", async () => {
    const { owner, superuser } = shop;
    // Before 0.3 no command set tags, but nobody was kept from it.
    if (former.tags) await owner`select audit.tag('by-hand', null)`;
    else
      await owner`insert into audit.tag (name, id, snapshot, era) values ('by-hand', nextval('audit.change_id'), pg_current_snapshot(), 1)`;
    await shop.audit("init");
    await owner.unsafe("insert into visit values ('/', 1)");
    await owner.unsafe(`
      insert into people values (1, 'Ada', 'red', 's3cret'); update people set api_token = null;
      insert into event values (1, 'north', 'a'); update event set note = 'b';
      insert into "Odd.Pair" values ('p', 'x', 1, 1.50); update "Odd.Pair" set n = 2;
      insert into "it's set" values (null, 'shop', E'"\\n\x01', '', 's3cret'); update "it's set" set secret = '';
      insert into invoice values ('s3cret', 1, 1.50, false, 's3cret'); update invoice set total = 2, memo = null;
      set session_replication_role = replica; insert into counted values (7, 7); reset session_replication_role`);
    const changes = await superuser<{ it: string }[]>`
      select concat_ws(' ', relation.table_name, change.op, change.key, change.old, '>', change.new, change.context) as it
      from audit.change join audit.relation on relation.id = change.relation
      order by change.id`;
    const odd = String.raw`["shop", "\"\n\u0001"]`;
    const setting = String.raw`{"note": null, "na\"me": "\"\n\u0001", "scope": "shop", "value": "", "secret": {"redacted": true}}`;
    expect(changes.map(({ it }) => it)).toEqual([
      `visit I > {"page": "/", "seconds": "1"} {"statement": "insert into visit values ('/', 1)"}`,
      `people I 1 > {"id": "1", "born": null, "name": "Ada", "api_token": {"redacted": true}}`,
      `people U 1 {"api_token": {"redacted": true}} > {"api_token": {"redacted": true}}`,
      `event I ["north", "1"] > {"id": "1", "note": "a", "region": "north"}`,
      `event U ["north", "1"] {"id": "1", "note": "a", "region": "north"} > {"id": "1", "note": "b", "region": "north"}`,
      `Odd.Pair I ["1", "p"] >`,
      `Odd.Pair U ["1", "p"] {"n": "1.50"} >`,
      `it's set I ${odd} > ${setting}`,
      `it's set U ${odd} ${setting} > ${setting}`,
      `invoice I 1 > {"id": "1", "total": "1.50", "is paid": "false"}`,
      `invoice U 1 {"total": "1.50"} > {"total": "2.00"}`,
      `counted I 7 > {"n": "7", "id": "7"}`,
    ]);
    expect(await shop.audit.items("at-time", "tag:by-hand", "people")).toEqual([]);
  });

  it("lets a writer end that came first, and waits for it", async () => {
    const writer = connectTo(urlOfDatabase(server?.url ?? "", "shop"), { max: 1 });
    await writer.unsafe("begin; update visit set seconds = 0");
    const upgrade = shop.audit.run(["init"]);
    // Longer than the server takes to look for a deadlock.
    await setTimeout(1_500);
    await writer.unsafe("insert into visit values ('/waited', 1); commit");
    await writer.end();
    expect(await upgrade).toMatchObject({ code: 0, stderr: "" });
    expect(await shop.audit.items("history", "visit")).toHaveLength(1);
  });
});

/** Deletes of a closed segment what is older than an instant, as prune of 0.3.0 did when it spanned more than one rotation. */
async function deleteAsFormer(sql: TestSql, segment: number, cutoff: string): Promise<void> {
  await sql`
    update audit.relation as relation
    set horizon_at = greatest(relation.horizon_at, expired.last_at)
    from (
      select relation, max(at) as last_at from audit.change
      where segment = ${segment} and at < ${cutoff}::text::timestamptz
      group by relation
    ) as expired
    where expired.relation = relation.id`;
  await sql.begin(async (transaction) => {
    await transaction`select set_config('audit.maintenance', 'prune', true)`;
    await transaction`delete from audit.change where segment = ${segment} and at < ${cutoff}::text::timestamptz`;
    await transaction`delete from audit.segment_relation where segment = ${segment}`;
    await transaction`
      insert into audit.segment_relation (segment, relation, changes, first_at, last_at)
      select segment, relation, count(*), min(at), max(at) from audit.change where segment = ${segment} group by segment, relation`;
    await transaction`
      update audit.segment as segment
      set first_id = held.first_id, last_id = held.last_id, first_at = held.first_at, last_at = held.last_at, changes = held.changes
      from (
        select min(id) as first_id, max(id) as last_id, min(at) as first_at, max(at) as last_at, count(*) as changes
        from audit.change where segment = ${segment}
      ) as held
      where segment.id = ${segment}`;
    await transaction`insert into audit.operation (kind, plan) values ('prune', '{"act": "delete"}')`;
  });
}

const pair = '"Odd.Pair"';

/**
 * A closed segment of what is kept for 90 days, whose oldest changes are gone already. One transaction that wrote there went
 * on elsewhere, past the rotation and past the tag amid.
 */
async function leaveAgedSegment(shop: Shop): Promise<void> {
  const { owner, superuser } = shop;
  await owner.unsafe(`insert into ${pair} values ('p', 'x', 1, 1.50), ('q', null, 1, 2)`);
  await owner.unsafe(`update ${pair} set note = 'old'`);
  const [now] = await superuser<{ at: string }[]>`select clock_timestamp()::text as at`;
  await owner.unsafe(`update ${pair} set n = n + 1; insert into ${pair} values ('r', 'r', 2, 0)`);
  await tagAsFormer(shop, "kept");
  const straddler = connectTo(urlOfDatabase(server?.url ?? "", "shop"), { max: 1 });
  await straddler.unsafe(`begin; update ${pair} set note = 'straddled' where a = 2`);
  await owner.unsafe(`update ${pair} set note = 'y' where a = 1; delete from ${pair} where "x y" = 'p'`);
  await owner`select audit._open_segment(2)`;
  await owner`update audit.segment set closing_xid = pg_snapshot_xmax(pg_current_snapshot()) where state = 'closing'`;
  await tagAsFormer(shop, "amid");
  await straddler.unsafe("insert into ledger (note) values ('end'); commit");
  await straddler.end();
  await tagAsFormer(shop, "after");
  await owner`select audit._close_segment(2)`;
  await deleteAsFormer(owner, 2, now?.at ?? "");
}

describe.each(formers.slice(2))("A transaction of which version $version removed a part", (former) => {
  const shop = useShop(former, { superuser: true });

  it("is shown at no instant before its end, once upgraded", async () => {
    const { owner, superuser } = shop;
    const clock = async () =>
      (await superuser<{ at: string }[]>`select clock_timestamp()::text as at`)[0]?.at ?? "";
    await owner.unsafe(`insert into ${pair} values ('p', 'x', 1, 1.50)`);
    const straddler = connectTo(urlOfDatabase(server?.url ?? "", "shop"), { max: 1 });
    await straddler.unsafe(`begin; update ${pair} set note = 'half' where a = 1`);
    const cutoff = await clock();
    await owner.unsafe(`insert into ${pair} values ('q', null, 2, 0)`);
    await superuser`select audit.tag('amid', null)`;
    const amid = await clock();
    await straddler.unsafe("insert into ledger (note) values ('end'); commit");
    await straddler.end();
    const after = await clock();
    await owner`select audit._open_segment(2)`;
    await owner`update audit.segment set closing_xid = pg_snapshot_xmax(pg_current_snapshot()) where state = 'closing'`;
    await owner`select audit._close_segment(2)`;
    await deleteAsFormer(owner, 2, cutoff);
    await shop.audit("init");
    for (const instant of ["tag:amid", amid])
      expect(await shop.audit.run(["at-time", instant, pair])).toMatchObject({ code: 3, stdout: "" });
    expect(await shop.audit.items("at-time", after, pair)).toMatchObject([
      { "x y": "p", note: "half" },
      { "x y": "q", note: null },
    ]);
  });
});

describe.each(formers.slice(2))("Segments that version $version closed", (former) => {
  const shop = useShop(former, { superuser: true });
  let target: string;

  beforeEach(async () => {
    target = await mkdtemp(join(tmpdir(), "pgtrail-upgrade-"));
    await leaveAgedSegment(shop);
    await shop.audit("init");
    expect(await horizonOf()).toMatchObject({ lost: true, risen: true, ended: false });
    await expectPast(shop);
    await passTime(shop.superuser, 91 * 24);
    await shop.owner.unsafe(`insert into ${pair} values ('new', 'n', 3, 3)`);
    await remember(shop);
  });
  afterEach(() => rm(target, { recursive: true, force: true }));

  /** Whether the horizon of the pairs has risen, to the end of the transaction that went on; and what of it is lost. */
  async function horizonOf() {
    const [found] = await shop.superuser<{ risen: boolean; lost: boolean; ended: boolean }[]>`
      select horizon_at is not null as risen, lost_at is not distinct from horizon_at as lost,
        horizon_at is not distinct from (
          select at from audit.change where new->>'note' = 'end') as ended
      from audit.relation where table_name = 'Odd.Pair'`;
    return found;
  }

  const segmentsOfClass = async () =>
    (
      await shop.superuser<{ it: string }[]>`
        select state as it from audit.segment where retention = 2 order by id`
    ).map(({ it }) => it);

  const refusedAt = async (instant: string, ...more: string[]) => {
    const { code, stdout } = await shop.audit.run(["at-time", instant, pair, ...more]);
    expect({ instant, code, stdout }).toEqual({ instant, code: 3, stdout: "" });
  };

  /** The tables as they were once the transaction was done: still exact. */
  const expectRest = async () => {
    for (const { source, rows } of shop.moments.slice(2)) expect(await tablesOf(shop, source)).toEqual(rows);
    expect(await rowsOf(shop.superuser, "audit.at_tag(null::ledger, 'amid')", "id")).toBe("");
    await expectHealthy(shop, "generated");
  };

  it("go as a whole, and the horizon rises to the end of who wrote there", async () => {
    const { stdout } = await shop.audit("prune", "--json");
    const { items } = JSON.parse(stdout) as { items: { segment: number; act: string; changes: string }[] };
    expect(items.filter(({ segment }) => segment === 2)).toMatchObject([{ act: "drop", changes: "7" }]);
    expect(await horizonOf()).toEqual({ risen: true, lost: true, ended: true });
    expect(await segmentsOfClass()).toEqual(["closed", "hot"]);
    await refusedAt("tag:kept");
    await refusedAt("tag:amid");
    await expectRest();
  });

  it("go into an archive as far as they are there, from which the past is still known", async () => {
    const kept = await shop.audit.items("at-time", "tag:kept", pair);
    const amid = await shop.audit.items("at-time", "tag:amid", pair);
    expect(kept).toHaveLength(3);
    const [former] = await shop.superuser`select lost_at from audit.relation where table_name = 'Odd.Pair'`;
    const lines = await logLines(shop.superuser, "segment = 2");
    expect(lines.size).toBe(7);
    await shop.audit("prune", "--archive", target);
    expect(await archiveLines(target)).toEqual(lines);
    expect(await segmentsOfClass()).toEqual(["archived", "closed", "hot"]);
    expect(await horizonOf()).toEqual({ risen: true, lost: false, ended: true });
    expect(await shop.superuser`select lost_at from audit.relation where table_name = 'Odd.Pair'`).toEqual([
      former,
    ]);
    await refusedAt("tag:kept");
    expect(await shop.audit.items("at-time", "tag:kept", pair, "--archive", target)).toEqual(kept);
    expect(await shop.audit.items("at-time", "tag:amid", pair, "--archive", target)).toEqual(amid);
    const [lost] = await shop.superuser<
      { at: string }[]
    >`select to_char(lost_at at time zone 'UTC' - interval '1 microsecond', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
      from audit.relation where table_name = 'Odd.Pair'`;
    await refusedAt(lost?.at ?? "", "--archive", target);
    await expectRest();
  });

  it("keep what is held, under a floor and by a rotation that are set after the upgrade", async () => {
    const { audit, superuser } = shop;
    await audit("hold", "add", "case", "--table", pair, "--key", "1", "q", "--reason", "why");
    await audit("retention", "set", "90d", "90d", "--floor", "60d", "--rotate", "30d");
    // A class that is named after its interval keeps just that.
    await audit("retention", "set", "normal", "1y", "--floor", "180d");
    expect(await audit.run(["retention", "set", "normal", "90d"])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("180 days"),
    });
    expect(
      await superuser`select name, floor::text, rotate_age::text as age from audit.retention order by id`,
    ).toEqual([
      { name: "forever", floor: null, age: null },
      { name: "90d", floor: "60 days", age: "30 days" },
      { name: "1y", floor: null, age: null },
      { name: "normal", floor: "180 days", age: null },
    ]);
    const { stdout } = await audit("prune", "--json");
    const { items } = JSON.parse(stdout) as { items: { segment: number; act: string }[] };
    expect(items.filter(({ segment }) => segment === 2)).toMatchObject([{ act: "delete" }, { act: "keep" }]);
    const held = () =>
      superuser<{ it: string }[]>`
        select concat(op, ' ', key) as it from audit.change where segment = 2 order by id`.then((rows) =>
        rows.map(({ it }) => it),
      );
    expect(await held()).toEqual(['U ["1", "q"]', 'U ["1", "q"]']);
    expect(await horizonOf()).toEqual({ risen: true, lost: true, ended: true });
    await expectRest();
    await audit("hold", "lift", "case", "--reason", "over");
    await audit("prune");
    expect(await held()).toEqual([]);
    expect(await segmentsOfClass()).toEqual(["closed", "hot"]);
    // Rotated by its own age from now on.
    await passTime(superuser, 29 * 24);
    await shop.owner.unsafe(`update ${pair} set n = 4 where a = 3`);
    await audit("prune");
    expect(await segmentsOfClass()).toEqual(["closed", "hot"]);
    await passTime(superuser, 2 * 24);
    await audit("prune");
    expect(await segmentsOfClass()).toEqual(["closed", "closed", "hot"]);
    await expectHealthy(shop, "generated");
  });
});

describe.each(formers.slice(0, 1))("An installation of version $version", (former) => {
  const shop = useShop(former, { superuser: true });

  it("is left as it is while a segment is on its way out, and init says how to go on", async () => {
    const { owner, superuser } = shop;
    await owner`select audit._open_segment(1)`;
    await superuser.unsafe("begin; select from audit.change");
    await owner.unsafe("set lock_timeout = 100");
    await expect(
      owner.unsafe("alter table audit.change detach partition audit.change_1 concurrently"),
    ).rejects.toThrow("lock timeout");
    await superuser.unsafe("commit");
    const { code, stderr } = await shop.audit.run(["init"]);
    expect(code).toBe(5);
    expect(stderr).toContain("the segment audit.change_1 out of the log; nothing was changed.");
    await superuser.unsafe(/alter table .*/.exec(stderr)?.[0] ?? "");
    await shop.audit("init");
  });
});

describe.each(formers)(
  "An installation of version $version by a role without rights that owns the database",
  (former) => {
    const shop = useShop(former, { superuser: false });

    it("is brought to this version by that role", async () => {
      await remember(shop);
      await writeUnderFormer(shop);
      const { stdout, stderr } = await shop.audit("init");
      expect(stdout).toBe(`Upgraded the audit trail in schema audit from ${former.version} to ${version}.\n`);
      expect(stderr).toMatch(/may not create roles.*\n.*may not create event triggers/);
      await rememberAs(shop, "upgraded");
      await expectHealthy(shop, "guarded");
      await expectNoLeftovers(shop);
      await expectCaptureGoesOn(shop);
      await expectViews(shop);
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
      await leaveSegmentsBehind(shop);
      const superusers = auditOf({ url: urlOfDatabase(server?.url ?? "", "shop") });
      expect((await superusers("init")).stderr).toBe("");
      await expectHealthy(shop, "generated");
      await expectNoLeftovers(shop);
      await expectIndexed(shop);
      await rememberAs(shop, "taken-over");
      await expectCaptureGoesOn(shop);
      await expectViews(shop);
      await expectPast(shop);
      await expectHistoryIsOne(shop);
      const owners = await shop.superuser<{ name: string }[]>`
      select relname::text as name from pg_class
      where relnamespace = 'audit'::regnamespace and relkind in ('r', 'p', 'v', 'S') and relowner <> 'shop_owner'::regrole
        and relname not in (select view_name from audit.relation where view_name is not null)`;
      expect([...owners]).toEqual([]);
      await superusers("uninstall", "--confirm", "shop");
      expect(await describeCatalog(shop.superuser, { roles: "audit%" })).toEqual(shop.before);
    });
  },
);
