import { describe, expect, it } from "vitest";
import { auditOf } from "../../helpers/auditOf.ts";
import { type Change, captures, clock, rowsAt, rowsNow, run, statusOf } from "./capture.ts";

describe.each(captures)("A table without a primary key, %s", (capture, open) => {
  const database = open();
  const audit = auditOf(database);

  async function refused(code: number, ...args: string[]): Promise<string> {
    const { code: got, stdout, stderr } = await audit.run(args);
    expect({ args, code: got, stdout }).toEqual({ args, code, stdout: "" });
    return stderr;
  }

  it("is refused with the unique indexes that would do, and no others", async () => {
    await database.sql.unsafe(`
      create table seat (hall text not null, no int not null, code text not null, holder text, maybe int unique);
      create unique index seat_place on seat (no, hall);
      create unique index on seat (code) include (holder);
      create unique index on seat (hall) where no = 1;
      create unique index on seat ((lower(code)));
      create index on seat (holder)`);
    const stderr = await refused(2, "enable", "seat");
    expect(stderr).toContain("public.seat has no primary key, by which its rows could be told apart.");
    expect(stderr).toMatch(
      /audit enable public\.seat --key (no,hall \(or --key code\)|code \(or --key no,hall\))\. As a log only.*--no-key/,
    );
    for (const key of ["maybe", "hall", "no", "no,hall,code", "holder"])
      expect(await refused(2, "enable", "seat", "--key", key)).toContain("has no unique index over just");
    expect(await refused(2, "enable", "seat", "--key", "place")).toContain(
      "has no column place to be its key",
    );
  });

  it("goes by the columns chosen, in the order of the index", async () => {
    expect((await audit("enable", "seat", "--key", "hall,no")).stdout).toContain("by hall, no");
    const start = await clock(database.sql);
    await run(
      database.sql,
      `insert into seat values ('A', 1, 'a1', 'x'), ('A', 2, 'a2', 'y');
       update seat set holder = 'z' where no = 2;
      `,
    );
    const middle = await clock(database.sql);
    const then = await rowsNow(database.sql, "seat");
    await run(
      database.sql,
      `update seat set hall = 'B', holder = null where no = 1;
       update seat set code = 'new' where no = 2;
       delete from seat where no = 2;
      `,
    );
    const life = await audit.items<Change>("history", "seat", "1", "B");
    expect(life.map(({ op, key, old_key }) => [op, key, old_key])).toEqual([
      ["insert", '["1", "A"]', null],
      ["update", '["1", "B"]', '["1", "A"]'],
    ]);
    expect(await audit.items("history", "seat", "hall=A", "no=1")).toEqual(life);
    expect(await audit.items("at-time", middle, "seat", "hall=A", "no=1")).toMatchObject([{ holder: "x" }]);
    expect(await audit.items("at-time", start, "seat")).toEqual([]);
    expect(await rowsAt(database.sql, "seat", middle)).toEqual(then);
    expect(await audit.items("diff", "seat", "--from", middle)).toHaveLength(2);
  });

  it("is broken when the index goes, says status, and goes on when it is back", async () => {
    await database.sql.unsafe("drop index seat_place");
    expect(await statusOf(database, "seat")).toMatchObject({
      state: "broken",
      problems: expect.stringContaining("The key is no longer the one changes are recorded by."),
    });
    expect(await refused(2, "enable", "seat")).toContain("--key code");
    await database.sql.unsafe("create unique index on seat (hall, no)");
    await audit("enable", "seat");
    expect(await statusOf(database, "seat")).toEqual({ state: "on", problems: "" });
    await database.sql.unsafe("insert into seat values ('C', 9, 'c9', 'w')");
    expect((await audit.items<Change>("history", "seat")).at(-1)).toMatchObject({ key: '["9", "C"]' });
  });

  it("begins a new coverage when another key is chosen", async () => {
    const before = await clock(database.sql);
    expect((await audit("enable", "seat", "--key", "code")).stdout).toContain("by code");
    const after = await clock(database.sql);
    await database.sql.unsafe("update seat set holder = 'v' where code = 'c9'");
    expect((await audit.items<Change>("history", "seat", "c9")).map(({ key }) => key)).toEqual(["c9"]);
    expect(await audit.items("at-time", after, "seat", "c9")).toMatchObject([{ holder: "w" }]);
    expect(await refused(3, "at-time", before, "seat")).toContain("coverage");
  });

  it("is a log only with --no-key: every operation is told, and no row and no past", async () => {
    await database.sql.unsafe("create table note (a int, b text)");
    expect((await audit("enable", "note", "--no-key")).stdout).toContain("as a log only");
    const since = await clock(database.sql);
    await run(
      database.sql,
      `insert into note values (1, 'x'), (1, 'x');
       update note set b = 'y';
       update note set b = b;
       delete from note where ctid = (select min(ctid) from note);
       truncate note;
      `,
    );
    const changes = await audit.items<Change>("history", "note");
    const image = (b: string) => ({ a: "1", b });
    expect(changes.map(({ op, key, old, new: after }) => [op, key, old, after])).toEqual([
      ["insert", null, null, image("x")],
      ["insert", null, null, image("x")],
      ["update", null, { b: "x" }, { b: "y" }],
      ["update", null, { b: "x" }, { b: "y" }],
      ["delete", null, image("y"), null],
      ["truncate", null, image("y"), null],
    ]);
    expect((await audit("history", "note")).stdout).toMatch(/insert[\s\S]*truncate/);
    for (const args of [
      ["history", "note", "1"],
      ["at-time", since, "note"],
      ["at-time", since, "note", "1"],
      ["diff", "note", "--from", since],
    ])
      expect(await refused(3, ...args)).toMatch(/key/);
    await expect(rowsAt(database.sql, "note", since)).rejects.toMatchObject({ code: /UA00[13]/ });
  });

  it("gets a past with a new coverage once it has a key and is enabled again", async () => {
    await database.sql.unsafe("insert into note values (7, 'seven')");
    const before = await clock(database.sql);
    await database.sql.unsafe("alter table note add primary key (a)");
    expect((await audit("enable", "note")).stdout).not.toContain("log only");
    const after = await clock(database.sql);
    await database.sql.unsafe("update note set b = 'eight' where a = 7");
    expect(await audit.items("at-time", after, "note", "7")).toEqual([{ a: "7", b: "seven" }]);
    expect(await refused(3, "at-time", before, "note")).toContain("coverage");
    expect((await audit.items<Change>("history", "note", "7")).map(({ op }) => op)).toEqual(["update"]);
    expect(await statusOf(database, "note")).toEqual({ state: "on", problems: "" });
  });

  it("that has one goes by it, and --key and --no-key are refused", async () => {
    await database.sql.unsafe("create table keyed (id int primary key, code int not null unique)");
    for (const option of [["--key", "code"], ["--no-key"]])
      expect(await refused(2, "enable", "keyed", ...option)).toContain("has a primary key, and goes by it");
    expect(capture).toMatch(/event triggers/);
  });
});
