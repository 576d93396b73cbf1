import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { auditOf } from "../../helpers/auditOf.ts";
import { answersAbout, type Change, captures, clock, everythingOfOurs, rowsAt, run } from "./capture.ts";

/** What must be found nowhere. */
const canary = `canary${randomBytes(6).toString("hex")}`;

describe.each(captures)("--only, %s", (_capture, open) => {
  const database = open();
  const audit = auditOf(database);

  it("records these columns and the key, by name and by glob, and nothing else anywhere", async () => {
    await database.sql.unsafe(`
      create table people (
        id int, region text, name text, mail_home text, mail_work text, hair_color text, iris text,
        loud text generated always as (upper(hair_color)) stored,
        mail_all text generated always as (mail_home || mail_work) stored,
        primary key (region, id)
      )`);
    const { stdout } = await audit("enable", "people", "--only", "name,mail_*");
    expect(stdout).toContain("without hair_color, iris, loud;");
    const since = await clock(database.sql);
    await run(
      database.sql,
      `insert into people values (1, 'eu', 'a', 'h', 'w', '$', '$'), (2, 'eu', 'b', 'h', 'w', '$', '$');
       update people set hair_color = '$2', iris = null;
       update people set name = 'c', mail_work = 'x', hair_color = '$3' where id = 1;
       update people set id = 10, hair_color = '$4' where id = 1;
       insert into people (id, region, hair_color) values (2, 'eu', '$5')
         on conflict (region, id) do update set hair_color = excluded.hair_color, name = 'e';
       delete from people where id = 2;
       insert into people (id, region, name, iris) values (3, 'us', 'g', '$7');
       truncate people;
       insert into people values (4, 'us', 'i', null, null, '$8', '$9');
      `.replaceAll("$", canary),
    );
    expect(await everythingOfOurs(database.sql)).not.toContain(canary);
    expect(await answersAbout(audit, "people", since)).not.toContain(canary);
    const changes = await audit.items<Change>("history", "people");
    const image = (id: string, name: string, work = "w", region = "eu") => ({
      ...{ id, region, name, mail_home: "h", mail_work: work, mail_all: `h${work}` },
    });
    const bare = (id: string, name: string) => ({
      ...{ id, region: "us", name, mail_home: null, mail_work: null, mail_all: null },
    });
    expect(changes.map(({ op, key, old, new: after }) => [op, key, old, after])).toEqual([
      ["insert", '["eu", "1"]', null, image("1", "a")],
      ["insert", '["eu", "2"]', null, image("2", "b")],
      [
        "update",
        '["eu", "1"]',
        { name: "a", mail_work: "w", mail_all: "hw" },
        { name: "c", mail_work: "x", mail_all: "hx" },
      ],
      ["update", '["eu", "10"]', image("1", "c", "x"), { id: "10" }],
      ["update", '["eu", "2"]', { name: "b" }, { name: "e" }],
      ["delete", '["eu", "2"]', image("2", "e"), null],
      ["insert", '["us", "3"]', null, bare("3", "g")],
      expect.arrayContaining(["truncate"]),
      expect.arrayContaining(["truncate"]),
      ["insert", '["us", "4"]', null, bare("4", "i")],
    ]);
    const truncated = changes.slice(7, 9).map(({ key, old }) => [key, old]);
    expect(truncated).toEqual(
      expect.arrayContaining([
        ['["eu", "10"]', image("10", "c", "x")],
        ['["us", "3"]', bare("3", "g")],
      ]),
    );
  });

  it("has the rest named as unknown in the past, and never shown as it is today", async () => {
    const { stdout, stderr } = await audit("at-time", "now", "people");
    for (const column of ["hair_color", "iris", "loud"])
      expect(stderr).toContain(`column ${column} is unknown then (excluded from auditing)`);
    expect(stderr.match(/is unknown then/g)).toHaveLength(3);
    expect(stdout).not.toContain(canary);
    expect(await audit.items("at-time", "now", "people")).toEqual([
      {
        ...{ id: "4", region: "us", name: "i", mail_home: null, mail_work: null, mail_all: null },
        ...{ hair_color: null, iris: null, loud: null },
      },
    ]);
  });

  it("records a column added later from its first write on where it matches, and not where not", async () => {
    const since = await clock(database.sql);
    await run(
      database.sql,
      `alter table people add column mail_new text default 'd', add column phone text default '${canary}';
       update people set mail_new = 'n', phone = '${canary}2';
       update people set iris = 'recorded from here on';
       alter table people rename column iris to mail_iris;
       update people set mail_iris = 'seen', hair_color = '${canary}3', phone = '${canary}';
       insert into people (id, region, mail_new, phone) values (5, 'us', 'five', '${canary}');
       delete from people where id = 5;
       update people set phone = '${canary}4';
       truncate people;
      `,
    );
    expect(await everythingOfOurs(database.sql)).not.toContain(`${canary}2`);
    expect(await answersAbout(audit, "people", since)).not.toContain(canary);
    const changes = await audit.items<Change>("history", "people", "--since", since);
    expect(changes.map(({ op }) => op)).toEqual(["update", "update", "insert", "delete", "truncate"]);
    expect(changes[0]).toMatchObject({ old: { mail_new: "d" }, new: { mail_new: "n" } });
    expect(changes[1]?.new).toEqual({ mail_iris: "seen" });
    expect(changes[2]?.new).toMatchObject({ id: "5", mail_new: "five" });
    for (const { old, new: after } of changes)
      for (const column of ["phone", "hair_color", "loud"]) {
        expect(Object.keys(old ?? {})).not.toContain(column);
        expect(Object.keys(after ?? {})).not.toContain(column);
      }
    expect(changes[4]?.old).toMatchObject({ id: "4", mail_new: "n", mail_iris: "seen" });
  });

  it("is taken away by '', after which the rest is recorded and its past before is unknown", async () => {
    await database.sql.unsafe("insert into people (id, region, phone) values (6, 'us', 'unseen')");
    const before = await clock(database.sql);
    expect((await audit("enable", "people", "--only", "")).stdout).not.toContain("without");
    const after = await clock(database.sql);
    await database.sql.unsafe("update people set phone = 'seen'");
    const [change] = await audit.items<Change>("history", "people", "--limit", "1");
    expect(change).toMatchObject({ old: { phone: "unseen" }, new: { phone: "seen" } });
    expect((await audit("at-time", before, "people")).stderr).toContain("column phone is unknown then");
    expect((await audit("at-time", after, "people")).stderr).not.toContain("phone");
    expect((await rowsAt(database.sql, "people", after)).join()).toContain("unseen");
  });

  it("refuses a name that no column has, and takes one glob that matches none with a note", async () => {
    const { code, stderr } = await audit.run(["enable", "people", "--only", "nmae"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--only: public\.people has no column "nmae"\. Did you mean.*name/);
    await database.sql.unsafe("create table bare (id int primary key, n int)");
    expect((await audit("enable", "bare", "--only", "x_*")).stderr).toContain(
      "note: No column of public.bare",
    );
    await run(database.sql, "insert into bare values (1, 1);\nupdate bare set n = 2;\ndelete from bare;\n");
    expect(
      (await audit.items<Change>("history", "bare")).map(({ op, old, new: after }) => [op, old, after]),
    ).toEqual([
      ["insert", null, { id: "1" }],
      ["delete", { id: "1" }, null],
    ]);
  });
});
