import postgres from "postgres";
import { describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";
import { everything, useWriters } from "./useWriters.ts";

const database = useDatabase({ installed: true });

describe.each(forms)("Who changed a table %s", (_form, form) => {
  const path = usePath(database, form);
  const writers = useWriters(path);
  const { audited, run } = path;
  const { asLogin, auditItem, who } = writers;

  const superuser = () => new URL(path.database.url).username;

  it("is said with every operation: actor, user, role, application, address and context", async () => {
    await auditItem();
    const session = asLogin();
    await session.unsafe(`
      begin;
      set local role ${writers.group};
      set local audit.actor = 'ada';
      set local audit.context = '{"reason": "ticket 1"}';
      set local application_name = 'shop';
      ${everything};
      commit`);
    const said = {
      actor: "ada",
      db_user: writers.login,
      role: writers.group,
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

  it("is the session's user through SET ROLE, definer functions and their like", async () => {
    await auditItem(`
      create function touch() returns void language sql security definer as 'update item set n = n + 1';
      alter function touch() owner to ${writers.owner};
      create function touch_in_role() returns void language sql set role to ${writers.group} as 'update item set n = n + 1';
      create function outer_touch() returns void language sql as 'select touch(); update item set n = n + 1'`);
    const session = asLogin();
    for (const statement of [
      "select touch()",
      `set role ${writers.group}; select touch(); select outer_touch(); reset role`,
      "select touch_in_role()",
      "set role none; update item set n = 0",
    ]) {
      await session.unsafe(statement);
    }
    expect((await who()).map(({ db_user, role }) => [db_user, role])).toEqual([
      [writers.login, null],
      [writers.login, writers.group],
      [writers.login, writers.group],
      [writers.login, writers.group],
      [writers.login, writers.group],
      [writers.login, null],
    ]);
  });

  it("follows SET SESSION AUTHORIZATION, within a transaction too", async () => {
    await auditItem();
    await run(
      `begin; set local session authorization ${writers.login}; update item set n = 1; set local role ${writers.group}; update item set n = 2; commit`,
      "update item set n = 3",
      `set session authorization ${writers.login}`,
      `set role ${writers.group}`,
      "update item set n = 4",
      "reset session authorization",
      "update item set n = 5",
    );
    expect((await who()).map(({ db_user, role }) => [db_user, role])).toEqual([
      [writers.login, null],
      [writers.login, writers.group],
      [superuser(), null],
      [writers.login, writers.group],
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
       alter table child owner to ${writers.owner};
       grant all on parent to ${writers.group};
       insert into parent values (1), (2); insert into child values (11, 1), (12, 2)`,
        { tables: ["parent", "child"] },
      );
      await asLogin().unsafe(`
      begin;
      set local role ${writers.group};
      set local audit.actor = 'ada';
      update parent set id = 5 where id = 1;
      delete from parent;
      commit`);
      const said = [...(await who("parent")), ...(await who("child"))];
      expect(said).toHaveLength(6);
      for (const one of said)
        expect(one).toMatchObject({ actor: "ada", db_user: writers.login, role: writers.group });
    },
  );

  it("is the session's user when a view's owner or a trigger of another table does the writing", async () => {
    await auditItem(`
      create table source (id int);
      create function forward() returns trigger language plpgsql security definer as
        'begin update item set n = new.id; return null; end';
      create trigger forward after insert on source for each row execute function forward();
      create view seen as select * from item;
      alter function forward() owner to ${writers.owner};
      alter view seen owner to ${writers.owner};
      grant all on source, seen to ${writers.login}`);
    await asLogin().unsafe("insert into source values (5)");
    await asLogin().unsafe("update seen set n = 6");
    expect(await who()).toMatchObject([
      { db_user: writers.login, role: null },
      { db_user: writers.login, role: null },
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
    const said = { actor: "ada", db_user: writers.login, application: "first" };
    expect(await who()).toMatchObject([said, said]);
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
