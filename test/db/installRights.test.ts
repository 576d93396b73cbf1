import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connectTo, type TestSql } from "../helpers/client.ts";
import { runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase();
const role = `rights_${randomBytes(4).toString("hex")}`;
let plainUrl = "";
let plain: TestSql;

beforeAll(async () => {
  await database.sql.unsafe(`
    create role ${role} login password 'plain';
    alter database "${database.name}" owner to ${role};
    create schema app authorization ${role}`);
  const url = new URL(database.url);
  url.username = role;
  url.password = "plain";
  plainUrl = url.href;
  plain = connectTo(plainUrl);
  await plain.unsafe("create table app.note (id int primary key, body text)");
});

afterAll(async () => {
  await plain.end();
  await database.sql.unsafe(`
    alter database "${database.name}" owner to current_user;
    drop owned by ${role} cascade;
    drop role ${role}`);
});

async function audit(url: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args, { env: { DATABASE_URL: url } });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stdout;
}

it("takes over what an installer without rights had enabled, once a superuser runs init", async () => {
  await audit(plainUrl, "init");
  await audit(plainUrl, "enable", "app.note");
  await plain.unsafe("insert into app.note values (1, 'guarded')");

  await audit(database.url, "init");
  await plain.unsafe("insert into app.note values (2, 'generated')");
  await plain.unsafe("alter table app.note add more text");
  await plain.unsafe("update app.note set more = 'x' where id = 1");
  await plain.unsafe("truncate app.note");

  const { items } = JSON.parse(await audit(database.url, "history", "app.note", "1", "--json"));
  expect(items.map(({ op }: { op: string }) => op)).toEqual(["insert", "update", "truncate"]);
  const owners = await database.sql`
    select proname::text as name, proowner::regrole::text as owner
    from pg_proc where pronamespace = 'audit'::regnamespace and proname ~ '_1$' and prorettype = 'trigger'::regtype
    order by 1`;
  expect(owners).toEqual([
    { name: "_delete_1", owner: "audit_writer" },
    { name: "_insert_1", owner: "audit_writer" },
    { name: "_truncate_1", owner: "audit_truncate" },
    { name: "_update_1", owner: "audit_writer" },
  ]);
  const status = JSON.parse(await audit(database.url, "status", "--json"));
  expect(status.items).toMatchObject([{ state: "on", capture: "generated", problems: [] }]);
  await audit(database.url, "uninstall", "--confirm", database.name);
});
