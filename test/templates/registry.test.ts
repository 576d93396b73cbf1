import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

async function audit(...args: string[]): Promise<void> {
  const { code, stderr } = await runCli(args, { env: { DATABASE_URL: database.url } });
  expect({ code, stderr }).toMatchObject({ code: 0 });
}

async function one<T>(query: string): Promise<T> {
  const [row] = await database.sql.unsafe<{ it: T }[]>(query);
  if (!row) throw new Error(`No row: ${query}`);
  return row.it;
}

beforeAll(async () => {
  await database.sql.unsafe("create schema app");
});

let relation = 0;

beforeEach(async () => {
  await database.sql.unsafe(`
    drop table if exists app.note, app.other cascade;
    create table app.note (id int primary key, body text, secret text);
    create table app.other (id int primary key)`);
  await audit("enable", "app.note");
  relation = await one("select audit._relation_of('app.note'::regclass) as it");
});

describe("_relation_of", () => {
  it("is nothing for a table that was never audited", async () => {
    expect(await one("select audit._relation_of('app.other'::regclass) as it")).toBeNull();
  });

  it("is the registry's number, also after a rename", async () => {
    await database.sql.unsafe("alter table app.note rename to renamed");
    expect(await one("select audit._relation_of('app.renamed'::regclass) as it")).toBe(relation);
    await database.sql.unsafe("alter table app.renamed rename to note");
  });

  it("goes by the trigger where the registry's oid is stale, as after a restore", async () => {
    await database.sql`update audit.relation set oid = 1 where id = ${relation}`;
    expect(await one("select audit._relation_of('app.note'::regclass) as it")).toBe(relation);
    await database.sql`update audit.relation set oid = 'app.note'::regclass where id = ${relation}`;
  });

  it("goes by the oid where the trigger is gone", async () => {
    await audit("disable", "app.note");
    expect(await one("select audit._relation_of('app.note'::regclass) as it")).toBe(relation);
  });

  it("is another one for a table made anew under the name", async () => {
    await database.sql.unsafe("drop table app.note; create table app.note (id int primary key)");
    expect(await one("select audit._relation_of('app.note'::regclass) as it")).toBeNull();
  });
});

describe("_audited_table", () => {
  it("is the table itself, and the root for a partition", async () => {
    await database.sql.unsafe(`
      drop table if exists app.root;
      create table app.root (id int primary key) partition by list (id);
      create table app.branch partition of app.root for values in (1, 2) partition by list (id);
      create table app.leaf partition of app.branch default`);
    await audit("enable", "app.root");
    const root = await one<number>("select audit._relation_of('app.root'::regclass) as it");
    for (const table of ["app.root", "app.branch", "app.leaf"])
      expect(
        await one(`select audit._audited_table('${table}'::regclass, ${root})::regclass::text as it`),
      ).toBe("app.root");
    expect(await one(`select audit._audited_table('app.note'::regclass, ${root}) as it`)).toBeNull();
  });
});

describe("_oldest_instant", () => {
  const oldest = () =>
    database.sql`
      select (oldest.at = coverage.from_at) as at_coverage, oldest.at is null as ended, oldest.reason, oldest.ended_at
      from audit._oldest_instant(${relation}) as oldest,
        (select from_at from audit.coverage where relation = ${relation} order by from_id desc limit 1) as coverage`;

  it("is where coverage began", async () => {
    const [row] = await oldest();
    expect(row).toMatchObject({ at_coverage: true, ended: false });
    expect(row?.reason).toMatch(/^its coverage began at .* \(enabled\)$/);
  });

  it("is nothing where auditing has ended, and says when and why", async () => {
    await audit("disable", "app.note");
    const [row] = await oldest();
    expect(row).toMatchObject({ ended: true, reason: "disabled" });
    expect(row?.ended_at).toMatch(/^\d{4}-/);
  });

  it("is nothing where there never was coverage", async () => {
    const [row] = await database.sql`select at, reason, ended_at from audit._oldest_instant(0)`;
    expect(row).toEqual({ at: null, reason: "never covered", ended_at: null });
  });

  it("is the newest coverage after a gap", async () => {
    await audit("disable", "app.note");
    await audit("enable", "app.note");
    expect(await one(`select count(*)::int as it from audit.coverage where relation = ${relation}`)).toBe(2);
    expect((await oldest())[0]).toMatchObject({ at_coverage: true });
  });

  it("is the newest change that prune removed", async () => {
    await database.sql`update audit.relation set horizon_at = clock_timestamp() where id = ${relation}`;
    const [row] = await oldest();
    expect(row).toMatchObject({ at_coverage: false, ended: false });
    expect(row?.reason).toMatch(/^prune removed its changes up to /);
  });

  it("is not moved by a horizon from before the coverage", async () => {
    await database.sql`update audit.relation set horizon_at = '2020-01-01' where id = ${relation}`;
    expect((await oldest())[0]).toMatchObject({ at_coverage: true });
  });

  it("is the TRUNCATE that was recorded without its rows", async () => {
    await audit("enable", "app.note", "--on-truncate", "record");
    await database.sql.unsafe("insert into app.note values (1); truncate app.note");
    const [row] = await oldest();
    expect(row).toMatchObject({ at_coverage: false, ended: false });
    expect(row?.reason).toMatch(/^a TRUNCATE at .* was recorded without its rows$/);
  });

  it("is not moved by a TRUNCATE whose rows were kept", async () => {
    await database.sql.unsafe("insert into app.note values (1); truncate app.note");
    expect((await oldest())[0]).toMatchObject({ at_coverage: true });
  });
});

describe("_require_coverage", () => {
  const requireAt = (instant: string) =>
    database.sql.unsafe(`select audit._require_coverage(${relation}, 'app.note'::regclass, ${instant})`);

  it("passes within coverage", async () => {
    await expect(requireAt("clock_timestamp()")).resolves.toBeDefined();
  });

  it("refuses a table that was never audited", async () => {
    await expect(
      database.sql`select audit._require_coverage(null, 'app.other'::regclass, now())`,
    ).rejects.toMatchObject({ code: "UA001", hint: "Start now: audit enable app.other" });
  });

  it("refuses an instant before coverage, naming the oldest possible", async () => {
    await expect(requireAt("'2020-01-01'::timestamptz")).rejects.toMatchObject({
      code: "UA003",
      message: expect.stringMatching(
        /^app\.note cannot be shown as of 2020-01-01 .*: its coverage began at /,
      ),
      hint: expect.stringMatching(/^The oldest possible instant is \d{4}-[^ ]+ [^ ]+\.$/),
    });
  });

  it("refuses once auditing has ended", async () => {
    await audit("disable", "app.note");
    await expect(requireAt("clock_timestamp()")).rejects.toMatchObject({
      code: "UA003",
      message: expect.stringMatching(/^auditing of app\.note ended at .* \(disabled\)/),
    });
  });

  it.each([
    ["all audit triggers are switched off", "alter table app.note disable trigger user"],
    ...["insert", "update", "delete"].flatMap((operation) => [
      [`that of ${operation} is gone`, `drop trigger "00_audit_${operation}_%" on app.note`],
      [`that of ${operation} is off`, `alter table app.note disable trigger "00_audit_${operation}_%"`],
      [
        `that of ${operation} fires in replica role alone`,
        `alter table app.note enable replica trigger "00_audit_${operation}_%"`,
      ],
    ]),
  ])("refuses while %s", async (_, statement) => {
    await database.sql.unsafe(statement?.replace("%", String(relation)) ?? "");
    await expect(requireAt("clock_timestamp()")).rejects.toMatchObject({
      code: "UA003",
      message: expect.stringMatching("an audit trigger of it is gone or switched off"),
      hint: "Put it back with: audit enable app.note",
    });
  });
});

/** What is not known of the columns of app.note at an instant, by name. */
async function unknownAt(instant: string): Promise<Record<string, string | null>> {
  const rows = await database.sql<{ name: string; unknown: string | null }[]>`
    select name, unknown from audit._columns_at(${relation}, 'app.note'::regclass, ${instant})`;
  return Object.fromEntries(rows.map(({ name, unknown }) => [name, unknown]));
}

const clock = () => one<string>("select clock_timestamp()::text as it");

describe("_columns_at", () => {
  it("lists today's columns in their order, all known", async () => {
    expect(Object.entries(await unknownAt(await clock()))).toEqual([
      ["id", null],
      ["body", null],
      ["secret", null],
    ]);
  });

  it("knows an excluded column no more, and says why", async () => {
    await audit("enable", "app.note", "--exclude", "secret");
    expect(await unknownAt(await clock())).toEqual({
      id: null,
      body: null,
      secret: "excluded from auditing",
    });
  });

  it("does not know a column for a time in which it was excluded, though it is not now", async () => {
    await audit("enable", "app.note", "--exclude", "secret");
    const then = await clock();
    await audit("enable", "app.note", "--exclude", "");
    expect(await unknownAt(then)).toMatchObject({ secret: "excluded from auditing" });
    expect(await unknownAt(await clock())).toMatchObject({ secret: null });
  });

  it("does not know a column that was added later", async () => {
    const then = await clock();
    await database.sql.unsafe("alter table app.note add more text");
    expect(await unknownAt(then)).toMatchObject({ more: "added later", body: null });
    expect(await unknownAt(await clock())).toMatchObject({ more: null });
  });

  it("follows a column through a rename", async () => {
    const then = await clock();
    await database.sql.unsafe("alter table app.note rename body to content");
    expect(await unknownAt(then)).toEqual({ id: null, content: null, secret: null });
  });

  it("takes a column dropped and added again for another one", async () => {
    const then = await clock();
    await database.sql.unsafe("alter table app.note drop body, add body text");
    expect(await unknownAt(then)).toMatchObject({ body: "added later" });
  });

  it("does not know a column rewritten by ALTER TYPE, and says what it was", async () => {
    const then = await clock();
    await database.sql.unsafe("alter table app.note alter body type int using length(body)");
    expect(await unknownAt(then)).toMatchObject({ body: "its type changed, it was text" });
  });

  it.each(["varchar(80)", "text"])("knows a column whose text type was widened to %s", async (type) => {
    await database.sql.unsafe("alter table app.note alter body type varchar(40)");
    const then = await clock();
    await database.sql.unsafe(`alter table app.note alter body type ${type}`);
    expect(await unknownAt(then)).toMatchObject({ body: null });
  });

  it("does not know a column whose text type was narrowed: longer values would come back cut", async () => {
    const then = await clock();
    await database.sql.unsafe("alter table app.note alter body type varchar(40)");
    expect(await unknownAt(then)).toMatchObject({ body: "its type changed, it was text" });
  });

  it("does not know what DDL was about to bring in a transaction in progress, at a tag or by the clock", async () => {
    const other = await database.sql.reserve();
    await other.unsafe("begin; alter table app.note add more text default 'x'");
    await database.sql`select audit.tag('amid DDL')`;
    const amid = await clock();
    await other.unsafe("insert into app.note (id) values (7); commit");
    other.release();
    const [tagged] = await database.sql<{ unknown: string }[]>`
      select unknown from audit._columns_at(${relation}, 'app.note'::regclass, clock_timestamp(), 'amid DDL')
      where name = 'more'`;
    expect(tagged?.unknown).toBe("added later");
    expect(await unknownAt(amid)).toMatchObject({ more: "added later" });
    expect(await unknownAt(await clock())).toMatchObject({ more: null });
  });

  it("does not know a column that became an array of texts", async () => {
    const then = await clock();
    await database.sql.unsafe("alter table app.note alter body type text[] using array[body]");
    expect(await unknownAt(then)).toMatchObject({ body: "its type changed, it was text" });
  });
});

describe("_record_shape", () => {
  const record = (excluded = "{}") =>
    one<boolean>(`select audit._record_shape(${relation}, 'app.note'::regclass, '${excluded}') as it`);

  it("writes nothing down while nothing has changed", async () => {
    expect(await record()).toBe(false);
  });

  it("writes a version down when the columns, or what is recorded of them, have changed", async () => {
    expect(await record("{3}")).toBe(true);
    expect(await record("{3}")).toBe(false);
    expect(await record()).toBe(true);
    expect(
      await one(
        `select count(distinct from_id)::int as it from audit.relation_shape where relation = ${relation}`,
      ),
    ).toBe(3);
  });
});

describe("_rename", () => {
  const renamed = (image: string, id: string) =>
    one<string>(`select audit._rename('${image}', ${relation}, 'app.note'::regclass, ${id})::text as it`);
  const nextId = () => one<string>("select nextval('audit.change_id')::text as it");

  it("calls columns as they are called today", async () => {
    const id = await nextId();
    await database.sql.unsafe("alter table app.note rename body to content");
    expect(await renamed('{"id": 1, "body": "x"}', id)).toBe('{"id": 1, "content": "x"}');
  });

  it("leaves out what is gone", async () => {
    const id = await nextId();
    await database.sql.unsafe("alter table app.note drop body");
    expect(await renamed('{"id": 1, "body": "x"}', id)).toBe('{"id": 1}');
  });

  it("keeps two columns apart that have exchanged their names", async () => {
    const id = await nextId();
    await database.sql.unsafe(`
      alter table app.note rename body to spare;
      alter table app.note rename secret to body;
      alter table app.note rename spare to secret`);
    expect(await renamed('{"body": "was body", "secret": "was secret"}', id)).toBe(
      '{"body": "was secret", "secret": "was body"}',
    );
    expect(await renamed('{"body": "now body"}', await nextId())).toBe('{"body": "now body"}');
  });

  it("reads an image from before the first shape by the first one", async () => {
    expect(await renamed('{"body": "x"}', "0")).toBe('{"body": "x"}');
  });

  it("keeps nulls", async () => {
    expect(await renamed('{"body": null}', await nextId())).toBe('{"body": null}');
  });
});
