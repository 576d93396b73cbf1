import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

/** The name has a comma, which a search_path that is quoted as a whole would swallow. */
const schema = "trail, pg_temp";
const quoted = `"${schema}"`;

const database = useDatabase();
const audit = auditOf(database);
const keeper = `keeper_${randomBytes(4).toString("hex")}`;

const roles = ["audit_writer", "audit_truncate", "audit_ddl"];

beforeAll(async () => {
  await audit("init", "--audit-schema", quoted);
  await database.sql.unsafe(`
    create role ${keeper} login password 'x';
    create schema shop authorization ${keeper};
    set role ${keeper};
    create table shop.captured (id int primary key, secret text);
    create table shop.recorded (id int primary key, secret text);
    create table shop.forbidden (id int primary key, secret text);
    create table shop.stopped (id int primary key, secret text);
    create table shop.unaudited (id int primary key, secret text);
    create table shop.parted (id int primary key, secret text) partition by range (id);
    create table shop.parted_1 partition of shop.parted for values from (0) to (10);
    reset role`);
  await audit("enable", "shop.captured", "shop.stopped", "shop.parted");
  await audit("enable", "shop.recorded", "--on-truncate", "record");
  await audit("enable", "shop.forbidden", "--on-truncate", "forbid");
  await audit("disable", "shop.stopped");
  await database.sql.unsafe(
    "insert into shop.captured values (1, 'secret'); insert into shop.parted values (1, 'x')",
  );
});

afterAll(async () => {
  await database.sql.unsafe(`drop owned by ${keeper} cascade; drop role ${keeper}`);
});

describe("the roles behind the triggers", () => {
  it("cannot log in and have no attributes, settings or connections of their own", async () => {
    const rows = await database.sql`
      select rolname as name, rolcanlogin or rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls as able,
        rolinherit as inherits, exists (select from pg_db_role_setting where setrole = role.oid) as set,
        (select rolpassword is not null from pg_authid where oid = role.oid) as password
      from pg_roles as role where rolname = any (${roles}) order by 1`;
    expect(rows).toEqual(
      [...roles].sort().map((name) => ({ name, able: false, inherits: true, set: false, password: false })),
    );
  });

  it("are in no role, and nobody is in them, but audit_ddl in audit_writer", async () => {
    const rows = await database.sql<{ member: string; of: string }[]>`
      select member::regrole::text as member, roleid::regrole::text as of
      from pg_auth_members
      where member = any (${roles}::regrole[]) or roleid = any (${roles}::regrole[])`;
    expect(rows).toEqual([{ member: "audit_ddl", of: "audit_writer" }]);
  });

  it("own nothing but trigger functions in our schema", async () => {
    const rows = await database.sql<{ role: string; what: string }[]>`
      select distinct owned.refobjid::regrole::text as role,
        coalesce(format('%s in %s', function.prorettype::regtype, function.pronamespace::regnamespace), owned.classid::regclass::text) as what
      from pg_shdepend as owned
      left join pg_proc as function on owned.classid = 'pg_proc'::regclass and function.oid = owned.objid
      where owned.refobjid = any (${roles}::regrole[]) and owned.deptype = 'o'
        and owned.dbid = (select oid from pg_database where datname = current_database())
      order by 1`;
    expect(rows).toEqual([
      { role: "audit_ddl", what: `event_trigger in ${quoted}` },
      { role: "audit_truncate", what: `trigger in ${quoted}` },
      { role: "audit_writer", what: `trigger in ${quoted}` },
    ]);
  });
});

describe("functions with security definer", () => {
  it("are triggers of one of the three roles, or read a table as its owner, pinned to exactly this path", async () => {
    const rows = await database.sql<{ kind: string; owner: string; path: string; callers: string | null }[]>`
      select distinct prorettype::regtype::text as kind, proowner::regrole::text as owner,
        (select string_agg(setting, ' ') from unnest(proconfig) as setting where setting ~ '^search_path') as path,
        (select string_agg(distinct case grantee when 0 then 'public' else grantee::regrole::text end, ' ')
         from aclexplode(coalesce(proacl, acldefault('f', proowner)))
         where grantee <> proowner) as callers
      from pg_proc
      where prosecdef and pronamespace = ${quoted}::regnamespace
      order by 1, 2, 4`;
    const path = "search_path=pg_catalog, pg_temp";
    expect(rows).toEqual([
      { kind: "event_trigger", owner: "audit_ddl", path, callers: null },
      // reads a table for TRUNCATE capture: what its owner wrote may run as its owner alone
      { kind: "record", owner: keeper, path, callers: "audit_truncate" },
      { kind: "trigger", owner: "audit_truncate", path, callers: null },
      // who owns a partitioned table has to, so as to make partitions: the row triggers are cloned onto them
      { kind: "trigger", owner: "audit_writer", path, callers: keeper },
      { kind: "trigger", owner: "audit_writer", path, callers: null },
    ]);
  });

  it("would be told from those that are pinned to one schema of that name", async () => {
    const [row] = await database.sql.begin(async (sql) => {
      await sql.unsafe(`
        create function pg_temp.trapped() returns int language sql set search_path = 'pg_catalog, pg_temp' as 'select 1'`);
      return sql<{ path: string }[]>`
        select array_to_string(proconfig, ' ') as path from pg_proc where proname = 'trapped'`;
    });
    expect(row?.path).toBe('search_path="pg_catalog, pg_temp"');
  });
});

describe("privileges in the database", () => {
  interface Granted {
    readonly role: string;
    readonly relation: string;
    readonly privileges: string;
  }

  /** What a role holds on tables, views and sequences, to itself or through others. */
  async function held(role: string): Promise<Granted[]> {
    return database.sql<Granted[]>`
      select ${role}::text as role, namespace.nspname || '.' || class.relname as relation,
        string_agg(privilege, ' ' order by privilege) as privileges
      from pg_class as class
      join pg_namespace as namespace on namespace.oid = class.relnamespace
      cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) as privilege
      where class.relkind in ('r', 'p', 'v', 'm', 'f')
        and namespace.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
        and (has_table_privilege(${role}, class.oid, privilege)
          or (privilege in ('select', 'insert', 'update', 'references')
            and has_any_column_privilege(${role}, class.oid, privilege)))
      group by namespace.nspname, class.relname
      order by 2`;
  }

  it("let audit_writer add to the log, and nothing else in all the database", async () => {
    expect(await held("audit_writer")).toEqual([
      { role: "audit_writer", relation: `${schema}.change`, privileges: "insert" },
    ]);
  });

  it("let audit_truncate add to the log as well, and read no table of anybody's", async () => {
    expect(await held("audit_truncate")).toEqual([
      { role: "audit_truncate", relation: `${schema}.change`, privileges: "insert" },
    ]);
  });

  it("let it call what reads the tables that are audited as their owners, and nothing else of theirs", async () => {
    const rows = await database.sql<{ name: string; owner: string }[]>`
      select function.proname as name, function.proowner::regrole::text as owner
      from pg_proc as function
      where function.prosecdef and function.prorettype <> all ('{trigger,event_trigger}'::regtype[])
        and function.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        and has_function_privilege('audit_truncate', function.oid, 'execute')
      order by 1`;
    const numbers = await database.sql<{ id: number }[]>`
      select id from ${database.sql.unsafe(quoted)}.relation where enabled order by id`;
    expect(rows).toEqual(numbers.map(({ id }) => ({ name: `_rows_${id}`, owner: keeper })));
  });

  it("let audit_ddl keep the registry and exchange triggers, and read or change no log and no table of anybody's", async () => {
    const rows = (await held("audit_ddl")).map(({ relation, privileges }) => [relation, privileges]);
    expect(rows).toEqual([
      // of ordinary tables: their triggers are exchanged when the kind of capture changes
      ["shop.captured", "trigger"],
      ["shop.forbidden", "trigger"],
      ["shop.recorded", "trigger"],
      [`${schema}.change`, "insert"],
      [`${schema}.coverage`, "insert select update"],
      [`${schema}.relation`, "select update"],
      [`${schema}.relation_shape`, "insert select"],
    ]);
  });

  it("give EXECUTE on what is no trigger to nobody but the roles", async () => {
    const rows = await database.sql<{ callers: string }[]>`
      select distinct grantee::regrole::text as callers
      from pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner)))
      where pronamespace = ${quoted}::regnamespace and grantee <> proowner and prorettype <> 'trigger'::regtype
      order by 1`;
    expect(rows.map(({ callers }) => callers)).toEqual([
      "audit_ddl",
      "audit_reader",
      "audit_truncate",
      "audit_writer",
    ]);
  });
});

describe("code that has come to run", () => {
  const attempts: readonly [string, string, Readonly<Record<string, string>>][] = [
    ["read the log", `select from ${quoted}.change`, {}],
    ["read the history", `select from ${quoted}.history`, {}],
    ["read a segment", `select from ${quoted}.change_1`, {}],
    ["read the registry", `select from ${quoted}.relation`, { audit_ddl: "done" }],
    ["change the log", `update ${quoted}.change set actor = 'x'`, {}],
    ["delete from the log", `delete from ${quoted}.change`, {}],
    ["empty the log", `truncate ${quoted}.change`, {}],
    ["empty a segment", `truncate ${quoted}.change_1`, {}],
    ["drop the log", `drop table ${quoted}.change`, {}],
    [
      "put a trigger on the log",
      `create trigger t before insert on ${quoted}.change for each row execute function ${quoted}._append_only()`,
      {},
    ],
    ["read a table that is captured", "select from shop.captured", {}],
    [
      "read a table that is captured by way of the function that reads it as its owner",
      `select ${quoted}._rows_1('select secret, null::text[], 0::oid, null::tid from shop.captured')`,
      { audit_truncate: "done" },
    ],
    ["read a table that is only recorded", "select from shop.recorded", {}],
    ["read a table where TRUNCATE is forbidden", "select from shop.forbidden", {}],
    ["read a table that is no longer audited", "select from shop.stopped", {}],
    ["read a table that is not audited", "select from shop.unaudited", {}],
    ["write to a table that is captured", "insert into shop.captured values (2, 'x')", {}],
    ["create a schema", "create schema mine", {}],
    [
      "create a function among ours",
      `create function ${quoted}.f() returns int language sql as 'select 1'`,
      { audit_ddl: "done" },
    ],
    ["take on another role", `set role ${keeper}`, {}],
    ["take on the reader's role", "set role audit_reader", {}],
    [
      "close coverage",
      `update ${quoted}.coverage set until_id = 1, until_at = now(), off_reason = 'x'`,
      { audit_ddl: "done" },
    ],
    ["read passwords", "select from pg_authid", {}],
    ["read a file", "select pg_read_file('PG_VERSION')", {}],
    ["read what was sampled of columns", "select from pg_statistic", {}],
  ];

  it.each(attempts)("can %s only where that is the role's work", async (_what, statement, allowed) => {
    for (const role of roles) {
      const outcome = await database.sql
        .begin(async (sql) => {
          // Not SET ROLE alone: from that a superuser could come back.
          await sql.unsafe(`set local session authorization ${role}`);
          await sql.unsafe(statement);
          await sql.unsafe("reset session authorization");
          throw new Error("done");
        })
        .catch((error: { code?: string; message: string }) => error.code ?? error.message);
      expect({ role, outcome }).toEqual({ role, outcome: allowed[role] ?? "42501" });
    }
  });
});
