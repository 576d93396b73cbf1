import { randomBytes } from "node:crypto";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";
import { type Attack, attacks, hostilePaths } from "./shadowing.ts";

const database = useDatabase({ installed: true });
const attacker = `attacker_${randomBytes(4).toString("hex")}`;

beforeAll(async () => {
  await database.sql.unsafe(`
    create role ${attacker} login password 'x';
    create schema evil authorization ${attacker};
    create schema shop authorization ${attacker};
    grant temporary on database "${database.name}" to ${attacker};
    set session authorization ${attacker};
    -- so that no missing right keeps planted code from running and telling
    grant usage on schema evil, shop to public;
    create function evil.ran(what text) returns void language plpgsql as $evil$
    begin
      raise warning 'ran % as %', what, current_user;
    end $evil$;
    create type evil.mood as enum ('happy', 'sad');
    create type evil.pair as (a int, b text);
    create type evil.span as range (subtype = int);
    create type evil.box as (mood evil.mood, moods evil.mood[]);
    create domain evil.word as text;
    create table shop.item (
      id int primary key, name text, amount numeric, mood evil.mood, moods evil.mood[], pair evil.pair,
      span evil.span, box evil.box, word evil.word, doc json, docs jsonb, note varchar(20), code char(5), at timestamptz);
    create table shop.keyed (mood evil.mood, word evil.word, amount numeric, primary key (mood, word));
    create sequence shop.counter;
    create table shop.naive (id int primary key, mood evil.mood)`);
  await database.sql.unsafe("reset session authorization");
  // A pooled connection may have kept what was set on it.
  await auditOf(database)("enable", "shop.item", "shop.keyed");
  await database.sql.unsafe(naive);
});

afterAll(async () => {
  await database.sql.unsafe(`drop owned by ${attacker} cascade; drop role ${attacker}`);
});

/** A trigger as tutorials have it: with the rights of a superuser, unpinned, images by to_jsonb. */
const naive = `
  create function public.naive() returns trigger language plpgsql security definer as $naive$
  begin
    raise notice '% %', format('%s', tg_op), to_jsonb(new);
    return null;
  end $naive$;
  create trigger naive after insert on shop.naive for each row execute function public.naive()`;

const sameId = "operator(pg_catalog.=)";
const writes = `
  insert into shop.item values
    (1, 'a', 1.0, 'happy', '{happy,sad}', '(1,a)', '[1,3)', '(happy,{sad})', 'w', '{"a": 1}', '[1]', 'n', 'c', '2026-01-01 00:00+00'),
    (2, null, null, null, null, null, null, null, null, null, null, null, null, null);
  update shop.item set name = 'b', amount = 1.00, mood = 'sad', moods = '{sad}', pair = '(2,a)' where id ${sameId} 1;
  update shop.item set span = '[2,5)', box = '(sad,{})', word = 'v', doc = '{"a":1}', docs = '[2]', note = 'm', code = 'd' where id ${sameId} 1;
  update shop.item set name = 'b' where id ${sameId} 1;
  update shop.item set id = 7, at = '2026-01-02 00:00+00' where id ${sameId} 2;
  delete from shop.item where id ${sameId} 1;
  insert into shop.keyed values ('happy', 'x', 1), ('sad', 'y', 2);
  update shop.keyed set word = 'z', amount = 1.0;
  delete from shop.keyed where amount ${sameId} 1.0 and ctid ${sameId} (select min(ctid) from shop.keyed);
  alter table shop.item add column extra pg_catalog.text;
  update shop.item set extra = 'e', amount = 3;
  alter table shop.item drop column extra;
  truncate shop.item, shop.keyed`;

/** What one connection of the attacker saw happen. */
interface Seen {
  /** Under a hostile path: as whom planted code ran while the attacker's probe did, and while it wrote. */
  readonly probed: readonly string[];
  readonly ran: readonly string[];
  readonly changes: readonly unknown[];
}

/** Plants, probes, writes under the path, reads what was recorded, and takes everything back. */
async function attack(options: {
  readonly plant: string;
  readonly probe?: string | undefined;
  readonly path: string;
  readonly settings?: string;
  readonly writes?: string;
}): Promise<Seen> {
  const heard: string[] = [];
  const sql = postgres(database.url, {
    max: 1,
    onnotice: ({ message }) => heard.push(message ?? ""),
    fetch_types: false,
  });
  const ranSince = () => heard.splice(0).flatMap((message) => /^ran .* as (\w+)$/.exec(message)?.[1] ?? []);
  try {
    return await sql.begin(async (transaction) => {
      await transaction.unsafe(`
        set local session authorization ${attacker};
        set local application_name = 'attack'; set local audit.actor = 'app:1'; set local audit.context = '{"reason": "test"}';
        ${options.plant}`);
      heard.length = 0;
      if (options.probe !== undefined) {
        await transaction.unsafe(`set local search_path = ${hostilePaths[0]}; ${options.probe}`);
      }
      const probed = ranSince();
      await transaction.unsafe(`set local search_path = ${options.path}; ${options.settings ?? ""}`);
      await transaction.unsafe(options.writes ?? writes);
      const ran = ranSince();
      await transaction.unsafe("set local search_path = pg_catalog; reset session authorization");
      const changes = await transaction.unsafe(`
        select relation, op::text, key, old_key, old::text, new::text, actor, db_user, role, application, client_addr::text, context::text
        from audit.change
        where xid = pg_current_xact_id() and at > now() - interval '1 hour'
        order by id`);
      throw new Done({ probed, ran, changes: [...changes] });
    });
  } catch (error) {
    if (error instanceof Done) return error.seen;
    throw error;
  } finally {
    await sql.end();
  }
}

/** Ends a transaction, so that nothing of it stays. */
class Done extends Error {
  readonly seen: Seen;
  constructor(seen: Seen) {
    super("done");
    this.seen = seen;
  }
}

let undisturbed: Seen;
beforeAll(async () => {
  undisturbed = await attack({ plant: "", path: "pg_catalog" });
});

it("what is written without an attack is recorded, every kind of it", () => {
  const { ran } = undisturbed;
  const changes = undisturbed.changes as readonly { op: string; db_user: string; actor: string }[];
  expect(changes.map(({ op }) => op).join("")).toBe("IIUUUDIIUUDUTT");
  expect(changes.every(({ db_user, actor }) => db_user === attacker && actor === "app:1")).toBe(true);
  expect(ran).toEqual([]);
});

describe("planted code is noticed when a trigger that is not pinned runs it", () => {
  it.each([
    ["a function", attacks.find(({ name }) => name === "the function format(text, text)")],
    ["a cast", attacks.find(({ name }) => name === "the implicit cast from evil.mood to json")],
  ])("by %s", async (_what, planted) => {
    const seen = await attack({
      plant: planted?.plant ?? "",
      path: hostilePaths[0] ?? "",
      writes: "insert into shop.naive values (1, 'happy')",
    });
    const [superuser] = await database.sql<{ name: string }[]>`select current_user as name`;
    expect(seen.ran).toContain(superuser?.name);
  });
});

it("there are more than forty attacks, with names of their own", () => {
  expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
  expect(attacks.length).toBeGreaterThanOrEqual(40);
});

async function expectHarmless({ plant, probe }: Attack, path: string): Promise<void> {
  const seen = await attack({ plant, probe, path });
  if (probe !== undefined) expect(seen.probed, "the planted code is alive").toContain(attacker);
  expect(seen.ran.filter((role) => role !== attacker)).toEqual([]);
  expect(seen.changes).toEqual(undisturbed.changes);
}

const pathOf = (index: number) => hostilePaths[index % hostilePaths.length] ?? "";
const placed = attacks.map((planted, index) => ({ ...planted, path: pathOf(index) }));

describe("with our rights runs nothing, and what was written is recorded as it was, beside", () => {
  it.each(placed)("$name", ({ path, ...planted }) => expectHarmless(planted, path));
});

describe("settings of the session claim, and do nothing else:", () => {
  const long = "x".repeat(1_000_000);
  const injections = [
    "'); drop table audit.change; --",
    "$body$; select evil.ran('body'); $body$",
    "' || evil.ran('concatenation') || '",
    "%s %I %L %1$s",
    "\\'; select 1",
    "\u0001\u001b[2J\r\n\t\u202e",
    "pg_catalog.pg_sleep(1)",
    "\u{1F989} \u0000".replace("\u0000", ""),
    long,
  ];
  const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
  const claimed = async (settings: string) => {
    const { ran, changes } = await attack({ plant: "", path: hostilePaths[0] ?? "", settings });
    expect(ran).toEqual([]);
    return changes as readonly { actor: string | null; context: string | null }[];
  };
  const others = (changes: readonly object[]) =>
    changes.map((change) => ({ ...change, actor: "", context: "" }));

  it.each(injections.map((text) => [JSON.stringify(text).slice(0, 60), text]))(
    "audit.actor = %s",
    async (_shown, text) => {
      const changes = await claimed(`set local audit.actor = ${literal(text)}`);
      expect(new Set(changes.map(({ actor }) => actor))).toEqual(new Set([text]));
      expect(others(changes)).toEqual(others(undisturbed.changes as object[]));
    },
  );

  it.each(injections.map((text) => [JSON.stringify(text).slice(0, 60), text]))(
    "audit.context = %s",
    async (_shown, text) => {
      for (const context of [text, JSON.stringify({ reason: text })]) {
        const changes = await claimed(`set local audit.context = ${literal(context)}`);
        const wanted = context === text ? { unparsed: text } : { reason: text };
        expect(changes.map((change) => JSON.parse(change.context ?? "null"))).toEqual(
          changes.map(() => wanted),
        );
        expect(others(changes)).toEqual(others(undisturbed.changes as object[]));
      }
    },
  );

  it.each(
    [
      ...injections,
      ";1(0,1)<(0,1);",
      ";1(0,1)<(0,2);1(0,2)<(0,1);",
      ";".repeat(7_999),
      ";0(99999999999,1)<x;",
    ].map((text) => [JSON.stringify(text).slice(0, 60), text]),
  )("audit.moves = %s", async (_shown, text) => {
    expect(await claimed(`set local audit.moves = ${literal(text)}`)).toEqual(undisturbed.changes);
  });

  it.each([
    "set local audit.maintenance = 'prune'",
    "set local check_function_bodies = off",
    "set local plpgsql.variable_conflict = use_column",
    "set local quote_all_identifiers = on",
    "set local xmlbinary = hex",
    "set local row_security = off",
    "set local transform_null_equals = on",
    "set local array_nulls = off",
    "set local default_tablespace = ''",
    "set local jit_above_cost = 0",
    "set local plan_cache_mode = force_generic_plan",
    // under it literals with backslashes mean something else
    "set local standard_conforming_strings = off",
  ])("%s", async (settings) => {
    expect(await claimed(settings)).toEqual(undisturbed.changes);
  });

  it("bytes that are no text of the database are refused with the setting", async () => {
    const settings = "set local client_encoding = sql_ascii; set local audit.actor = E'\\xff\\xfe'";
    await expect(claimed(settings)).rejects.toMatchObject({ code: "22021" });
  });
});

describe("the attacker cannot", () => {
  it.each([
    ["change what a function of ours is set to", "alter function audit._insert_1() set search_path = evil"],
    ["reset it", "alter function audit._insert_1() reset all"],
    ["take a function of ours over", "alter function audit._insert_1() owner to current_user"],
    ["replace it", "create or replace function audit._insert_1() returns trigger language sql as ''"],
    ["call it", "select audit._insert_1()"],
    [
      "hang it on another table",
      "create trigger t after insert on shop.naive for each row execute function audit._insert_1()",
    ],
    ["call a helper", "select audit._context('{}')"],
    ["act as audit_writer", "set role audit_writer"],
    ["grant the role", "grant audit_writer to current_user"],
    ["give a table away to it", "alter table shop.naive owner to audit_writer"],
    ["give a function away to it", "alter function evil.ran(text) owner to audit_writer"],
    ["create in our schema", "create function audit.f() returns int language sql as 'select 1'"],
    ["make a cast of built-in types", "create cast (text as jsonb) with inout as implicit"],
    [
      "make an operator class",
      "create operator class evil.ops for type evil.mood using btree as operator 1 <",
    ],
    [
      "make an output function, for which types of their own in C are needed",
      "create type evil.raw; create function evil.raw_out(evil.raw) returns cstring language internal as 'textout'",
    ],
    ["switch triggers off for the session", "set session_replication_role = replica"],
  ])("%s", async (_what, statement) => {
    await expect(attack({ plant: "", path: hostilePaths[0] ?? "", writes: statement })).rejects.toMatchObject(
      {
        code: "42501",
      },
    );
  });
});
