import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { describeCatalog } from "../helpers/catalog.ts";
import { connectTo, urlOfDatabase } from "../helpers/client.ts";
import { runCli } from "../helpers/runCli.ts";
import { startTestServer, type TestServer } from "../helpers/testServer.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

interface Result {
  readonly did: string;
  readonly roles: boolean;
  readonly event_triggers: boolean;
}

describe("init", () => {
  const database = useDatabase();
  const audit = auditOf(database);

  it("eight times at once installs once", async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => audit.run(["init", "--json"])));
    const items = results.map(({ code, stdout, stderr }) => {
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return (JSON.parse(stdout) as { items: [Result] }).items[0];
    });
    expect(items.map(({ did }) => did).sort()).toEqual(["installed", ...Array(7).fill("refreshed")]);
    expect(await database.sql`select from audit.installation`).toHaveLength(1);
  });

  it("again changes nothing, under audited tables either, and says so", async () => {
    await database.sql.unsafe("create table users (id int primary key, name text)");
    await audit("enable", "users", "--exclude", "name");
    await database.sql`insert into users values (1, 'x')`;
    const before = await describeCatalog(database.sql, { roles: "audit%" });
    const { stdout } = await audit("init");
    expect(stdout).toMatch(/already version \d+\.\d+\.\d+; its functions were put back as shipped\.\n$/);
    expect(await describeCatalog(database.sql, { roles: "audit%" })).toEqual(before);
    await database.sql`update users set id = 2`;
    expect(await audit.items("history", "users", "2")).toHaveLength(2);
  });

  it("puts a function back that somebody changed", async () => {
    await database.sql.unsafe(`
      create or replace function audit._context(given text) returns jsonb language sql stable as 'select null::jsonb'`);
    await audit("init");
    const session = connectTo(database.url, { max: 1 });
    await session
      .unsafe(`begin; set local audit.context = '{"reason": "test"}'; update users set id = id + 1; commit`)
      .simple();
    await session.end();
    const [change] = await audit.items<{ context: object }>("history", "users", "--limit", "1");
    expect(change?.context).toEqual({ reason: "test" });
  });

  it("says what comes next", async () => {
    await audit("uninstall", "--confirm", database.name);
    expect((await audit("init")).stdout).toMatch(
      /^Installed the audit trail \d+\.\d+\.\d+ in schema audit\. Next: audit enable <table>\n$/,
    );
  });

  it("takes the schema's name from the flag, else from AUDIT_SCHEMA, and finds it again by itself", async () => {
    await audit("uninstall");
    const env = { AUDIT_SCHEMA: "history" };
    expect(await audit.run(["init"], { env })).toMatchObject({ code: 0 });
    expect((await audit("status")).stdout).toContain("No table is audited yet");
    expect((await audit("init")).stdout).toContain("schema history");
    expect((await audit("uninstall")).stdout).toContain("from schema history");
    expect(await audit.run(["init", "--audit-schema", '"A b"'], { env })).toMatchObject({ code: 0 });
    expect((await audit("uninstall")).stdout).toContain('from schema "A b"');
  });

  it("refuses an installation of a newer version, and reading commands still work", async () => {
    await audit("init");
    await database.sql`update audit.installation set version = '99.0.0'`;
    for (const args of [["init"], ["enable", "users"], ["prune"], ["uninstall"]]) {
      const { code, stdout, stderr } = await audit.run(args);
      expect({ args, code, stdout }).toEqual({ args, code: 5, stdout: "" });
      expect(stderr).toMatch(/is of version 99\.0\.0, this tool is .*\nUpgrade the tool/);
    }
    await audit("status");
    await database.sql`update audit.installation set version = '0.0.1'`;
    expect((await audit("init")).stdout).toMatch(/Upgraded .* from 0\.0\.1 to/);
  });
});

describe("init in several databases of one server at once", () => {
  const names = Array.from({ length: 8 }, (_, index) => `shop_${index}`);
  let server: TestServer | undefined;

  beforeAll(async () => {
    server = await startTestServer();
    const sql = connectTo(server.url, { max: 1 });
    for (const name of names) await sql.unsafe(`create database ${name}`);
    await sql.end();
  });

  afterAll(async () => {
    const sql = connectTo(server?.url ?? "", { max: 1 });
    for (const name of names) await sql.unsafe(`drop database if exists ${name} with (force)`);
    await sql.end();
    await server?.stop();
  });

  it("makes the roles once, and uninstall of all at once drops them", async () => {
    const everywhere = (...args: string[]) =>
      Promise.all(
        names.map((name) => runCli([...args, "--database-url", urlOfDatabase(server?.url ?? "", name)])),
      );
    for (let round = 0; round < 3; round++) {
      for (const result of await everywhere("init")) {
        expect(result).toMatchObject({ code: 0, stderr: "" });
        expect(result.stdout).toContain("Installed");
      }
      for (const result of await everywhere("uninstall"))
        expect(result).toMatchObject({ code: 0, stderr: "" });
      const sql = connectTo(server?.url ?? "", { max: 1 });
      const roles = await sql`select rolname from pg_roles where rolname like 'audit%'`;
      await sql.end();
      expect(roles).toEqual([]);
    }
  });
});
