import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runQuery } from "../../src/actions/query.ts";
import { parseWhen } from "../../src/core/when.ts";
import { auditOf } from "../helpers/auditOf.ts";
import { fakeIo } from "../helpers/fakeIo.ts";
import { runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);

/** The instant at which everything was as the copies in schema `past` are. */
let then = "";

const tables = ["users", "orders", '"Odd.Name"', "parts", "animals", "people"] as const;

const life = `
  create table users (id int primary key, name text collate "C", active boolean default true, boss int);
  create table orders (id int primary key, user_id int references users, amount numeric(10, 2), noted timestamptz default now());
  create table "Odd.Name" ("a.b" text, "q""x" int, "new
line" text, primary key ("a.b", "q""x"));
  create table parts (id int, region text, note text, primary key (id, region)) partition by list (region);
  create table parts_eu partition of parts for values in ('eu');
  create table parts_us partition of parts for values in ('us');
  create table animals (id int primary key, name text);
  create table birds (wings int, primary key (id)) inherits (animals);
  create table people (id int primary key, bio text, mood text);
  create table countries (code text primary key, name text);
  create materialized view frozen as select * from users;
  create view active_users as select id, name from users where active;
  create view totals (who, total, "Odd ""one""") as
    select a.name, sum(o.amount), count(*) from active_users a join public.orders o on o.user_id = a.id group by a.name;
  create recursive view chain (id, depth) as
    select id, 0 from users where boss is null union all select u.id, c.depth + 1 from users u join chain c on u.boss = c.id;
  create view spent as
    select users.id, users.name, sum(amount) as total from users join orders on user_id = users.id group by users.id;
  create view abroad as select u.name, c.name as country from users u, countries c;
  create function inlined() returns table (id int) language sql stable as 'select id from users';
  create function counted() returns bigint language plpgsql stable as $$ begin return (select count(*) from users); end $$;
  create function through() returns bigint language plpgsql stable as $$ begin return public.counted(); end $$;
  create function harmless(int) returns int language plpgsql immutable as $$ begin return $1 + 1; end $$;
  create function writes() returns int language plpgsql as $$ begin create temp table t (); return 1; end $$;
  create schema "Other ""s";
  create table "Other ""s".users (id int primary key, name text);`;

const begun = `
  insert into users values (1, 'ann', true, null), (2, 'bob', false, 1), (3, null, true, 1), (4, E'e\\x1b[31mvil', true, 2);
  insert into orders select i, i % 4 + 1, i * 1.25 from generate_series(1, 20) as i;
  insert into "Odd.Name" values ('x', 1, 'one'), ('x', 2, null), ('y''"', 3, E'two\\nlines');
  insert into parts values (1, 'eu', 'a'), (1, 'us', 'b'), (2, 'eu', null);
  insert into animals values (1, 'cow');
  insert into birds values (2, 'owl', 2);
  insert into people values (1, 'long', 'good');
  insert into countries values ('de', 'Germany');
  insert into "Other ""s".users values (1, 'other');`;

const later = `
  update users set name = upper(name), active = not active;
  insert into users values (5, 'eve', true, 1);
  delete from orders where id % 2 = 0;
  update orders set amount = 0;
  update "Odd.Name" set "a.b" = 'z' where "q""x" = 2;
  delete from "Odd.Name" where "q""x" = 3;
  update parts set region = 'us' where id = 2;
  update birds set name = 'emu';
  delete from only animals;
  update people set bio = 'short', mood = 'bad';
  update "Other ""s".users set name = 'changed';`;

beforeAll(async () => {
  const { sql } = database;
  await sql.unsafe(life);
  await audit("enable", ...tables, "birds", '"Other ""s".users');
  await audit("enable", "people", "--exclude", "mood");
  await sql.unsafe(begun);
  await sql.unsafe(
    `create schema past; ${tables.map((name) => `create table past.${name} as table ${name};`).join(" ")}`,
  );
  await sql`select audit.tag('then')`;
  const [now] = await sql<{ at: string }[]>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`;
  then = now?.at ?? "";
  await sql.unsafe(later);
});

const query = (sql: string, ...more: string[]) => audit.run(["query", "--at", then, sql, ...more]);

async function items(sql: string, ...more: string[]) {
  return audit.items<Record<string, unknown>>("query", "--at", then, sql, "--tz", "UTC", ...more);
}

/** What the query gives on the copies, which lie in schema `past`, every value as text. */
async function onCopies(sql: string): Promise<unknown[]> {
  return database.sql.begin(async (transaction) => {
    await transaction.unsafe(`set local search_path = past, public; set local timezone = 'UTC'`);
    const rows = await transaction.unsafe(`select row_to_json(q)::text as row from (${sql}\n) as q`);
    return rows.map(({ row }) =>
      Object.fromEntries(
        Object.entries(JSON.parse(row as string) as object).map(([name, value]) => [
          name,
          value === null ? null : String(value),
        ]),
      ),
    );
  });
}

async function refused(sql: string, ...more: string[]) {
  const { code, stdout, stderr } = await query(sql, ...more);
  expect(stdout).toBe("");
  return { code, said: stderr.replace(/^as of .*\n/, "") };
}

describe("a query gives what it gave then", () => {
  const statements = [
    "select * from users order by id",
    "select id, name from public.users order by id desc",
    "select users.id, o.id as order_id, o.amount::text from users join orders o on o.user_id = users.id order by 2",
    "select u.name, count(*), sum(amount)::text as total from users u join orders on user_id = u.id group by u.name order by 1 nulls first",
    "with mine as (select * from users where active) select m.name, row_number() over (order by m.id desc)::text as place from mine m order by m.id",
    "with users as (select 7 as id) select id from users",
    "with users as (select * from users where id > 1) select id from users order by id",
    "select u.id, last.id as last from users u left join lateral (select id from orders where user_id = u.id order by id desc limit 1) as last on true order by 1",
    "select (select max(amount)::text from orders) as most, exists (select from users where id = 5) as eve",
    "select id from users where id in (select user_id from orders where amount > 20) order by id",
    "select id from users union all select id from orders order by id desc limit 5 offset 2",
    "select id from orders except select id from users order by 1",
    `table "Odd.Name" order by "q""x"`,
    `select "Odd.Name"."q""x", "new
line" from "Odd.Name" where "a.b" = 'x' order by 1`,
    "select u.* from users u, users v where u.boss = v.id order by u.id",
    "select id, region, note from parts order by id, region",
    "select p.id, p.note from parts p where region = 'eu' order by id",
    "select id, name from animals order by id",
    "select id, bio from people",
    "values (1, 'a'), (2, null)",
    "(select 1 as x) -- the end",
    "select distinct on (boss) boss, id from users order by boss nulls first, id",
    "select extract(hour from interval '3 hours')::text as hour, substring('abc' from 2 for 1) as part",
    "with recursive up as (select id, boss from users where id = 4 union all select u.id, u.boss from users u join up on up.boss = u.id) select id from up order by id",
    "select name from users order by name nulls last",
    "select 'from users' as x, $$ ; users.id $$ as y /* from users */",
  ];

  it.each(statements)("%s", async (sql) => {
    const expected = await onCopies(sql.replaceAll("public.", ""));
    expect(await items(sql)).toEqual(expected);
    const tagged = await audit.items("query", "--at", "tag:then", sql, "--tz", "UTC");
    expect(tagged).toEqual(expected);
  });

  it("whatever the schema of a table and of its columns", async () => {
    expect(
      await items(`select public.users.id, public.users.name, "R".n as other, "Q".name as same
        from public.users, "Other ""s".users "Q", "Other ""s".users as "R"("id", n)
        where "Q".id = public.users.id`),
    ).toEqual([{ id: "1", name: "ann", other: "other", same: "other" }]);
    expect(
      await items("select public.users.* from only public.users where users.id = 1 order by public.users.id"),
    ).toEqual([{ id: "1", name: "ann", active: "true", boss: null }]);
  });

  it("through views, and views over views", async () => {
    expect(await items("select * from active_users order by id")).toEqual([
      { id: "1", name: "ann" },
      { id: "3", name: null },
      { id: "4", name: "e\u001b[31mvil" },
    ]);
    const totals = await items("select * from public.totals order by total");
    expect(totals).toEqual([
      { who: null, total: "62.50", 'Odd "one"': "5" },
      { who: "e\u001b[31mvil", total: "68.75", 'Odd "one"': "5" },
      { who: "ann", total: "75.00", 'Odd "one"': "5" },
    ]);
    expect(await items("select * from chain order by id")).toEqual([
      { id: "1", depth: "0" },
      { id: "2", depth: "1" },
      { id: "3", depth: "1" },
      { id: "4", depth: "2" },
    ]);
  });

  it("though columns follow from the key behind GROUP BY", async () => {
    const expected = [
      { id: "1", name: "ann", total: "75.00" },
      { id: "2", name: "bob", total: "56.25" },
    ];
    expect(
      await items(`select u.id, u.name, sum(o.amount) as total from users u join orders o on o.user_id = u.id
        where u.id < 3 group by u.id having u.active is not null order by u.name`),
    ).toEqual(expected);
    expect(await items("select * from spent where id < 3 order by id")).toEqual(expected);
    expect(
      await items("select public.users.*, count(*) from public.users where id = 1 group by public.users.id"),
    ).toEqual([{ id: "1", name: "ann", active: "true", boss: null, count: "1" }]);
    const { code, said } = await refused("select name, count(*) from users group by active");
    expect(code).toBe(2);
    expect(said).toContain("must appear in the GROUP BY clause");
  });

  it("and says what cannot be known", async () => {
    const { stdout, stderr } = await audit("query", "--at", then, "select * from people", "--json");
    expect(stderr).toContain(
      "note: column mood of public.people is unknown then (excluded from auditing) and NULL\n",
    );
    expect(JSON.parse(stdout)).toMatchObject({
      unknown: [{ schema: "public", table: "people", column: "mood" }],
      items: [{ id: "1", bio: "long", mood: null }],
    });
  });

  it("in every form, with columns of the same name", async () => {
    const sql =
      "select a.id, b.id, a.active as __proto__ from users a join users b on b.id = a.boss order by 1, 2";
    const { stdout, stderr } = await audit("query", "--at", then, sql);
    expect(stdout).toBe("id  id  __proto__\n2   1   false\n3   1   true\n4   2   true\n");
    expect(stderr).toMatch(/^as of .*\n3 rows\n$/);
    const json = (await audit("query", "--at", then, sql, "--json")).stdout;
    expect(json).toContain('{"id":"2","id_2":"1","__proto__":"false"}');
  });

  it("keeps control characters from the terminal, and shows the columns of no rows", async () => {
    expect((await audit("query", "--at", then, "select name from users where id = 4")).stdout).toBe(
      "name\ne\\x1b[31mvil\n",
    );
    expect((await audit("query", "--at", then, "select id, name from users where false")).stdout).toBe(
      "id  name\n",
    );
    expect((await audit("query", "--at", then, "select from users where id = 1", "--json")).stdout).toContain(
      "\n{}\n",
    );
  });

  it("from stdin or a file", async () => {
    const path = join(tmpdir(), `query-${randomBytes(4).toString("hex")}.sql`);
    await writeFile(path, "-- by hand\nselect name\nfrom users\nwhere id = 1;\n");
    try {
      expect((await audit("query", "--at", then, "--file", path)).stdout).toBe("name\nann\n");
    } finally {
      await rm(path);
    }
    const io = fakeIo();
    const options = {
      at: parseWhen(then),
      source: { kind: "stdin" },
      present: [],
      databaseUrl: database.url,
    } as const;
    await runQuery(options, io, Readable.from(["select count(*)", " from users"]));
    expect(io.stdout).toBe("count\n4\n");
    const missing = await audit.run(["query", "--at", then, "--file", path]);
    expect(missing).toMatchObject({ code: 4, stdout: "" });
    expect(missing.stderr).toBe(
      `error: Cannot read "${path}" (ENOENT).\nCheck the path, or give the query itself.\n`,
    );
  });
});

describe("a query never reads the present unasked", () => {
  it("refuses tables that are not audited, and takes them with --present", async () => {
    const sql = "select c.name, u.name from countries c, users u where u.id = 1";
    expect(await refused(sql)).toEqual({
      code: 3,
      said: "error: public.countries is not audited, so nothing is known of its past.\nRead it as of today with: --present 'public.countries'\n",
    });
    expect(await refused("select 1 from frozen, abroad")).toEqual({
      code: 3,
      said: "error: public.countries, public.frozen are not audited, so nothing is known of their past.\nRead them as of today with: --present 'public.countries,public.frozen'\n",
    });
    const { stdout, stderr } = await audit("query", "--at", then, sql, "--present", "countries", "--json");
    expect(stderr).toMatch(/^as of .*\nnote: public.countries is taken as it is today\n1 row\n$/);
    expect(JSON.parse(stdout)).toMatchObject({
      present: [{ schema: "public", table: "countries" }],
      items: [{ name: "Germany", name_2: "ann" }],
    });
    expect(await items("select name from users where id = 1", "--present", "public.users")).toEqual([
      { name: "ANN" },
    ]);
    expect(await items("select * from abroad where name = 'ANN'", "--present", "abroad")).toHaveLength(1);
    expect((await refused("select 1", "--present", "nope")).code).toBe(2);
  });

  it("refuses partitions, and ONLY where there are parts", async () => {
    expect(await refused("select * from parts_eu")).toEqual({
      code: 2,
      said: "error: public.parts_eu is a partition, and which rows lay in it is not known of the past.\nRead the whole table: public.parts\n",
    });
    expect((await refused("select * from only parts")).said).toContain("Leave out ONLY.");
    expect((await refused("select * from only public.animals")).said).toContain("Leave out ONLY.");
  });

  it("refuses functions that read tables", async () => {
    for (const [call, name] of [
      ["select * from inlined()", "inlined"],
      ["select counted()", "counted"],
      ["select counted() from users", "counted"],
      ["select public.through()", "counted"],
    ]) {
      expect(await refused(call ?? "")).toEqual({
        code: 2,
        said: `error: public.${name}() is a function, and may read public.users as of today: what happens in it cannot be seen.\nWrite into the query what it does, or accept that: --present 'public.${name}'\n`,
      });
    }
    expect((await refused("select query_to_xml('table users', true, true, '')")).code).toBe(2);
    expect(
      await items("select through() as now, count(*) as before from users", "--present", "counted"),
    ).toEqual([{ now: "5", before: "4" }]);
    expect(await items("select count(*) from inlined()", "--present", "inlined")).toEqual([{ count: "5" }]);
    expect(await items("select harmless(id) as more from users where id = 1")).toEqual([{ more: "2" }]);
  });

  it("refuses names that it does not follow", async () => {
    const { code, said } = await refused(`select * from ${JSON.stringify(database.name)}.public.users`);
    expect(code).toBe(2);
    expect(said).toMatch(/^error: public.users would be read as it is today/);
    const escaped = await refused('select * from U&"\\0075sers"');
    expect(escaped).toMatchObject({
      code: 2,
      said: expect.stringMatching(/^error: public.users would be read/),
    });
  });

  it("reads catalogs as ever", async () => {
    expect(
      await items(
        "select relname from pg_class where relname = 'users' and relnamespace = 'public'::regnamespace",
      ),
    ).toEqual([{ relname: "users" }]);
    expect(
      await items(
        "select count(*) from information_schema.tables where table_name = 'orders' and table_schema = 'public'",
      ),
    ).toEqual([{ count: "1" }]);
  });
});

describe("a query that cannot be run", () => {
  it.each<[string, string]>([
    ["select nope from users", '"nope" does not exist.\n  select nope from users\n         ^\n'],
    [
      "select *\nfrom public.users u\nwher u.id = 1",
      'Syntax error at or near "wher".\n  wher u.id = 1\n  ^\n',
    ],
    ["select 'ü😀', x.id from public.users, users", '"users" specified more than once.\n'],
    [
      "select 'ü😀', nope() from public.users",
      "nope() does not exist.\n  select 'ü😀', nope() from public.users\n",
    ],
    [
      "select * from users where id =",
      "ends where more is expected.\n  select * from users where id =\n                                ^\n",
    ],
    ["select * from nowhere", '"nowhere" does not exist.\n  select * from nowhere\n                ^\n'],
    ["select 1 / (id - 1) from users", "Division by zero.\n"],
    ["select $1", "There is no value for $1: write it out."],
    ["select (select id from users)", "More than one row"],
    ["select 1; drop table users", "second one begins here.\n  select 1; drop table users\n            ^\n"],
    ["update users set name = ''", '"update" begins none of these.\n'],
    ["with gone as (delete from users returning 1) table gone", "must be at the top level.\n"],
    ["select * into stolen from users", "INTO is not allowed here.\n"],
    [
      "select set_config('transaction_read_only', 'off', true)",
      "read-write mode inside a read-only transaction.\n",
    ],
    ["select 1) as x, (select 1", "no partner"],
  ])("%s", async (sql, says) => {
    const { code, said } = await refused(sql);
    expect(said).toContain(says);
    expect(code).toBe(2);
  });

  it("because it writes is refused", async () => {
    expect(await refused("select nextval(pg_get_serial_sequence('numbered', 'id'))")).toMatchObject({
      code: 2,
    });
    await database.sql`create sequence counter`;
    expect(await refused("select nextval('counter')")).toEqual({
      code: 5,
      said: "error: The query writes, or locks rows; the past can only be read.\nChange rows of today with psql.\n",
    });
    // Up to PostgreSQL 15 this passes for reading; nothing is left of it.
    await query("select lo_create(4711)");
    expect(await database.sql`select from pg_largeobject_metadata`).toHaveLength(0);
  });

  it("because of the instant names the oldest", async () => {
    const { code, stderr } = await audit.run(["query", "--at", "2020-01-01", "select * from active_users"]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/public\.users cannot be shown|users cannot be shown as of 2020/);
    expect(stderr).toMatch(/The oldest possible instant is/);
    // A table that is only called like something in the query is not asked for.
    expect(
      (
        await audit.run([
          "query",
          "--at",
          "2020-01-01",
          "with users as (select 1 as orders) select orders from users",
        ])
      ).code,
    ).toBe(0);
  });

  it("for want of rights says which", async () => {
    const role = `reader_${randomBytes(4).toString("hex")}`;
    const { sql } = database;
    await sql.unsafe(
      `create role ${role} login password 'x'; grant audit_reader to ${role}; grant select on orders to ${role}`,
    );
    try {
      const url = new URL(database.url);
      url.username = role;
      url.password = "x";
      const run = (statement: string) =>
        runCli(["query", "--at", then, statement, "--database-url", url.href]);
      expect((await run("select count(*) from orders")).stdout).toBe("count\n20\n");
      const { code, stderr } = await run("select * from orders, users");
      expect(code).toBe(4);
      expect(stderr).toMatch(/Permission denied for table users/);
    } finally {
      await sql.unsafe(`drop owned by ${role}; drop role ${role}`);
    }
  });
});

describe("a stranger's function on the path", () => {
  const stranger = `stranger_${randomBytes(4).toString("hex")}`;
  afterAll(async () => {
    await database.sql.unsafe(`drop owned by ${stranger} cascade; drop role ${stranger}`);
  });

  it("never runs for being called like one of ours", async () => {
    const { sql } = database;
    await sql.unsafe(
      `
      create role ${stranger};
      grant create, usage on schema public to ${stranger};
      set role ${stranger};
      create function public.lag(tid) returns tid language plpgsql as $$ begin raise exception 'trapped'; end $$;
      reset role`,
    );
    expect(await items("select id from users order by id")).toHaveLength(4);
    expect(await audit.items("query", "--at", "tag:then", "select count(*) from users, orders")).toEqual([
      { count: "80" },
    ]);
  });
});

it("streams answers of any length", async () => {
  const { sql } = database;
  const rows = process.env.QUERY_ROWS ? Number(process.env.QUERY_ROWS) : 100_000;
  await sql.unsafe(`create table many (id int primary key, note text)`);
  await audit("enable", "many");
  await sql`insert into many select i, repeat(md5(i::text), 4) from generate_series(1, ${rows}) as i`;
  const [now] = await sql<{ at: string }[]>`select clock_timestamp()::text as at`;
  await sql`update many set note = 'x' where id <= 10`;
  let characters = 0;
  let most = 0;
  const { stderr, code } = await audit.run(
    ["query", "--at", now?.at ?? "", "select * from many order by id", "--json"],
    {
      onOut: (text) => {
        characters += text.length;
        most = Math.max(most, text.length);
      },
    },
  );
  expect({ code, stderr: stderr.split("\n")[1] }).toEqual({
    code: 0,
    stderr: `${rows.toLocaleString("en")} rows`,
  });
  expect(characters).toBeGreaterThan(rows * 128);
  expect(most).toBeLessThan(256 * 1024);
});
