import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { connectTo } from "../helpers/client.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);
let login = "";
let group = "";

beforeAll(async () => {
  login = `${database.name}_login`;
  group = `${database.name}_group`;
  await database.sql.unsafe(`
    create role ${group} nologin;
    create role ${login} login password 'x' in role ${group};
    create table users (id int primary key, n int);
    insert into users values (1, 0);
    grant select, update on users to ${group}`);
  await audit("enable", "users");
});

afterAll(async () => {
  await database.sql.unsafe(`drop owned by ${login}, ${group}; drop role ${login}, ${group}`);
});

interface Who {
  readonly actor: string | null;
  readonly context: unknown;
  readonly db_user: string;
  readonly role: string | null;
  readonly application: string | null;
  readonly client_addr: string | null;
}

const write = "update users set n = n + 1 where id = 1";

/** What the next change says of its origin, after these statements in one session. */
async function whoAfter(statements: string, url = database.url): Promise<Who> {
  const session = connectTo(url, { max: 1 });
  try {
    await session.unsafe(statements).simple();
  } finally {
    await session.end();
  }
  const [change] = await audit.items<Who>("history", "users", "1", "--limit", "1");
  if (!change) throw new Error("nothing was recorded");
  return change;
}

const set = (name: string, value: string) => `set local audit.${name} = '${value.replaceAll("'", "''")}'`;

describe("the actor", () => {
  it("is what the application claims in the transaction", async () => {
    expect(await whoAfter(`begin; ${set("actor", "app_user:123")}; ${write}; commit`)).toMatchObject({
      actor: "app_user:123",
      db_user: new URL(database.url).username,
      role: null,
      client_addr: "127.0.0.1",
    });
  });

  it.each([
    ["never set", write],
    ["empty", `begin; ${set("actor", "")}; ${write}; commit`],
    ["left behind by a transaction before", `begin; ${set("actor", "x")}; commit; ${write}`],
    ["reset", `begin; ${set("actor", "x")}; reset audit.actor; ${write}; commit`],
  ])("is nobody when it was %s", async (_how, statements) => {
    expect(await whoAfter(statements)).toMatchObject({ actor: null, context: null });
  });

  it("is found by history --actor, as is the database user where none was claimed", async () => {
    await whoAfter(`begin; ${set("actor", 'it\'s "me" 🦉\n')}; ${write}; commit`);
    expect(await audit.items("history", "users", "--actor", 'it\'s "me" 🦉\n')).toHaveLength(1);
    const user = new URL(database.url).username;
    const byUser = await audit.items<Who>("history", "users", "--actor", user);
    expect(byUser.length).toBeGreaterThan(0);
    expect(byUser.every(({ actor }) => actor === null)).toBe(true);
    const { stdout } = await audit("history", "users", "1", "--limit", "1");
    expect(stdout).toContain("🦉\\n");
  });
});

describe("the context", () => {
  it("is JSON as the application gave it, its reason shown", async () => {
    const context = { reason: "GDPR request", request_id: "r-1", deep: { list: [1, null, "x"] } };
    expect(
      await whoAfter(`begin; ${set("context", JSON.stringify(context))}; ${write}; commit`),
    ).toMatchObject({
      context,
    });
    expect((await audit("history", "users", "1", "--limit", "1")).stdout).toContain('"GDPR request"');
  });

  it.each([
    ["no JSON", "{oops"],
    ["half a JSON", '{"reason": "x"'],
    ["text", "just some words"],
    ["a number", "42"],
    ["a list", "[1, 2]"],
    ["null", "null"],
    ["JSON with a NUL in it", '{"a": "\\u0000"}'],
    ["JSON with half a surrogate", '{"a": "\\ud800"}'],
    ["a number beyond all", '{"a": 1e999999}'],
    ["nested ten thousand deep", "[".repeat(10_000)],
    ["blanks", "   "],
  ])("keeps %s as text, and the write goes through", async (_what, text) => {
    expect(await whoAfter(`begin; ${set("context", text)}; ${write}; commit`)).toMatchObject({
      context: { unparsed: text },
    });
  });

  it.each([
    ["empty", `begin; ${set("context", "")}; ${write}; commit`],
    ["left behind", `begin; ${set("context", '{"a": 1}')}; commit; ${write}`],
  ])("is none when it is %s", async (_what, statements) => {
    expect(await whoAfter(statements)).toMatchObject({ context: null });
  });
});

describe("the database user", () => {
  const urlOfLogin = () => {
    const url = new URL(database.url);
    url.username = login;
    url.password = "x";
    return url.href;
  };

  it("is the session's, with the role in force beside it", async () => {
    expect(await whoAfter(write, urlOfLogin())).toMatchObject({ db_user: login, role: null });
    expect(await whoAfter(`set role ${group}; ${write}`, urlOfLogin())).toMatchObject({
      db_user: login,
      role: group,
    });
    expect(await whoAfter(`set role ${group}; reset role; ${write}`, urlOfLogin())).toMatchObject({
      role: null,
    });
  });

  it("is the session's inside a SECURITY DEFINER function, too", async () => {
    await database.sql.unsafe(`
      create function touch() returns void language sql security definer as '${write}'`);
    expect(await whoAfter("select touch()", urlOfLogin())).toMatchObject({ db_user: login, role: null });
  });

  it("stays who connected after SET SESSION AUTHORIZATION is over", async () => {
    const user = new URL(database.url).username;
    expect(
      await whoAfter(`set session authorization ${login}; ${write}; reset session authorization`),
    ).toMatchObject({
      db_user: login,
    });
    expect(await whoAfter(write)).toMatchObject({ db_user: user });
  });

  it("comes with the application's name", async () => {
    expect(await whoAfter(`set application_name = 'shop front'; ${write}`)).toMatchObject({
      application: "shop front",
    });
    expect(await whoAfter(`set application_name = ''; ${write}`)).toMatchObject({ application: null });
  });
});
