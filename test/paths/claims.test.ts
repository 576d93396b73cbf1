import { describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";
import { everything, useWriters } from "./useWriters.ts";

const database = useDatabase({ installed: true });

describe.each(forms)("The actor claimed for changes of a table %s", (_form, form) => {
  const path = usePath(database, form);
  const writers = useWriters(path);
  const { run } = path;
  const { asLogin, auditItem, who } = writers;

  const actors = async () => (await who()).map(({ actor }) => actor);

  it("is what was claimed at each statement of one transaction", async () => {
    await auditItem();
    await run(`
      begin;
      update item set n = 1;
      set local audit.actor = 'ada';
      update item set n = 2;
      select set_config('audit.actor', 'bob', true);
      update item set n = 3;
      set local audit.actor = '';
      update item set n = 4;
      commit`);
    expect(await actors()).toEqual([null, "ada", "bob", null]);
  });

  it("is no longer what was claimed in a savepoint that was rolled back, and stays what was released", async () => {
    await auditItem();
    await run(`
      begin;
      set local audit.actor = 'ada';
      savepoint a;
      set local audit.actor = 'mallory';
      update item set n = 1;
      rollback to a;
      update item set n = 2;
      savepoint b;
      set local audit.actor = 'bob';
      release b;
      update item set n = 3;
      commit`);
    expect(await actors()).toEqual(["ada", "bob"]);
  });

  it("is claimed by SET LOCAL until the transaction ends, by COMMIT or by ROLLBACK", async () => {
    await auditItem();
    await run(
      "begin; set local audit.actor = 'ada'; set local audit.context = '{\"a\": 1}'; update item set n = 1; commit",
      "update item set n = 2",
      "begin; set local audit.actor = 'bob'; set local audit.context = '{\"b\": 1}'; rollback",
      "update item set n = 3",
      "begin; set audit.actor = 'eve'; rollback",
      "update item set n = 4",
    );
    expect((await who()).map(({ actor, context }) => [actor, context])).toEqual([
      ["ada", { a: 1 }],
      [null, null],
      [null, null],
      [null, null],
    ]);
  });

  it("is claimed by SET for the session, until RESET or DISCARD ALL as poolers send it", async () => {
    await auditItem();
    await run(
      "set audit.actor = 'ada'",
      "update item set n = 1",
      "begin; set local audit.actor = 'bob'; update item set n = 2; commit",
      "update item set n = 3",
      "discard all",
      "update item set n = 4",
    );
    expect(await actors()).toEqual(["ada", "bob", "ada", null]);
    await path.session().unsafe("update item set n = 5");
    expect((await actors()).at(-1)).toBeNull();
  });

  it("can be claimed for a role once and for all", async () => {
    await auditItem();
    await run(`alter role ${writers.login} set audit.actor = 'service'`);
    try {
      await asLogin().unsafe("update item set n = 1");
    } finally {
      await run(`alter role ${writers.login} reset audit.actor`);
    }
    expect(await who()).toMatchObject([{ actor: "service", db_user: writers.login }]);
  });

  it.each([
    ["very long", "a".repeat(10_000)],
    ["of odd signs", `it's "me", \\ 🦉\n\t<b>$$ %s`],
    ["blank", " "],
    ["the word null", "null"],
  ])("is kept as claimed when the claim is %s", async (_what, claim) => {
    await auditItem();
    await path.sql.begin(async (sql) => {
      await sql`select set_config('audit.actor', ${claim}, true)`;
      await sql.unsafe(everything);
    });
    expect(await actors()).toEqual([claim, claim, claim, claim]);
  });

  it("is converted from the encoding of the client", async () => {
    await auditItem();
    const session = path.session();
    await session.unsafe("set client_encoding = 'LATIN1'");
    // The two bytes of ü in UTF-8, which this client says are two signs.
    await session.unsafe("set audit.actor = 'ü'; update item set n = 1");
    expect(await actors()).toEqual(["Ã¼"]);
  });

  it("keeps a context that is no JSON, whatever the operation", async () => {
    await auditItem();
    await run(`begin; set local audit.context = '{oops'; ${everything}; commit`);
    expect((await who()).map(({ context }) => context)).toEqual(Array(4).fill({ unparsed: "{oops" }));
  });

  it("is who is claimed at COMMIT, for what a deferred trigger writes then", async () => {
    await auditItem(`
      create table source (id int);
      create function forward() returns trigger language plpgsql as
        'begin update item set n = new.id; return null; end';
      create constraint trigger forward after insert on source deferrable initially deferred
      for each row execute function forward()`);
    await run(
      "begin; set local audit.actor = 'ada'; insert into source values (5); set local audit.actor = 'bob'; commit",
    );
    expect(await actors()).toEqual(["bob"]);
  });
});
