import { PassThrough, Readable } from "node:stream";
import { beforeAll, describe, expect, it } from "vitest";
import { runShell } from "../../src/actions/shell.ts";
import { parseWhen } from "../../src/core/when.ts";
import { auditOf } from "../helpers/auditOf.ts";
import { fakeIo } from "../helpers/fakeIo.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);
let before = "";

beforeAll(async () => {
  const { sql } = database;
  await sql.unsafe("create table users (id int primary key, name text); create table others (id int)");
  await audit("enable", "users");
  await sql`insert into users values (1, 'ann'), (2, 'bob')`;
  const [now] = await sql<{ at: string }[]>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`;
  before = now?.at ?? "";
  await sql`update users set name = upper(name)`;
});

/** Runs the shell over lines from a pipe. */
async function shell(lines: string, options: { json?: boolean } = {}) {
  const io = fakeIo();
  const failed = await runShell(
    { at: parseWhen(before), present: [], databaseUrl: database.url, tz: "UTC", ...options },
    io,
    { input: Readable.from([lines]), output: new PassThrough() },
  ).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { stdout: io.stdout, stderr: io.stderr, failed };
}

describe("audit shell, from a pipe", () => {
  it("runs statement after statement, over lines, with the last one's semicolon left out", async () => {
    const { stdout, failed } = await shell(
      "-- names\nselect name\n  from users -- all; of them\norder by id; select ';' as x;\n\nselect count(*) from users",
    );
    expect(failed).toBeUndefined();
    expect(stdout).toBe("name\nann\nbob\nx\n;\ncount\n2\n");
  });

  it("goes to another instant, in the same snapshot", async () => {
    const { stdout, stderr, failed } = await shell(
      "\\at now\nselect name from users where id = 1;\n\\at " +
        before +
        ";\nselect name from users where id = 1;\n",
    );
    expect(failed).toBeUndefined();
    expect(stdout).toBe("name\nANN\nname\nann\n");
    expect(stderr.match(/^as of /gm)).toHaveLength(3);
  });

  it("lists the audited tables", async () => {
    const { stdout } = await shell("\\d\n\\?\n\\q\nselect 1;");
    expect(stdout).toMatch(/^table +since +state\npublic\.users +\d{4}-\d\d-\d\d .* on\n$/);
    const items = JSON.parse((await shell("\\d", { json: true })).stdout).items;
    expect(items).toEqual([{ schema: "public", table: "users", since: expect.any(String), state: "on" }]);
  });

  it.each([
    ["select 1 as x; select nope; select 2 as y;", 2, /"nope" does not exist/],
    ["select 1 as x;\n\\nope\nselect 2;", 2, /There is no command \\nope/],
    ["select 1 as x;\nselect * from others;", 3, /public.others is not audited/],
    ["select 1 as x;\n\\at whenever\n", 2, /"whenever"/],
  ])("ends at the first failure: %j", async (lines, exitCode, message) => {
    const { stdout, failed } = await shell(lines);
    expect(stdout).toBe("x\n1\n");
    expect(failed).toMatchObject({ exitCode, message: expect.stringMatching(message) });
  });
});

/** A terminal: what is typed into it, and a way to wait for what is shown. */
function terminal() {
  const input = Object.assign(new PassThrough(), { isTTY: true as const, setRawMode: () => {} });
  const io = fakeIo({ errIsTTY: true });
  const shown = async (text: string) => {
    for (let waited = 0; waited < 400 && !(io.stdout + io.stderr).includes(text); waited++)
      await new Promise((resolve) => setTimeout(resolve, 25));
    expect(io.stdout + io.stderr).toContain(text);
  };
  const done = runShell({ at: parseWhen(before), present: [], databaseUrl: database.url, tz: "UTC" }, io, {
    input,
    output: new PassThrough().resume(),
  });
  return { io, shown, done, type: (text: string) => input.write(text) };
}

describe("audit shell, at a terminal", () => {
  it("goes on after errors, and leaves with Ctrl-D", async () => {
    const { io, shown, done, type } = terminal();
    await shown("as of ");
    type("select nope;\n");
    await shown('error: Column "nope" does not exist.\n  select nope\n         ^\n');
    type("select * from others;\n");
    await shown("not audited");
    type("\\at 1999-01-01\n");
    await shown("as of 1999");
    type("select * from users;\n");
    await shown("The oldest possible instant is");
    type(`\\at ${before}\n`);
    type("select name\n");
    type("from users where id = 2;\n");
    await shown("bob");
    type("\x04");
    await done;
    expect(io.stdout).toBe("name\nbob\n");
  });

  it.each(["key", "signal"])("cancels what is running by Ctrl-C, and only that (%s)", async (how) => {
    const { io, shown, done, type } = terminal();
    await shown("as of ");
    type("select pg_sleep(60);\n");
    const { sql } = database;
    for (let tries = 0; tries < 400; tries++) {
      const [running] = await sql`
        select from pg_stat_activity
        where datname = current_database() and wait_event = 'PgSleep' and query ~ '^select' and query !~ 'explain'`;
      if (running) break;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    if (how === "key") type("\x03");
    else io.signal("SIGINT");
    await shown("error: The query was cancelled.\n");
    type("select name from users where id = 1;\n");
    await shown("ann");
    type("select half \x03");
    type("select name from users where id = 2;\n");
    await shown("bob");
    type("\\q\n");
    await done;
  });
});
