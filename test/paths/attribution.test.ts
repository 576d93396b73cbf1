import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestSql } from "../helpers/client.ts";
import { useDatabase } from "../helpers/useDatabase.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

interface Who {
  readonly op: string;
  readonly actor: string | null;
  readonly db_user: string;
  readonly role: string | null;
  readonly application: string | null;
  readonly client_addr: string | null;
  readonly context: unknown;
}

describe.each(forms)("Who changed a table %s", (_form, form) => {
  const path = usePath(database, form);
  const { audited, run } = path;
  let login = "";
  let group = "";
  let owner = "";

  beforeAll(async () => {
    [login, group, owner] = ["login", "group", "owner"].map(
      (name) => `${path.database.name}_who_${name}`,
    ) as [string, string, string];
    await path.database.sql.unsafe(`
      create role ${owner} nologin;
      create role ${group} nologin;
      create role ${login} login password 'x' in role ${group}`);
  });

  afterAll(async () => {
    await path.database.sql.unsafe(
      `drop owned by ${login}, ${group}, ${owner}; drop role ${login}, ${group}, ${owner}`,
    );
  });

  const superuser = () => new URL(path.database.url).username;

  /** A table that everybody may write to; its one row is there from the start. */
  const auditItem = (more = "") =>
    audited(`
      create table item (id int primary key, n int);
      insert into item values (1, 0);
      grant all on item to public;
      ${more}`);

  /** Statements of each operation in turn. */
  const everything = [
    "insert into item values (2, 2)",
    "update item set n = n + 1 where id = 2",
    "delete from item where id = 2",
    "truncate item",
  ];

  const who = (table = "item") => path.audit.items<Who>("history", table);
  const actors = async () => (await who()).map(({ actor }) => actor);

  function asLogin(): TestSql {
    const url = new URL(path.database.url);
    url.username = login;
    url.password = "x";
    return path.session(url.href);
  }

  it("is said with every operation: actor, user, role, application, address and context", async () => {
    await auditItem();
    const session = asLogin();
    await session.unsafe(`
      begin;
      set local role ${group};
      set local audit.actor = 'ada';
      set local audit.context = '{"reason": "ticket 1"}';
      set local application_name = 'shop';
      ${everything.join("; ")};
      commit`);
    const said = {
      actor: "ada",
      db_user: login,
      role: group,
      application: "shop",
      context: { reason: "ticket 1" },
    };
    const [address] = await session.unsafe<{ address: string }[]>(
      "select host(inet_client_addr()) as address",
    );
    expect(await who()).toMatchObject(
      ["insert", "update", "delete", "truncate"].map((op) => ({
        ...said,
        op,
        client_addr: address?.address,
      })),
    );
  });

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
    await run(`alter role ${login} set audit.actor = 'service'`);
    try {
      await asLogin().unsafe("update item set n = 1");
    } finally {
      await run(`alter role ${login} reset audit.actor`);
    }
    expect(await who()).toMatchObject([{ actor: "service", db_user: login }]);
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
      await sql.unsafe(everything.join("; "));
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
    await run(`begin; set local audit.context = '{oops'; ${everything.join("; ")}; commit`);
    expect((await who()).map(({ context }) => context)).toEqual(Array(4).fill({ unparsed: "{oops" }));
  });

  it("is the session's user through SET ROLE, definer functions and their like", async () => {
    await auditItem(`
      create function touch() returns void language sql security definer as 'update item set n = n + 1';
      alter function touch() owner to ${owner};
      create function touch_in_role() returns void language sql set role to ${group} as 'update item set n = n + 1';
      create function outer_touch() returns void language sql as 'select touch(); update item set n = n + 1'`);
    const session = asLogin();
    for (const statement of [
      "select touch()",
      `set role ${group}; select touch(); select outer_touch(); reset role`,
      "select touch_in_role()",
      "set role none; update item set n = 0",
    ]) {
      await session.unsafe(statement);
    }
    expect((await who()).map(({ db_user, role }) => [db_user, role])).toEqual([
      [login, null],
      [login, group],
      [login, group],
      [login, group],
      [login, group],
      [login, null],
    ]);
  });

  it("follows SET SESSION AUTHORIZATION, within a transaction too", async () => {
    await auditItem();
    await run(
      `begin; set local session authorization ${login}; update item set n = 1; set local role ${group}; update item set n = 2; commit`,
      "update item set n = 3",
      `set session authorization ${login}`,
      `set role ${group}`,
      "update item set n = 4",
      "reset session authorization",
      "update item set n = 5",
    );
    expect((await who()).map(({ db_user, role }) => [db_user, role])).toEqual([
      [login, null],
      [login, group],
      [superuser(), null],
      [login, group],
      [superuser(), null],
    ]);
  });

  // PostgreSQL up to 17 runs the child's triggers as the application, 18 as the owner of the child.
  it.each(["cascade", "set null"])(
    "is the application through a foreign key ON DELETE %s between owners",
    async (action) => {
      await audited(
        `create table parent (id int primary key);
       create table child (id int primary key, parent_id int references parent on delete ${action} on update cascade);
       alter table child owner to ${owner};
       grant all on parent to ${group};
       insert into parent values (1), (2); insert into child values (11, 1), (12, 2)`,
        { tables: ["parent", "child"] },
      );
      await asLogin().unsafe(`
      begin;
      set local role ${group};
      set local audit.actor = 'ada';
      update parent set id = 5 where id = 1;
      delete from parent;
      commit`);
      const said = [...(await who("parent")), ...(await who("child"))];
      expect(said).toHaveLength(6);
      for (const one of said) expect(one).toMatchObject({ actor: "ada", db_user: login, role: group });
    },
  );

  it("is the session's user when a view's owner or a trigger of another table does the writing", async () => {
    await auditItem(`
      create table source (id int);
      create function forward() returns trigger language plpgsql security definer as
        'begin update item set n = new.id; return null; end';
      create trigger forward after insert on source for each row execute function forward();
      create view seen as select * from item;
      alter function forward() owner to ${owner};
      alter view seen owner to ${owner};
      grant all on source, seen to ${login}`);
    await asLogin().unsafe("insert into source values (5)");
    await asLogin().unsafe("update seen set n = 6");
    expect(await who()).toMatchObject([
      { db_user: login, role: null },
      { db_user: login, role: null },
    ]);
  });

  it("is who prepared a transaction, not who committed it", async () => {
    await auditItem();
    const name = `${path.database.name}_who`;
    await asLogin().unsafe(`
      begin;
      set local audit.actor = 'ada';
      set local application_name = 'first';
      update item set n = 1;
      insert into item values (3, 3);
      prepare transaction '${name}'`);
    await run(`set audit.actor = 'bob'`, `set application_name = 'second'`, `commit prepared '${name}'`);
    const said = { actor: "ada", db_user: login, application: "first" };
    expect(await who()).toMatchObject([said, said]);
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

  it("is at no address when it comes through a socket of the server's machine", async ({ skip }) => {
    await auditItem();
    const [server] = await path.sql.unsafe<{ directory: string; port: string }[]>(
      "select split_part(current_setting('unix_socket_directories'), ',', 1) as directory, current_setting('port') as port",
    );
    const session = connectOverSocket(`${server?.directory}`, Number(server?.port));
    try {
      await session.unsafe("select");
    } catch {
      await session.end();
      skip("no socket of the server can be reached from here");
    }
    await session.unsafe("update item set n = 1");
    await session.end();
    expect(await who()).toMatchObject([{ client_addr: null }]);
  });

  function connectOverSocket(directory: string, port: number): postgres.Sql {
    const { username, password } = new URL(path.database.url);
    const [user, database] = [decodeURIComponent(username), path.database.name];
    return postgres({ host: directory, port, user, pass: decodeURIComponent(password), database, max: 1 });
  }
});
