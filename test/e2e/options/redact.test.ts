import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { auditOf } from "../../helpers/auditOf.ts";
import { answersAbout, type Change, captures, clock, everythingOfOurs, run } from "./capture.ts";

/** What must be found nowhere: each value of its own, so that none can hide behind another. */
const stem = `canary${randomBytes(6).toString("hex")}`;
let canaries = 0;
const canary = () => `${stem}x${++canaries}x`;

const hidden = { redacted: true };

describe.each(captures)("--redact, %s", (_capture, open) => {
  const database = open();
  const audit = auditOf(database);

  it.each(["changes", "full", "lean"] as const)(
    "keeps 200 values out of the log and every answer, and tells that they changed, in %s images",
    async (images) => {
      await database.sql.unsafe(`
        drop table if exists people;
        create table people (
          id int primary key, name text, password text, secret_a bytea, secret_b jsonb,
          loud text generated always as (upper(password)) stored,
          plain text generated always as (upper(name)) stored
        )`);
      const { stdout } = await audit("enable", "people", "--redact", "password,secret_*", "--images", images);
      expect(stdout).toContain("password, secret_a, secret_b, loud redacted");
      const since = await clock(database.sql);
      const values = () => `'${canary()}', '${canary()}', '"${canary()}"'`;
      const before = canaries;
      for (let id = 1; canaries - before < 200; id++) {
        await run(
          database.sql,
          `insert into people (id, name, password, secret_a, secret_b) values (${id}, 'n', ${values()});
           update people set password = '${canary()}' where id = ${id};
           update people set name = 'm', secret_b = '["${canary()}"]' where id = ${id};
           update people set id = ${id + 1000}, secret_a = '${canary()}' where id = ${id};
           update people set password = null where id = ${id + 1000};
           update people set password = null, name = 'm' where id = ${id + 1000};
           update people set name = 'l' where id = ${id + 1000};
           ${id % 2 === 0 ? `delete from people where id = ${id + 1000};` : "truncate people;"}
           insert into people (id, name, password) values (${id + 2000}, 'k', '${canary()}')
             on conflict (id) do update set password = '${canary()}';
          `,
        );
      }
      expect(canaries - before).toBeGreaterThanOrEqual(200);
      const hex = Buffer.from(stem).toString("hex");
      for (const text of [await everythingOfOurs(database.sql), await answersAbout(audit, "people", since)]) {
        expect(text).not.toContain(stem);
        expect(text).not.toContain(hex);
      }
      const row = (id: string, name: string) => ({ id, name, plain: name.toUpperCase() });
      const all = { password: hidden, secret_a: hidden, secret_b: hidden, loud: hidden };
      const changed = { password: hidden, loud: hidden };
      const whole = images === "full";
      const newer = (image: object) => (images === "lean" ? null : image);
      const changes = (await audit.items<Change>("history", "people")).slice(0, 7);
      expect(changes.map(({ op, old, new: image }) => [op, old, image])).toEqual([
        ["insert", null, newer({ ...row("1", "n"), ...all })],
        whole
          ? ["update", { ...row("1", "n"), ...changed }, { ...row("1", "n"), ...changed }]
          : ["update", changed, newer(changed)],
        whole
          ? ["update", { ...row("1", "n"), secret_b: hidden }, { ...row("1", "m"), secret_b: hidden }]
          : [
              "update",
              { name: "n", plain: "N", secret_b: hidden },
              newer({ name: "m", plain: "M", secret_b: hidden }),
            ],
        [
          "update",
          { ...row("1", "m"), secret_a: hidden },
          newer({ ...(whole ? row("1001", "m") : { id: "1001" }), secret_a: hidden }),
        ],
        whole
          ? ["update", { ...row("1001", "m"), ...changed }, { ...row("1001", "m"), ...changed }]
          : ["update", changed, newer(changed)],
        whole
          ? ["update", row("1001", "m"), row("1001", "l")]
          : ["update", { name: "m", plain: "M" }, newer({ name: "l", plain: "L" })],
        ["truncate", { ...row("1001", "l"), ...all }, null],
      ]);
    },
  );

  it("does not tell NULL from a value, nor one value from another", async () => {
    await database.sql.unsafe(
      "drop table if exists people; create table people (id int primary key, password text)",
    );
    await audit("enable", "people", "--redact", "password");
    await run(
      database.sql,
      `insert into people values (1, null), (2, '${canary()}');
       update people set password = '${canary()}';
       update people set password = null;
       delete from people;
      `,
    );
    const images = await database.sql<{ images: number; bytes: number }[]>`
      select count(distinct (op, old - 'id', new - 'id'))::int as images from audit.change
      where relation = (select max(id) from audit.relation)`;
    expect(images[0]?.images).toBe(3);
  });

  it("keeps them out of errors and contexts", async () => {
    await database.sql.unsafe(`
      drop table if exists people; create table people (id int primary key, password text, n int check (n > 0))`);
    await audit("enable", "people", "--redact", "password", "--no-statement");
    await database.sql.unsafe("alter table people add column more int");
    const value = canary();
    await database.sql.unsafe(`insert into people values (1, '${value}', 1)`);
    // The change cannot be recorded, so the write fails: with which message is our doing.
    await database.sql.unsafe("alter table audit.change add constraint never check (id < 0) not valid");
    try {
      for (const statement of [
        `update people set password = '${canary()}'`,
        "delete from people",
        "truncate people",
      ]) {
        const error = await database.sql.unsafe(statement).catch((reason: object) => reason);
        expect(error).toMatchObject({ code: "23514" });
        const { query: _query, ...told } = error as Record<string, unknown>;
        expect(JSON.stringify(told)).not.toContain(stem);
      }
    } finally {
      await database.sql.unsafe("alter table audit.change drop constraint never");
    }
  });

  it("holds for columns added later that match the glob, from their first write on", async () => {
    await database.sql.unsafe(
      "drop table if exists people; create table people (id int primary key, name text)",
    );
    expect((await audit("enable", "people", "--redact", "*_token")).stderr).toContain("note: No column of");
    const since = await clock(database.sql);
    await run(
      database.sql,
      `insert into people values (1, 'a');
       alter table people add column api_token text default '${canary()}';
       alter table people add column shout text generated always as (upper(api_token)) stored;
       update people set api_token = '${canary()}';
       update people set name = 'b', api_token = '${canary()}';
       alter table people rename column name to bare_token;
       update people set bare_token = '${canary()}';
       insert into people values (2, '${canary()}', '${canary()}');
       delete from people where id = 2;
       truncate people;
      `,
    );
    expect(await everythingOfOurs(database.sql)).not.toContain(stem);
    expect(await answersAbout(audit, "people", since)).not.toContain(stem);
    const changes = await audit.items<Change>("history", "people");
    expect(changes.map(({ op, old, new: image }) => [op, old, image]).slice(1)).toEqual([
      ["update", { api_token: hidden, shout: hidden }, { api_token: hidden, shout: hidden }],
      [
        "update",
        // under its present name: it was not hidden by then
        { bare_token: "a", api_token: hidden, shout: hidden },
        { bare_token: "b", api_token: hidden, shout: hidden },
      ],
      ["update", { bare_token: hidden }, { bare_token: hidden }],
      ["insert", null, { id: "2", bare_token: hidden, api_token: hidden, shout: hidden }],
      ["delete", { id: "2", bare_token: hidden, api_token: hidden, shout: hidden }, null],
      ["truncate", { id: "1", bare_token: hidden, api_token: hidden, shout: hidden }, null],
    ]);
  });

  it("leaves their past unknown after it is taken away", async () => {
    await database.sql.unsafe(
      "drop table if exists people; create table people (id int primary key, password text)",
    );
    await audit("enable", "people", "--redact", "password");
    await run(
      database.sql,
      `insert into people values (1, '${canary()}');\nupdate people set password = 'now';\n`,
    );
    const before = await clock(database.sql);
    await audit("enable", "people", "--redact", "");
    const after = await clock(database.sql);
    await database.sql.unsafe("update people set password = 'later'");
    expect((await audit.items<Change>("history", "people")).at(-1)).toMatchObject({
      old: { password: "now" },
      new: { password: "later" },
    });
    const then = await audit("at-time", before, "people");
    expect(then.stderr).toContain("column password is unknown then");
    expect(then.stdout).not.toMatch(/now|later/);
    expect(await audit.items("at-time", before, "people")).toEqual([{ id: "1", password: null }]);
    expect(await audit.items("at-time", after, "people")).toEqual([{ id: "1", password: "now" }]);
  });

  it("is refused for a key, and excluding a column wins over redacting it", async () => {
    await database.sql.unsafe(`
      drop table if exists people;
      create table people (id int primary key, user_id int not null, password text)`);
    const { code, stderr } = await audit.run(["enable", "people", "--redact", "*id"]);
    expect(code).toBe(2);
    expect(stderr).toContain('--redact: "id" is part of the key of public.people and cannot be redacted');
    await audit("enable", "people", "--redact", "password,user_id", "--exclude", "password");
    await database.sql.unsafe(`insert into people values (1, 7, '${canary()}')`);
    expect((await audit.items<Change>("history", "people"))[0]?.new).toEqual({ id: "1", user_id: hidden });
  });
});
