import { describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

describe("revert", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database, { env: { TZ: "UTC" } });

  /** Runs statements in one transaction, and gives its id. */
  async function transact(...statements: string[]): Promise<string> {
    return database.sql.begin(async (sql) => {
      for (const statement of statements) await sql.unsafe(statement);
      const [row] = await sql`select pg_current_xact_id()::text as tx`;
      return row?.tx as string;
    });
  }

  it("takes a transaction out and keeps what came later", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table users (id int primary key, name text, mail text, ok boolean);
      insert into users values (1, 'Ada', 'a@x', true), (2, 'Bob', 'b@x', false), (3, 'Cleo', 'c@x', null)`);
    await audit("enable", "users");
    const tx = await transact(
      "update users set name = 'x' where id = 1",
      "delete from users where id = 2",
      "insert into users values (4, 'Dan')",
    );
    const later = await transact("set local audit.actor = 'eve'", "update users set mail = 'new' where id = 1");
    const rows = () => sql<{ id: number }[]>`select * from users order by id`;
    const damaged = await rows();
    const plan = await audit("revert", `tx:${tx}`);
    expect(plan.stdout.replace(/\(20[^,]*, /, "(WHEN, ")).toBe(
      [
        `note: tx:${later} (WHEN, eve) came later to 1 of these rows`,
        "public.users  1 to insert, 1 to update, 1 to delete",
        "< 1  name=x",
        "> 1  name=Ada  (3 unchanged)",
        "+ 2  id=2  name=Bob  mail=b@x  ok=false",
        "- 4  id=4  name=Dan  mail=null  ok=null",
        "1 to insert, 1 to update, 1 to delete. It was rehearsed and taken back, so it works; nothing was changed. Do it with --apply",
        "",
      ].join("\n"),
    );
    expect(await rows()).toEqual(damaged);
    const done = await audit("revert", `tx:${tx}`, "--apply", "--reason", "ticket 1");
    expect(done.stdout).toMatch(/\n1 inserted, 1 updated, 1 deleted\. This is operation \d+; the state before it is tag:before-revert-\d+\n$/);
    expect(await rows()).toEqual([
      { id: 1, name: "Ada", mail: "new", ok: true },
      { id: 2, name: "Bob", mail: "b@x", ok: false },
      { id: 3, name: "Cleo", mail: "c@x", ok: null },
    ]);
    expect((await audit("revert", `tx:${tx}`)).stdout).toContain("Nothing to do: all is as it was.\n");
    const undone = await audit("undo", "--apply");
    expect(undone.stderr).toMatch(/^undoes: operation \d+, revert of /);
    expect(await rows()).toEqual(damaged);
    await audit("undo", "--apply");
    expect((await rows()).map(({ id }) => id)).toEqual([1, 2, 3]);
  });
});
