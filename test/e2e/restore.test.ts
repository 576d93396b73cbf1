import { describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

describe("restore", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database, { env: { TZ: "UTC" } });

  it("shows what it would do, does it, and can be restored from", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table users (id int primary key, name text, ok boolean);
      insert into users values (1, 'Ada', true), (2, 'Bob', false), (3, 'Cleo', null)`);
    await audit("enable", "users");
    await audit("tag", "t");
    await sql.unsafe(`
      update users set name = 'x' where id = 1;
      delete from users where id = 2;
      insert into users values (4, 'Dan')`);
    const rows = () => sql<{ id: number }[]>`select * from users order by id`;
    const damaged = await rows();
    const recorded = async () => (await sql`select count(*)::int as n from audit.change`)[0]?.n;
    const before = await recorded();
    const plan = await audit("restore", "users", "--to", "tag:t");
    expect(plan.stdout).toBe(
      [
        "public.users  1 to insert, 1 to update, 1 to delete",
        "< 1  name=x",
        "> 1  name=Ada  (2 unchanged)",
        "+ 2  id=2  name=Bob  ok=false",
        "- 4  id=4  name=Dan  ok=null",
        "1 to insert, 1 to update, 1 to delete. It was rehearsed and taken back, so it works; nothing was changed. Do it with --apply",
        "",
      ].join("\n"),
    );
    expect(await rows()).toEqual(damaged);
    expect(await recorded()).toBe(before);
    const done = await audit("restore", "users", "--to", "tag:t", "--apply", "--reason", "ticket 1");
    expect(done.stdout).toMatch(
      /\n1 inserted, 1 updated, 1 deleted\. This is operation (\d+); the state before it is tag:before-restore-\1\n$/,
    );
    expect(await rows()).toEqual([
      { id: 1, name: "Ada", ok: true },
      { id: 2, name: "Bob", ok: false },
      { id: 3, name: "Cleo", ok: null },
    ]);
    expect((await audit("restore", "users", "--to", "tag:t")).stdout).toBe(
      "Nothing to do: all is as it was.\n",
    );
    const [operation] = await sql<{ id: string; tag: string; plan: string }[]>`
      select id::text, 'before-restore-' || id as tag, plan from audit.operation where kind = 'restore'`;
    const changes = await sql`
      select op, xid::text as tx, context from audit.change order by id desc limit 3`;
    expect(JSON.parse(operation?.plan ?? "")).toMatchObject({
      to: "tag:t",
      reason: "ticket 1",
      tx: changes[0]?.tx,
    });
    expect(changes.map(({ op, context }) => [op, JSON.parse(context)])).toEqual(
      ["I", "U", "D"].map((op) => [op, { reason: "ticket 1", operation: operation?.id }]),
    );
    await audit("restore", "users", "--to", `tag:${operation?.tag}`, "--apply");
    expect(await rows()).toEqual(damaged);
  });
});
