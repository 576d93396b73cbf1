import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ClosedPipe } from "../../src/io.ts";
import { describeCatalog } from "../helpers/catalog.ts";
import { connectTo, type TestSql } from "../helpers/client.ts";
import { type CliResult, runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

// The pauses between tries add up to half a minute; how long they are is not what is tested here.
vi.mock("node:timers/promises", async (original) => {
  const real = await original<typeof import("node:timers/promises")>();
  const short = (ms: number, ...rest: never[]) => real.setTimeout(Math.min(ms, 50), ...rest);
  return { ...real, setTimeout: short };
});

const database = useDatabase();

beforeAll(async () => {
  await database.sql.unsafe(`
    create table users (id int primary key, name text);
    create table orders (id int primary key);
    insert into users select n, 'name ' || n from generate_series(1, 2000) as n`);
  expect(await audit("init")).toMatchObject({ code: 0 });
});

function audit(...args: string[]): Promise<CliResult> {
  return runCli([...args, "--database-url", database.url]);
}

/** Runs the work while another session holds the lock it took with the statement, whose pid is handed in. */
async function whileHeld<T>(
  statement: string,
  work: (pid: number, release: () => Promise<void>) => Promise<T>,
) {
  const other = connectTo(database.url, { max: 1 });
  try {
    const [row] = await other<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await other.unsafe(`begin; ${statement}`).simple();
    return await work(row?.pid ?? 0, async () => void (await other.unsafe("rollback")));
  } finally {
    await other.end({ timeout: 5 });
  }
}

const nothingOf = (sql: TestSql) => describeCatalog(sql, { roles: "none" });

describe("a lock that is not to be had", () => {
  it("ends enable with 5, names who has it, and changes nothing", async () => {
    const before = await nothingOf(database.sql);
    await whileHeld("update users set name = name where id = 1", async (pid) => {
      const { code, stdout, stderr } = await audit("enable", "users");
      expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
      expect(stderr).toMatch(
        new RegExp(
          `error: public\\.users is in use by pid ${pid} \\(user \\w+, in a transaction for [^)]+\\); its lock was not to be had in 6 tries\\.\n.*This table was not changed\\.\n$`,
        ),
      );
      expect(stderr.match(/trying again in/g)).toHaveLength(5);
    });
    const left = (await nothingOf(database.sql)).filter((line) => !before.includes(line));
    expect(left.filter((line) => /users/.test(line))).toEqual([]);
    expect(await database.sql`select from audit.relation`).toHaveLength(0);
  });

  it("is told as JSON, too", async () => {
    await whileHeld("lock table users in share mode", async (pid) => {
      const { code, stdout, stderr } = await audit("enable", "users", "--json");
      expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
      const { error } = JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as {
        error: { exit_code: number; message: string };
      };
      expect(error.exit_code).toBe(5);
      expect(error.message).toContain(`pid ${pid}`);
    });
  });

  it("fails one of several tables, and the others are enabled", async () => {
    await whileHeld("lock table users in row exclusive mode", async () => {
      const { code, stdout } = await audit("enable", "--all", "--json");
      expect(code).toBe(5);
      const { items } = JSON.parse(stdout) as { items: { table: string; did: string; detail: string }[] };
      expect(items.map(({ table, did }) => [table, did])).toEqual([
        ["orders", "enabled"],
        ["users", "failed"],
      ]);
      expect(items[1]?.detail).toMatch(/public\.users is in use by pid/);
    });
    expect(await audit("enable", "users")).toMatchObject({ code: 0 });
  });

  it("lets writers pass between the tries", async () => {
    await whileHeld("select from users", async (_pid, release) => {
      const disabling = audit("disable", "users");
      await sleep(300);
      const start = performance.now();
      await database.sql`update users set name = 'written meanwhile' where id = 2`;
      expect(performance.now() - start).toBeLessThan(2000);
      await release();
      expect(await disabling).toMatchObject({ code: 0 });
    });
    expect(await audit("enable", "users")).toMatchObject({ code: 0 });
  });

  it("ends disable and uninstall with 5, and what was recorded stays", async () => {
    await database.sql`update users set name = 'kept' where id = 3`;
    await whileHeld("select from users", async (pid) => {
      for (const args of [
        ["disable", "users"],
        ["uninstall", "--confirm", database.name],
      ]) {
        const { code, stdout, stderr } = await audit(...args);
        expect({ args, code, stdout }).toEqual({ args, code: 5, stdout: "" });
        expect(stderr).toContain(`by pid ${pid}`);
      }
    });
    const { items } = JSON.parse((await audit("history", "users", "3", "--json")).stdout) as {
      items: object[];
    };
    expect(items).toHaveLength(1);
    expect(await audit("enable", "--all")).toMatchObject({ code: 0 });
  });
});

describe("two at once", () => {
  it.each([
    ["enable", ["enable", "users", "--exclude", "name"]],
    ["disable", ["disable", "--all"]],
    ["prune", ["prune"]],
    ["retention set", ["retention", "set", "normal", "1y"]],
    ["uninstall", ["uninstall", "--confirm", ""]],
  ])("%s waits for nobody: 5, with the pid of the other", async (_name, args) => {
    const named = args.map((arg) => arg || database.name);
    await whileHeld("lock table users in row exclusive mode", async (_pid, release) => {
      const first = audit("enable", "users", "--on-truncate", "record");
      const pid = await advisoryHolder();
      const { code, stdout, stderr } = await audit(...named);
      expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
      expect(stderr).toMatch(
        new RegExp(
          `error: Another audit command is at work on schema audit \\(pid ${pid}, user \\w+, connected for [^)]+\\)\\.\n`,
        ),
      );
      expect(stderr).toContain("Nothing was changed.");
      for (const reading of [
        ["status"],
        ["history", "users"],
        ["at-time", "now", "users"],
        ["enable", "orders", "--dry-run"],
      ])
        expect(await audit(...reading)).toMatchObject({ code: 0 });
      await release();
      expect(await first).toMatchObject({ code: 0 });
    });
    expect(await audit("enable", "users", "--on-truncate", "capture")).toMatchObject({ code: 0 });
  });
});

/** Waits for the command that holds our lock. */
async function advisoryHolder(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const [row] = await database.sql<{ pid: number }[]>`
      select pid from pg_locks
      where locktype = 'advisory' and granted
        and database = (select oid from pg_database where datname = current_database())`;
    if (row) return row.pid;
    await sleep(20);
  }
  throw new Error("nobody took the advisory lock");
}

describe("a reader that goes away", () => {
  beforeAll(async () => {
    await database.sql`select audit.tag('before-mark')`;
    await database.sql`update users set name = name || '!'`;
  });

  it.each([
    ["history", ["history", "users"]],
    ["history --json", ["history", "users", "--json"]],
    ["at-time", ["at-time", "now", "users"]],
    ["diff", ["diff", "users", "--from", "tag:before-mark"]],
    ["status", ["status"]],
    ["enable --dry-run", ["enable", "--all", "--on-truncate", "forbid", "--dry-run"]],
  ])("ends %s with 0, without a word", async (_name, args) => {
    const { code, stderr } = await runCli([...args, "--database-url", database.url], {
      onOut: () => {
        throw new ClosedPipe();
      },
    });
    expect(code).toBe(0);
    expect(stderr.replace(/^(\w+: )?as of .*\n/gm, "")).toBe("");
  });

  it("is `| head` to the real command", async () => {
    const bin = fileURLToPath(new URL("../../bin/audit.js", import.meta.url));
    const child = spawn(
      "bash",
      [
        "-c",
        'set -o pipefail; "$0" "$1" history users --database-url "$2" | head -n 1',
        process.execPath,
        bin,
        database.url,
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk;
    });
    const [code] = (await once(child, "close")) as [number];
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
  });
});

afterAll(async () => {
  expect(await audit("uninstall", "--confirm", database.name)).toMatchObject({ code: 0 });
});
