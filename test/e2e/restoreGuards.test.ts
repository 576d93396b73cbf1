import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { connectTo } from "../helpers/client.ts";
import { runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database, { env: { TZ: "UTC" } });
const role = `restore_${randomBytes(4).toString("hex")}`;
const owner = `owner_${randomBytes(4).toString("hex")}`;

beforeAll(async () => {
  for (const name of [role, owner]) await database.sql.unsafe(`create role ${name} login password 'x'`);
  await database.sql.unsafe(`grant audit_reader to ${role}`);
});

afterAll(async () => {
  for (const name of [role, owner])
    await database.sql.unsafe(`drop owned by ${name} cascade; drop role ${name}`);
});

/** The command as a role. */
function as(name: string, ...args: string[]) {
  const url = new URL(database.url);
  url.username = name;
  url.password = "x";
  return runCli([...args, "--database-url", url.href, "--tz", "UTC"]);
}

/** The rows of a table, and how much was noted and recorded so far. */
async function state(table: string) {
  const { sql } = database;
  return {
    rows: await sql.unsafe(`select r::text as line from ${table} as r order by 1`),
    noted: await sql`
      select (select count(*)::int from audit.operation) as operations, (select count(*)::int from audit.tag) as tags,
        (select count(*)::int from audit.change) as changes`,
  };
}

async function expectRefused(args: string[], code: number, sentence: RegExp, table: string, run = audit.run) {
  const before = await state(table);
  const result = await run(["restore", ...args]);
  expect({ args, ...result }).toMatchObject({ args, code, stderr: expect.stringMatching(sentence) });
  expect(await state(table)).toEqual(before);
  return result;
}

describe("somebody who writes meanwhile", () => {
  it("makes it fail, with nothing changed", async () => {
    const { sql } = database;
    await sql.unsafe(
      "create table busy (id int primary key, a text); insert into busy values (1, 'a'), (2, 'b')",
    );
    await audit("enable", "busy");
    await audit("tag", "busy");
    await sql`update busy set a = 'damaged'`;
    const args = ["restore", "busy", "--to", "tag:busy", "--apply"];
    const operations = async () => (await sql`select from audit.operation where kind = 'restore'`).length;
    const before = await operations();
    const other = connectTo(database.url, { max: 1 });
    try {
      await other.unsafe("begin; update busy set a = 'theirs' where id = 2");
      const waiting = audit.run(args);
      await untilWaiting();
      await other.unsafe("commit");
      const { code, stderr } = await waiting;
      expect({ code, stderr }).toMatchObject({
        code: 5,
        stderr: expect.stringMatching(
          /error: public\.busy: somebody wrote to the same rows meanwhile, so nothing was changed\.\nRun the command again/,
        ),
      });
      expect(await sql`select a from busy order by id`).toEqual([{ a: "damaged" }, { a: "theirs" }]);
      await other.unsafe("begin; delete from busy where id = 1");
      const again = audit.run(args);
      await untilWaiting();
      await other.unsafe("commit");
      expect(await again).toMatchObject({ code: 5 });
      expect(await sql`select a from busy order by id`).toEqual([{ a: "theirs" }]);
    } finally {
      await other.end({ timeout: 5 });
    }
    expect(await operations()).toBe(before);
    expect(await sql`select from audit.tag where name like 'before-%'`).toHaveLength(0);
    await audit(...args);
    expect(await sql`select a from busy order by id`).toEqual([{ a: "a" }, { a: "b" }]);
  });
});

/** Until a session waits for another's row. */
async function untilWaiting(): Promise<void> {
  for (let time = 0; time < 400; time++) {
    const waiting = await database.sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    if (waiting.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("Nobody waits for a lock.");
}

describe("triggers of the application", () => {
  it("fire, and are an obstacle where they make something else of it", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table notes (id int primary key, body text, touched int default 0);
      create table counts (id int primary key, n int);
      insert into counts values (1, 0);
      insert into notes values (1, 'a'), (2, 'b');
      create function touch() returns trigger language plpgsql as $$
        begin new.touched := old.touched + 1; return new; end $$;
      create trigger touch before update on notes for each row execute function touch()`);
    await audit("enable", "notes", "counts");
    await audit("tag", "notes");
    await sql`update notes set body = 'x' where id = 1`;
    const args = ["notes", "--to", "tag:notes"];
    const { stdout } = await expectRefused(
      [...args, "--apply"],
      5,
      /It would not come to what was asked for: touched of row 1 of public\.notes is 2 instead of 0\./,
      "notes",
    );
    expect(stdout).toContain("triggers that fire: touch (update)");
    expect(stdout).toContain("not as asked for: touched of row 1 of public.notes is 2 instead of 0");
    expect(stdout).toMatch(/\nTried, and taken back: nothing was changed\.\n$/);
    const skipped = await audit("restore", ...args, "--apply", "--triggers", "skip");
    expect(skipped.stdout).toContain("triggers that are skipped: touch (update)");
    expect(await sql`select * from notes order by id`).toEqual([
      { id: 1, body: "a", touched: 0 },
      { id: 2, body: "b", touched: 0 },
    ]);
    await sql`update notes set body = 'y' where id = 2`;
    expect(await sql`select touched from notes where id = 2`).toEqual([{ touched: 1 }]);
    await audit("restore", ...args, "--apply", "--allow-side-effects");
    expect(await sql`select body, touched from notes where id = 2`).toEqual([{ body: "b", touched: 2 }]);
    expect((await audit("check")).stdout).toContain("All is as it was set up.");
  });

  it("are told of, and skipped, where keys are exchanged, so that rows are written anew", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table seats (id int primary key deferrable initially deferred, who text);
      insert into seats values (1, 'a'), (2, 'b'), (3, 'c');
      create function refuse_seat() returns trigger language plpgsql as $$
        begin raise exception 'no new seats'; end $$;
      create trigger refuse_seat before insert on seats for each row execute function refuse_seat()`);
    await audit("enable", "seats");
    await audit("tag", "seats");
    await sql`update seats set id = case id when 1 then 2 when 2 then 1 else 4 end`;
    const args = ["seats", "--to", "tag:seats", "--apply"];
    const skipped = await audit("restore", ...args, "--triggers", "skip");
    expect(skipped.stdout).toContain("triggers that are skipped: refuse_seat (insert)");
    expect(await sql`select * from seats order by id`).toEqual([
      ...[
        { id: 1, who: "a" },
        { id: 2, who: "b" },
        { id: 3, who: "c" },
      ],
    ]);
  });

  it("find what they need by the caller's path, and other rows they change are told of", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table counted (id int primary key);
      create function count_it() returns trigger language plpgsql as $$
        begin update counts set n = n + 1; return null; end $$;
      create trigger count_it after insert on counted for each row execute function count_it();
      insert into counted values (1)`);
    await audit("enable", "counted");
    await audit("tag", "counted");
    await sql`delete from counted`;
    await expectRefused(
      ["counted", "--to", "tag:counted"],
      5,
      /other rows of public\.counts change as well: 1 changed/,
      "counted",
    );
    await audit("restore", "counted", "--to", "tag:counted", "--apply", "--allow-side-effects");
    expect(await sql`select n from counts`).toEqual([{ n: 2 }]);
  });

  it("that say no are heard", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table locked (id int primary key, a int check (a < 10));
      insert into locked values (1, 1), (2, 2)`);
    await audit("enable", "locked");
    await audit("tag", "locked");
    await sql.unsafe(`
      update locked set a = 5;
      create function say_no() returns trigger language plpgsql as $$
        begin if old.id = 1 then raise exception 'not on my watch'; end if; return null; end $$;
      create trigger say_no before update on locked for each row execute function say_no()`);
    await expectRefused(
      ["locked", "--to", "tag:locked"],
      5,
      /error: public\.locked: the server refuses it, so nothing was changed: not on my watch\./,
      "locked",
    );
    await expectRefused(
      ["locked", "2", "--to", "tag:locked"],
      5,
      /a of row 2 of public\.locked is 5 instead of 2/,
      "locked",
    );
    await sql.unsafe("drop trigger say_no on locked; alter table locked add check (a > 4) not valid");
    await expectRefused(["locked", "--to", "tag:locked"], 5, /violates check constraint/, "locked");
  });
});

describe("foreign keys of other tables", () => {
  it("stand in the way, or would take rows along", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table users (id int primary key);
      create table orders (id int primary key, owner int references users);
      create table visits (id int primary key, owner int references users on delete cascade);
      create table likes (id int primary key, owner int references users on delete set null)`);
    await audit("enable", "users", "orders");
    await audit("tag", "empty");
    await sql.unsafe(`
      insert into users values (1), (2); insert into orders values (1, 1), (2, 1);
      insert into visits values (1, 2); insert into likes values (1, 2)`);
    const { stdout } = await expectRefused(
      ["users", "--to", "tag:empty", "--apply"],
      5,
      /2 rows of public\.orders refer to rows that are to go \(foreign key orders_owner_fkey\)\./,
      "users",
    );
    expect(stdout).toContain("foreign key orders_owner_fkey stands in the way: 2 rows of public.orders");
    expect(stdout).toContain("foreign key visits_owner_fkey deletes: 1 row of public.visits");
    await expectRefused(
      ["users", "2", "--to", "tag:empty", "--apply"],
      5,
      /1 row of public\.likes would lose its reference .*\n.*1 row of public\.visits would be deleted/,
      "users",
    );
    await audit("restore", "orders", "users", "--to", "tag:empty", "--apply", "--allow-side-effects");
    expect(await state("users")).toMatchObject({ rows: [] });
    expect(await state("likes")).toMatchObject({ rows: [{ line: "(1,)" }] });
  });
});

describe("rights", () => {
  it("are the caller's, for rows, triggers, and the note of what was done", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table mine (id int primary key, a int);
      insert into mine values (1, 1), (2, 2);
      create function fine() returns trigger language plpgsql as 'begin return new; end';
      create trigger fine before update on mine for each row execute function fine()`);
    await audit("enable", "mine");
    await audit("tag", "mine");
    await sql`update mine set a = a + 5`;
    const run = (args: string[]) => as(role, ...args);
    const args = ["mine", "--to", "tag:mine"];
    await expectRefused(args, 4, /Permission denied for table mine/, "mine", run as typeof audit.run);
    await sql.unsafe(`grant select, update on mine to ${role}`);
    expect(await run(["restore", ...args])).toMatchObject({ code: 0 });
    await expectRefused(
      [...args, "--triggers", "skip"],
      5,
      /Trigger fine of public\.mine cannot be skipped: only the table's owner may switch it off\./,
      "mine",
      run as typeof audit.run,
    );
    const { stderr } = await expectRefused(
      [...args, "--apply"],
      4,
      /may not note operations in schema audit, so nothing was changed/,
      "mine",
      run as typeof audit.run,
    );
    const grants = /can allow it with: (.*)/.exec(stderr)?.[1] ?? "";
    const [next] = await sql`select max(id) + 1 as id from audit.operation`;
    await audit("tag", `before-restore-${Number(next?.id) + 1}`);
    await sql.unsafe(grants);
    expect(await run(["restore", ...args, "--apply"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ tag:before-restore-\d+\.2\n$/),
    });
    expect(await sql`select a from mine order by id`).toEqual([{ a: 1 }, { a: 2 }]);
    expect(await sql`select distinct db_user from audit.change order by 1`).toContainEqual({ db_user: role });
    await sql.unsafe(`update mine set a = 9; alter table mine owner to ${role}`);
    const owned = await run(["restore", ...args, "--apply", "--triggers", "skip"]);
    expect(owned).toMatchObject({ code: 0, stdout: expect.stringContaining("are skipped: fine (update)") });
    expect(await sql`select tgenabled from pg_trigger where tgname = 'fine'`).toEqual([{ tgenabled: "O" }]);
    expect(await sql`select a from mine order by id`).toEqual([{ a: 1 }, { a: 2 }]);
    await sql.unsafe(grants.replaceAll("grant", "revoke").replaceAll(" to ", " from "));
  });

  it("do not do where row-level security hides rows", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table seen (id int primary key, a int);
      insert into seen values (1, 1), (2, 2);
      alter table seen enable row level security;
      create policy odd on seen using (id % 2 = 1);
      grant select, insert, update, delete on seen to ${role}`);
    await audit("enable", "seen");
    await audit("tag", "seen");
    await sql`update seen set a = a + 5`;
    const run = (args: string[]) => as(role, ...args);
    await expectRefused(
      ["seen", "--to", "tag:seen"],
      5,
      /Row-level security hides rows of public\.seen from you/,
      "seen",
      run as typeof audit.run,
    );
    await audit("restore", "seen", "--to", "tag:seen", "--apply");
    expect(await sql`select a from seen order by id`).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it("are not lent to the code of a table's owner", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create schema trap authorization ${owner};
      grant usage on schema trap to ${role};
      set role ${owner};
      create table trap.caught (who text, via text);
      grant insert on trap.caught to public;
      create function trap.note(via text) returns int language plpgsql as $$
        begin insert into trap.caught values (current_user, via); return 1; end $$;
      create function trap.note_it() returns trigger language plpgsql as $$
        begin perform trap.note('trigger'); return new; end $$;
      create function trap.steady(n int) returns int language plpgsql immutable as $$
        begin perform trap.note('index'); return n; end $$;
      create function trap.fine(n int) returns boolean language plpgsql immutable as $$
        begin perform trap.note('check'); return true; end $$;
      create table trap.bait (id int primary key, a int default trap.note('default'), b int check (trap.fine(b)),
        c int generated always as (trap.steady(b)) stored);
      create index on trap.bait (trap.steady(b));
      create trigger note_it before insert or update on trap.bait for each row execute function trap.note_it();
      create function trap.equal(int, int) returns boolean language plpgsql as $$
        begin perform trap.note('operator'); return true; end $$;
      create operator trap.= (leftarg = int, rightarg = int, function = trap.equal);
      insert into trap.bait values (1, 1, 1), (2, 2, 2);
      grant all on trap.bait to ${role};
      reset role;
      alter role ${role} set search_path = trap, public`);
    await audit("enable", "trap.bait");
    await audit("tag", "trap");
    await sql.unsafe("update trap.bait set b = 9 where id = 1; delete from trap.bait where id = 2");
    await sql`truncate trap.caught`;
    await sql.unsafe(`
      grant insert on audit.operation, audit.tag to ${role}; grant select on audit.operation to ${role};
      grant usage on sequence audit.change_id to ${role}`);
    const run = await as(role, "restore", "trap.bait", "--to", "tag:trap", "--apply");
    expect(run).toMatchObject({ code: 0 });
    const caught = await sql`select distinct who, via from trap.caught order by via`;
    // As any write of the caller's would; what our functions do runs none of it, and the operator is not met at all.
    expect(caught).toEqual(["check", "index", "trigger"].map((via) => ({ who: role, via })));
    const definers = await sql`
      select proname from pg_proc where pronamespace = 'audit'::regnamespace and prosecdef
        and proname !~ '_[0-9]+$' and prorettype <> 'event_trigger'::regtype`;
    expect(
      definers.map(({ proname }) => proname).filter((name) => /restore|operation|repair/.test(name)),
    ).toEqual([]);
  });

  it("a session that plays the replica is told that nothing would be recorded", async () => {
    const { sql } = database;
    await sql.unsafe("create table copied (id int primary key); insert into copied values (1)");
    await audit("enable", "copied");
    await audit("tag", "copied");
    await sql`delete from copied`;
    const run = (args: string[]) =>
      audit.run(args, { env: { PGOPTIONS: "-c session_replication_role=replica" } });
    await expectRefused(
      ["copied", "--to", "tag:copied"],
      5,
      /session_replication_role is not origin/,
      "copied",
      run as typeof audit.run,
    );
  });
});
