import { beforeAll, describe, expect, it } from "vitest";
import { connectTo, type TestSql } from "../helpers/client.ts";
import { runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

beforeAll(async () => {
  await database.sql.unsafe(`
    create table account (id int primary key, owner text, balance numeric);
    create table other (id int primary key)`);
  const { code } = await runCli(["enable", "account", "other", "--database-url", database.url]);
  expect(code).toBe(0);
});

const present = "select coalesce(jsonb_agg(r order by id), '[]') as rows from account as r";
const tagged = (tag: string) =>
  `select coalesce(jsonb_agg(r order by id), '[]') as rows from audit.at_tag(null::account, '${tag}') as r`;

async function rowsOf(sql: TestSql, query: string): Promise<unknown> {
  const [found] = await sql.unsafe<{ rows: string }[]>(query);
  return JSON.parse(found?.rows ?? "null");
}

/** Rewrites the newest change of the log. */
async function tamper(assignment: string): Promise<void> {
  await database.sql.begin(async (sql) => {
    await sql`set local audit.maintenance = 'prune'`;
    await sql.unsafe(`update audit.change set ${assignment} where id = (select max(id) from audit.change)`);
  });
}

async function sessions(count: number, work: (...open: TestSql[]) => Promise<void>): Promise<void> {
  const open = Array.from({ length: count }, () => connectTo(database.url, { max: 1 }));
  try {
    await work(...open);
  } finally {
    await Promise.all(open.map((sql) => sql.end({ timeout: 5 })));
  }
}

describe("a tag", () => {
  it("holds what was committed, and nothing of transactions that were open, whenever they wrote", async () => {
    await sessions(4, async (early, late, idle, prepared) => {
      await database.sql`insert into account values (1, 'a', 10), (2, 'b', 20), (3, 'c', 30), (4, 'd', 40)`;
      await early?.unsafe("begin; update account set balance = 11 where id = 1");
      await prepared?.unsafe(
        "begin; delete from account where id = 4; insert into account values (5, 'e', 50)",
      );
      await prepared?.unsafe("prepare transaction 'tag_test'");
      // began before the tag, writes only after it
      await late?.unsafe("begin; select 1");
      await database.sql`select audit.tag('middle')`;
      const truth = await rowsOf(database.sql, present);
      await late?.unsafe("update account set balance = 22 where id = 2; commit");
      // wrote before the tag alone
      await early?.unsafe("commit");
      await idle?.unsafe("insert into account values (6, 'f', 60)");
      await database.sql.unsafe("commit prepared 'tag_test'");
      expect(await rowsOf(database.sql, tagged("middle"))).toEqual(truth);
      expect(await rowsOf(database.sql, present)).not.toEqual(truth);
    });
  });

  it("holds nothing of a transaction that drew its number between the tag's snapshot and its own number", async () => {
    await database.sql`truncate account`;
    await database.sql`insert into account values (1, 'a', 10)`;
    const [before] = await database.sql<
      { snapshot: string }[]
    >`select pg_current_snapshot()::text as snapshot`;
    await database.sql`insert into account values (2, 'b', 20)`;
    await database.sql`
      insert into audit.tag (name, since, id, snapshot, era)
      values ('gap', now() - interval '1 minute', nextval('audit.change_id'), ${before?.snapshot ?? ""}::text::pg_snapshot, 1)`;
    expect(await rowsOf(database.sql, tagged("gap"))).toEqual([{ id: 1, owner: "a", balance: 10 }]);
  });

  it("does not go by clocks: a change that is dated before it belongs to what came after", async () => {
    await database.sql`truncate account`;
    await database.sql`insert into account values (1, 'a', 10)`;
    await database.sql`select audit.tag('clock')`;
    await database.sql`update account set balance = 99 where id = 1`;
    await tamper("at = at - interval '3 hours'");
    expect(await rowsOf(database.sql, tagged("clock"))).toEqual([{ id: 1, owner: "a", balance: 10 }]);
  });

  it("goes before everything of a later era, however its transactions are numbered", async () => {
    await database.sql`truncate account`;
    await database.sql`insert into account values (1, 'a', 10)`;
    await database.sql`select audit.tag('former')`;
    await database.sql`
      insert into audit.installation (era, version, system_identifier, first_id, roles, event_triggers)
      select era + 1, version, 1, nextval('audit.change_id'), roles, event_triggers from audit.installation`;
    await database.sql`update account set balance = 99 where id = 1`;
    // as if the counter had started anew
    await tamper("xid = '3'");
    expect(await rowsOf(database.sql, tagged("former"))).toEqual([{ id: 1, owner: "a", balance: 10 }]);
    await database.sql`delete from audit.installation where era > 1`;
  });

  it("is bounded by when the transactions began that were finished by then, not by the whole log", async () => {
    await database.sql`insert into other values (1)`;
    await database.sql`insert into other values (2)`;
    await database.sql`select audit.tag('bounded')`;
    const [tag] = await database.sql<{ near: boolean }[]>`
      select since between at - interval '2 minutes' and at as near from audit.tag where name = 'bounded'`;
    expect(tag).toEqual({ near: true });
  });

  it.each([
    [
      "begin; insert into other values (77); select audit.tag('x'); commit",
      /in a transaction that has written/,
    ],
    [
      "begin isolation level repeatable read; select audit.tag('x'); commit",
      /in a repeatable read transaction/,
    ],
    ["begin; select audit.tag('twice'); commit; select audit.tag('twice')", /is there already/],
  ])("is refused: %s", async (script, message) => {
    await sessions(1, async (session) => {
      await expect(session?.unsafe(script)).rejects.toMatchObject({
        code: "UA005",
        message: expect.stringMatching(message),
      });
    });
  });

  it("that does not exist is an error", async () => {
    await expect(database.sql.unsafe(tagged("nowhere"))).rejects.toMatchObject({ code: "UA006" });
  });
});
