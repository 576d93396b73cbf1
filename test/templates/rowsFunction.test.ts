import { randomBytes } from "node:crypto";
import postgres from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);
const suffix = randomBytes(4).toString("hex");
const owner = `rows_owner_${suffix}`;
const heir = `rows_heir_${suffix}`;

beforeAll(async () => {
  await database.sql.unsafe(`
    create role ${owner} login;
    create role ${heir} login;
    create schema app authorization ${owner};
    grant all on schema app to ${heir};
    set role ${owner};
    create function app.told(what text) returns text language plpgsql immutable as $body$
    begin raise warning 'ran % as %', what, current_user; return 'x'; end $body$;
    reset role`);
});

afterAll(async () => {
  await database.sql.unsafe(`drop owned by ${owner}, ${heir} cascade; drop role ${owner}, ${heir}`);
});

let id = 0;

beforeEach(async () => {
  await database.sql.unsafe(`
    drop table if exists app.note cascade;
    set role ${owner};
    create table app.note (id int primary key, body text);
    reset role`);
  await audit("enable", "app.note");
  await database.sql.unsafe("insert into app.note values (1, 'a'), (2, 'b')");
  const [row] = await database.sql<{ id: number }[]>`select audit._relation_of('app.note'::regclass) as id`;
  id = row?.id ?? 0;
});

const rowsFunction = () => `audit._rows_${id}(text)`;

async function facts(): Promise<Record<string, unknown> | undefined> {
  const [row] = await database.sql`
    select proowner::regrole::text as owner, prosecdef as definer, provolatile as volatility,
      array(
        select coalesce(grantee::regrole::text, 'public') from aclexplode(proacl) where grantee <> proowner order by 1
      ) as callers,
      has_schema_privilege(proowner, 'audit', 'create') as may_create, has_schema_privilege(proowner, 'audit', 'usage') as may_use
    from pg_proc where oid = ${rowsFunction()}::regprocedure`;
  return row;
}

interface Truncated {
  /** As whom the owner's code ran. */
  readonly ran: readonly string[];
  readonly error: { readonly code?: string; readonly message: string } | undefined;
}

/** Truncates as a role, in a session of its own, and takes it back. */
async function truncating(as: string): Promise<Truncated> {
  const heard: string[] = [];
  const onnotice = ({ message }: { message?: string }) => heard.push(message ?? "");
  const sql = postgres(database.url, { max: 1, fetch_types: false, onnotice });
  let error: Truncated["error"];
  try {
    await sql.unsafe(`set session authorization ${as}`);
    await sql.unsafe("begin; truncate app.note; rollback").catch((thrown: Truncated["error"]) => {
      error = thrown;
    });
  } finally {
    await sql.end();
  }
  const ran = [...new Set(heard.flatMap((text) => /ran [\w ]+ as (\w+)/.exec(text)?.[1] ?? []))];
  return { ran, error };
}

async function recorded(): Promise<string[]> {
  const rows = await database.sql<{ it: string }[]>`
    select concat(op::text, key, ' ', old ->> 'body') as it from audit.change
    where relation = ${id} and op = 'T' order by key`;
  return rows.map(({ it }) => it);
}

describe("the function by which TRUNCATE capture reads a table", () => {
  it("belongs to the table's owner, who keeps no right to create among ours, and is audit_truncate's alone to call", async () => {
    expect(await facts()).toEqual({
      owner,
      definer: true,
      volatility: "v",
      callers: ["audit_truncate"],
      may_create: false,
      may_use: false,
    });
  });

  it("lets an owner keep the right to create where that was given before", async () => {
    await database.sql.unsafe(`grant create on schema audit to ${owner}`);
    await audit("enable", "app.note", "--exclude", "body");
    expect(await facts()).toMatchObject({ owner, may_create: true });
    await database.sql.unsafe(`revoke create on schema audit from ${owner}`);
  });

  it.each([heir, "audit_writer", "audit_ddl", "audit_reader"])("is out of reach for %s", async (role) => {
    await expect(
      database.sql.begin(async (sql) => {
        // As somebody who has been let into the schema.
        await sql.unsafe(`grant usage on schema audit to ${role}`);
        await sql.unsafe(`set local session authorization ${role}`);
        await sql.unsafe(`select audit._rows_${id}('select null, null::text[], null::oid, null::tid')`);
      }),
    ).rejects.toMatchObject({ code: "42501" });
  });

  it("refuses TRUNCATE once the table has another owner, until that is settled by enable", async () => {
    await database.sql.unsafe(`alter table app.note owner to ${heir}`);
    const truncate = database.sql.unsafe("truncate app.note");
    await expect(truncate).rejects.toMatchObject({
      code: "UA005",
      message:
        "audit: TRUNCATE of app.note cannot be recorded, for what reads it does not run with the rights of its owner",
    });
    await audit("enable", "app.note", "--exclude", "body");
    await audit("enable", "app.note", "--exclude", "");
    expect(await facts()).toMatchObject({ owner: heir, callers: ["audit_truncate"] });
    await database.sql.unsafe("truncate app.note");
    expect(await recorded()).toEqual(["T1 a", "T2 b"]);
  });
});

describe("audit init", () => {
  it("takes the function for what it is, once more and again", async () => {
    expect(await audit.run(["init"])).toMatchObject({ code: 0 });
    expect(await facts()).toMatchObject({ owner, callers: ["audit_truncate"] });
  });

  it("takes that of a table that is gone for what it was", async () => {
    await database.sql.unsafe("drop table app.note");
    expect(await audit.run(["init"])).toMatchObject({ code: 0 });
  });

  it.each<[string, () => string, () => string]>([
    [
      "would run with the rights of its caller",
      () => `alter function ${rowsFunction()} security invoker`,
      () => `alter function ${rowsFunction()} security definer`,
    ],
    [
      "is of another kind",
      () => `create function audit._rows_${id}(int) returns int language sql security definer as 'select 1';
        alter function audit._rows_${id}(int) owner to ${heir}`,
      () => `drop function audit._rows_${id}(int)`,
    ],
  ])("refuses one that %s, and says whose it is", async (_, plant, remove) => {
    await database.sql.unsafe(
      `grant create on schema audit to ${heir}; ${plant()}; revoke create on schema audit from ${heir}`,
    );
    const { code, stderr } = await audit.run(["init"]);
    await database.sql.unsafe(remove());
    expect(code).toBe(5);
    expect(stderr).toMatch(
      /holds what is not ours: function audit\._rows_\d+\(\w+\), which belongs to role rows_/,
    );
  });
});

describe("what the owner wrote into the table's definition runs as the owner and nobody else, with", () => {
  it.each<[string, string]>([
    ["an index on a constant expression", "create index on app.note ((app.told('index')))"],
    ["an index on a constant condition", "create index on app.note (id) where app.told('condition') = 'x'"],
    ["statistics", "create statistics app.s on (app.told('statistics')), body from app.note"],
    ["an index on an expression", "create index on app.note (app.told(body))"],
  ])("%s", async (_, statement) => {
    await database.sql.unsafe(`set role ${owner}; ${statement}; reset role`);
    const superuser = new URL(database.url).username;
    for (const as of [owner, superuser]) {
      const { ran, error } = await truncating(as);
      expect({ as, others: ran.filter((role) => role !== owner), error }).toEqual({
        as,
        others: [],
        error: undefined,
      });
    }
    await database.sql.unsafe("truncate app.note");
    expect(await recorded()).toEqual(["T1 a", "T2 b"]);
  });

  it("a trap that is set: read by the superuser it runs as the superuser, and by TRUNCATE as the owner", async () => {
    await database.sql.unsafe(
      `set role ${owner}; create index on app.note ((app.told('index'))); reset role`,
    );
    expect(await truncating(owner)).toEqual({ ran: [owner], error: undefined });
  });

  it("a policy that is forced on the owner, under which TRUNCATE fails rather than hide rows", async () => {
    await database.sql.unsafe(`
      set role ${owner};
      alter table app.note enable row level security, force row level security;
      create policy hidden on app.note using (app.told('policy') = 'y');
      reset role`);
    expect((await truncating(owner)).error).toMatchObject({
      code: "42501",
      message: expect.stringMatching(/row-level security policy/),
    });
    expect(await recorded()).toEqual([]);
  });
});

describe("what its owner may still do:", () => {
  it("TRUNCATE runs nothing as audit_truncate where the owner takes SECURITY DEFINER off the function", async () => {
    await database.sql.unsafe(`
      grant usage on schema app to public;
      set role ${owner};
      create index on app.note ((app.told('index')));
      reset role;
      alter function ${rowsFunction()} security invoker`);
    expect((await truncating(owner)).ran.filter((role) => role !== owner)).toEqual([]);
  });

  it("enable settles a new owner where nothing else is to be changed", async () => {
    await database.sql.unsafe(`alter table app.note owner to ${heir}`);
    await audit("enable", "app.note");
    await database.sql.unsafe("truncate app.note");
  });
});
