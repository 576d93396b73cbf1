import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { describeCatalog } from "../helpers/catalog.ts";
import { connectTo, type TestSql, urlOfDatabase } from "../helpers/client.ts";
import { runCli } from "../helpers/runCli.ts";
import { startTestServer, type TestServer } from "../helpers/testServer.ts";

// A server of their own: what is planted are roles with our names, which all databases share.
let server: TestServer | undefined;
let maintenance: TestSql;
/** A superuser's session in the database. */
let all: TestSql;
/** That of the stranger, who may create schemas in it and nothing else. */
let stranger: TestSql;
let url = "";
let strangersUrl = "";

const ours = ["audit_writer", "audit_truncate", "audit_ddl", "audit_reader"];

beforeAll(async () => {
  server = await startTestServer();
  maintenance = connectTo(server.url, { max: 1 });
});

afterAll(async () => {
  await maintenance.end();
  await server?.stop();
});

beforeEach(async () => {
  await maintenance.unsafe(
    "create role stranger login password 'x'; create role shop_owner login password 'x'",
  );
  await maintenance.unsafe("create database shop owner shop_owner template template0");
  url = urlOfDatabase(server?.url ?? "", "shop");
  strangersUrl = urlAs("stranger");
  all = connectTo(url, { max: 1 });
  await all.unsafe("grant create on database shop to stranger");
  stranger = connectTo(strangersUrl, { max: 1 });
});

afterEach(async () => {
  await stranger.end();
  await all.end();
  await maintenance.unsafe("drop database shop with (force)");
  const rows = await maintenance<{ name: string }[]>`
    select rolname as name from pg_roles
    where rolname = any (${ours}) or rolname in ('stranger', 'shop_owner', 'friend')`;
  for (const { name } of rows) await maintenance.unsafe(`drop owned by ${name} cascade`);
  for (const { name } of rows) await maintenance.unsafe(`drop role ${name}`);
});

function urlAs(role: string): string {
  const other = new URL(url);
  other.username = role;
  other.password = "x";
  return other.href;
}

interface Attempt {
  readonly says: RegExp;
  readonly args?: readonly string[];
  readonly url?: string;
}

/** Each ends with 5, says what is wrong and what to do; the catalog is as it was before. */
async function expectRefusals(...attempts: readonly Attempt[]): Promise<void> {
  const before = await describeCatalog(all);
  for (const { says, args = ["init"], url: as = url } of attempts) {
    const { code, stdout, stderr } = await runCli([...args, "--database-url", as]);
    expect({ code, stdout, stderr }).toEqual({ code: 5, stdout: "", stderr: expect.stringMatching(says) });
    expect(stderr).toMatch(/^error: [A-Z][^\n]*\n[A-Z]/);
  }
  expect(await describeCatalog(all)).toEqual(before);
}

const comment =
  "comment on schema audit is 'Audit trail of this database, kept by pgtrail. See the view history; remove with: audit uninstall'";
const installation = `
  create table audit.installation (
    era int, version text, system_identifier bigint, first_id bigint, installed_at timestamptz, installed_by text, roles bool, event_triggers bool);
  insert into audit.installation select 1, '0.1.0', system_identifier, 1, now(), 'x', true, true from pg_control_system();
  grant usage on schema audit to public;
  grant select on audit.installation to public`;
const trap = `
  create function audit.trap() returns text language plpgsql as $$
  begin raise exception 'trapped %', current_user; end $$;
  grant execute on function audit.trap() to public`;

const looksLikeOurs = /looks like an audit trail, but belongs to role stranger.*\n.*--audit-schema/;
const notOurs = /Schema audit exists and is not ours; nothing in it was touched\.\n.*--audit-schema/;

describe("a stranger's schema", () => {
  it.each<[string, string, RegExp]>([
    ["with nothing in it", "", notOurs],
    ["with a table change", "create table audit.change (id int)", notOurs],
    ["with a view history", "create view audit.history as select 1 as id", notOurs],
    [
      "with a function _context(text)",
      "create function audit._context(text) returns jsonb language sql as 'select null::jsonb'",
      notOurs,
    ],
    ["with a type", "create type audit.change as (id int)", notOurs],
    ["with a sequence change_id", "create sequence audit.change_id", notOurs],
    [
      "with default privileges",
      "alter default privileges in schema audit grant all on tables to public; alter default privileges in schema audit grant execute on functions to public",
      notOurs,
    ],
    ["with our comment", comment, notOurs],
    ["with our comment and a forged installation", `${comment}; ${installation}`, looksLikeOurs],
    [
      "with our comment and a view for the installation that runs code",
      `${comment}; ${trap}; create view audit.installation as select 1 as era, audit.trap() as version, true as roles, true as event_triggers;
       grant usage on schema audit to public; grant select on audit.installation to public`,
      looksLikeOurs,
    ],
    [
      "handed on to everybody",
      `${comment}; ${installation}; grant all on schema audit to public`,
      looksLikeOurs,
    ],
  ])("%s is refused, and nothing changes", async (_what, statements, says) => {
    await stranger.unsafe(`create schema audit; ${statements}`);
    await expectRefusals(
      { says },
      { says, args: ["init", "--audit-schema", "audit"] },
      { says, url: urlAs("shop_owner") },
    );
  });

  it("is not believed by other commands either", async () => {
    await stranger.unsafe(`create schema audit; ${comment}; ${installation}`);
    await expectRefusals(
      ...[
        "status",
        "history pg_class",
        "enable --all",
        "prune",
        "uninstall",
        "status --audit-schema audit",
      ].map((line) => ({ says: looksLikeOurs, args: line.split(" ") })),
    );
  });

  it("does not stand in the way of another name, nor of what is found by itself then", async () => {
    await stranger.unsafe(`create schema audit; ${comment}; ${installation}`);
    const audit = auditOf({ url });
    await audit("init", "--audit-schema", "audit_trail");
    expect((await audit("status")).stdout).toContain("No table is audited yet");
    expect((await audit("init")).stdout).toContain("schema audit_trail");
    await audit("uninstall");
  });

  it("serves the stranger, in whose hands it is", async () => {
    await stranger.unsafe("create schema mine; create table mine.note (id int primary key)");
    const audit = auditOf({ url: strangersUrl });
    await audit("init");
    await audit("enable", "mine.note");
    await stranger.unsafe("insert into mine.note values (1)");
    expect(await audit.items("history", "mine.note")).toHaveLength(1);
    await expectRefusals({ says: looksLikeOurs });
    await audit("uninstall", "--confirm", "shop");
  });
});

describe("a role of ours that was there before", () => {
  const properties: readonly [string, (role: string) => string, RegExp][] = [
    ["with LOGIN", (role) => `alter role ${role} login`, /has attributes of its own/],
    ["with CREATEDB", (role) => `alter role ${role} createdb`, /has attributes of its own/],
    ["with CREATEROLE", (role) => `alter role ${role} createrole`, /has attributes of its own/],
    ["with BYPASSRLS", (role) => `alter role ${role} bypassrls`, /has attributes of its own/],
    ["with REPLICATION", (role) => `alter role ${role} replication`, /has attributes of its own/],
    ["as a superuser", (role) => `alter role ${role} superuser`, /has attributes of its own/],
    ["with NOINHERIT", (role) => `alter role ${role} noinherit`, /has attributes of its own/],
    ["with a membership", (role) => `grant stranger to ${role}`, /members or memberships that are not ours/],
    [
      "with a membership in pg_read_all_data",
      (role) => `grant pg_read_all_data to ${role}`,
      /members or memberships that are not ours/,
    ],
    [
      "administered by a stranger",
      (role) => `grant ${role} to stranger with admin option`,
      /members or memberships that are not ours/,
    ],
    ["with a setting", (role) => `alter role ${role} set search_path = evil`, /settings of its own/],
    [
      "with a setting in this database",
      (role) => `alter role ${role} in database shop set session_replication_role = replica`,
      /settings of its own/,
    ],
    ["with a password", (role) => `alter role ${role} password 'known'`, /has a password/],
    [
      "with a table of its own",
      (role) => `create schema evil; create table evil.loot (id int); alter table evil.loot owner to ${role}`,
      /owns what is not ours: table evil\.loot/,
    ],
    [
      "with a function that everybody may call as it",
      (role) => `
        create schema evil;
        create function evil.be() returns int language sql security definer as 'select 1';
        alter function evil.be() owner to ${role}`,
      /owns what is not ours: function evil\.be\(\)/,
    ],
    [
      "with a schema that looks like ours",
      (role) =>
        `create schema audit_2 authorization ${role}; comment on schema audit_2 is 'Audit trail of this database, kept by pgtrail'`,
      /owns what is not ours: schema audit_2/,
    ],
    [
      "with a view of its own",
      (role) =>
        `create schema evil; create view evil.seen as select 1; alter view evil.seen owner to ${role}`,
      /owns what is not ours: view evil\.seen/,
    ],
  ];

  it.each(properties.map((property, index) => [...property, index] as const))(
    "%s is refused, and nothing changes",
    async (_what, plant, says, index) => {
      // Each of the roles meets each kind of property; all of them with all would say no more.
      for (const role of [ours[index % 4] ?? "", ours[(index + 1) % 4] ?? ""]) {
        await all.unsafe(`create role ${role} nologin; ${plant(role)}`);
        await expectRefusals({ says: new RegExp(`^error: The role ${role} exists and .*?${says.source}`) });
        await all.unsafe(
          `drop owned by ${role} cascade; drop role ${role}; drop schema if exists evil cascade`,
        );
      }
    },
  );

  it("with a member is refused, and nothing changes", async () => {
    for (const role of ours.filter((name) => name !== "audit_reader")) {
      await all.unsafe(`create role ${role} nologin; grant ${role} to stranger`);
      await expectRefusals({
        says: new RegExp(`^error: The role ${role} exists and has members or memberships that are not ours`),
      });
      await all.unsafe(`drop role ${role}`);
    }
  });

  it("is used where it is as we would have made it, with members of audit_reader, who read by grant", async () => {
    await all.unsafe(ours.map((role) => `create role ${role} nologin`).join("; "));
    await all.unsafe("grant audit_reader to stranger");
    const { stdout, stderr } = await auditOf({ url })("init");
    expect({ stdout, stderr }).toMatchObject({ stdout: expect.stringContaining("Installed"), stderr: "" });
  });

  it.each(properties.filter(([what]) => /LOGIN|a membership$|administered|setting$|function/.test(what)))(
    "is looked at again by a later init: audit_writer %s",
    async (_what, plant, says) => {
      await auditOf({ url })("init");
      await all.unsafe(plant("audit_writer"));
      await expectRefusals({ says });
    },
  );
});

describe("within our schema", () => {
  it("nobody may create anything but a superuser, its owner and audit_ddl", async () => {
    await auditOf({ url })("init");
    const rows = await all<{ name: string }[]>`
      select rolname as name from pg_roles
      where has_schema_privilege(oid, 'audit', 'create') and not rolsuper and rolname !~ '^pg_'
      order by 1`;
    expect(rows.map(({ name }) => name)).toEqual(["audit_ddl"]);
    await expect(stranger.unsafe("create table audit.mine (id int)")).rejects.toMatchObject({
      code: "42501",
    });
  });

  it("what a stranger was let create is found by a later init, refused and named", async () => {
    await auditOf({ url })("init");
    const planted: readonly [string, string][] = [
      ["create table audit.change_99 (id int)", "table audit.change_99"],
      ["create view audit.recent as select 1 as id", "view audit.recent"],
      ["create sequence audit.more", "sequence audit.more"],
      [
        "create function audit._context(varchar) returns jsonb language sql as 'select null::jsonb'",
        "function audit._context(character varying)",
      ],
      ["create procedure audit.tidy() language sql as 'select 1'", "function audit.tidy()"],
      ["create type audit.kind as enum ('a')", "type audit.kind"],
      ["create domain audit.word as text", "type audit.word"],
      [
        "create operator audit.= (leftarg = text, rightarg = text, function = pg_catalog.texteq)",
        "operator audit.=(text,text)",
      ],
      ["create collation audit.c (locale = 'C')", "collation audit.c"],
      [
        "create text search configuration audit.words (copy = simple)",
        "text search configuration audit.words",
      ],
    ];
    for (const [statement, named] of planted) {
      await all.unsafe("grant create, usage on schema audit to stranger");
      await stranger.unsafe(statement);
      const quoted = named.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
      await expectRefusals({
        says: new RegExp(
          `holds what is not ours: ${quoted}, which belongs to role stranger; nothing was changed`,
        ),
      });
      await all.unsafe("drop owned by stranger cascade");
    }
    await auditOf({ url })("init");
  });

  it("default privileges of the installer hand nothing to others", async () => {
    await all.unsafe(`
      alter default privileges grant usage on schemas to stranger;
      alter default privileges grant all on tables to stranger;
      alter default privileges grant execute on functions to stranger`);
    await auditOf({ url })("init");
    const [held] = await all<{ insert: boolean; trigger: boolean; execute: boolean }[]>`
      select has_table_privilege('stranger', 'audit.change', 'insert') as insert,
        has_table_privilege('stranger', 'audit.change', 'trigger') as trigger,
        has_function_privilege('stranger', 'audit._append_only()', 'execute') as execute`;
    expect(held).toEqual({ insert: false, trigger: false, execute: false });
  });

  it("as a whole, given to a stranger, is refused as theirs", async () => {
    await auditOf({ url })("init");
    await all.unsafe("alter schema audit owner to stranger");
    await expectRefusals({ says: looksLikeOurs });
  });
});
