import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

describe("the options of enable", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database);

  beforeEach(async () => {
    await database.sql.unsafe(`
      drop table if exists users, orders;
      create table users (
        id int primary key, name text, email text, api_token text,
        login text generated always as (lower(name)) stored
      );
      create table orders (id int primary key, note text)`);
  });

  async function settingsOf(table: string) {
    const [row] = await audit.items<{
      excluded: string[];
      retention: string;
      on_truncate: string;
      state: string;
      problems: string[];
    }>("status", table);
    expect(row?.problems).toEqual([]);
    return row;
  }

  async function enable(...args: string[]) {
    return (await audit.items<{ did: string; detail: string }>("enable", ...args))[0];
  }

  it("are remembered: a second run changes only what it is told", async () => {
    await enable("users", "--exclude", "email,*_token", "--retain", "90d", "--on-truncate", "record");
    const settings = {
      excluded: ["email", "api_token"],
      retention: "90d",
      on_truncate: "record",
      state: "on",
    };
    expect(await settingsOf("users")).toMatchObject(settings);

    expect(await enable("users", "--on-truncate", "forbid")).toMatchObject({ did: "changed" });
    expect(await settingsOf("users")).toMatchObject({ ...settings, on_truncate: "forbid" });
    expect(await enable("users", "--exclude", "name")).toMatchObject({ did: "changed" });
    expect(await settingsOf("users")).toMatchObject({
      ...settings,
      on_truncate: "forbid",
      excluded: ["name", "login"],
    });
    expect(await enable("users", "--exclude", "")).toMatchObject({ did: "changed" });
    expect(await settingsOf("users")).toMatchObject({ ...settings, on_truncate: "forbid", excluded: [] });
    expect(await enable("users", "--retain", "forever")).toMatchObject({ did: "changed" });
    expect(await settingsOf("users")).toMatchObject({ retention: "forever" });
  });

  it.each([
    ["nothing", []],
    ["a column", ["--exclude", "email"]],
    ["a column that another is generated from", ["--exclude", "name"]],
    ["a glob", ["--exclude", "*_token"]],
    ["a glob that matches nothing", ["--exclude", "x_*"]],
    ["all of them", ["--exclude", "name,*_token", "--retain", "90d", "--on-truncate", "record"]],
  ])("mean nothing to do the second time: %s", async (_what, options) => {
    expect(await enable("users", ...options)).toMatchObject({ did: "enabled" });
    expect(await enable("users", ...options)).toMatchObject({ did: "unchanged" });
    expect(await enable("users")).toMatchObject({ did: "unchanged" });
    const noted =
      await database.sql`select from audit.operation where kind = 'enable' and plan ->> 'table' = 'public.users'
      and relation = (select max(id) from audit.relation)`;
    expect(noted).toHaveLength(1);
  });

  it("say that a new retention holds for future changes only", async () => {
    await enable("users", "--retain", "90d");
    await database.sql`insert into users (id, name) values (1, 'before')`;
    expect(await enable("users", "--retain", "1y")).toMatchObject({
      did: "changed",
      detail: expect.stringContaining("the new retention holds for future changes only"),
    });
    await database.sql`update users set name = 'after'`;
    const kept = await database.sql`
      select retention.name from audit.change
      join audit.segment on segment.id = change.segment
      join audit.retention on retention.id = segment.retention
      where relation = (select max(id) from audit.relation)
      order by change.id`;
    expect(kept).toEqual([{ name: "90d" }, { name: "1y" }]);
  });

  it("apply to each of several tables as far as it has such columns", async () => {
    const rows = await audit.items<{ did: string; detail: string }>(
      ...["enable", "users", "orders", "--exclude", "email,note"],
    );
    expect(rows.map(({ did }) => did)).toEqual(["enabled", "enabled"]);
    expect(await settingsOf("users")).toMatchObject({ excluded: ["email"] });
    expect(await settingsOf("orders")).toMatchObject({ excluded: ["note"] });
  });

  it("come back after disable", async () => {
    await enable("users", "--exclude", "email", "--retain", "90d");
    await audit("disable", "users");
    expect(await enable("users")).toMatchObject({ did: "enabled" });
    expect(await settingsOf("users")).toMatchObject({ excluded: ["email"], retention: "90d", state: "on" });
  });

  it.each(["insert", "update", "delete", "truncate"])(
    "are put back by enable when somebody dropped the trigger of %s",
    async (operation) => {
      await enable("users", "--exclude", "email");
      const [trigger] = await database.sql<{ drop: string }[]>`
      select format('drop trigger %I on users', tgname) as drop from pg_trigger
      where tgrelid = 'users'::regclass and tgname like ${`%_${operation}_%`}`;
      await database.sql.unsafe(trigger?.drop ?? "");
      const [status] = await audit.items<{ state: string; problems: string[] }>("status", "users");
      expect(status?.state).toBe("broken");
      expect(status?.problems.join()).toContain("audit enable public.users");
      expect(await enable("users")).toMatchObject({ did: "changed" });
      expect(await settingsOf("users")).toMatchObject({ excluded: ["email"], state: "on" });
    },
  );
});

describe("enable --all", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database);
  const count = 300;

  beforeAll(async () => {
    const { sql } = database;
    await sql.unsafe(`
      do $$
      begin
        for n in 1 .. ${count} loop
          execute format('create table t_%s (id int primary key, value text)', to_char(n, 'FM000'));
        end loop;
      end
      $$;
      create table keyless (a int);
      create table log_all (id int primary key) partition by range (id);
      create table log_1 partition of log_all for values from (0) to (10);
      create unlogged table fleeting (id int primary key)`);
  });

  it("reports table by table, those left out with the reason, and shows how far it is", async () => {
    const { code, stdout, stderr } = await audit.run(["enable", "--all", "--json"], {
      errIsTTY: true,
      now: () => new Date(),
    });
    expect(code).toBe(0);
    const { items } = JSON.parse(stdout) as { items: { table: string; did: string; detail: string }[] };
    expect(items).toHaveLength(count + 4);
    expect(items.filter(({ did }) => did === "enabled")).toHaveLength(count + 2);
    const found = (table: string) => items.find((item) => item.table === table);
    expect(found("keyless")).toMatchObject({
      did: "skipped",
      detail: expect.stringMatching(/no primary key.*alter table public\.keyless add primary key/),
    });
    expect(found("log_1")).toMatchObject({ did: "skipped", detail: expect.stringContaining("partition of") });
    expect(found("fleeting")).toMatchObject({ did: "enabled", detail: expect.stringContaining("unlogged") });
    expect(found("t_123")).toMatchObject({ did: "enabled", detail: "kept for ever" });

    const drawn = stderr.split("\r\x1b[K").filter((line) => line !== "");
    expect(drawn.length).toBeGreaterThan(3);
    for (const line of drawn) expect(line).toMatch(/^enabling \d+\/302 public\.\w+$/);
    expect(stderr.endsWith("\r\x1b[K")).toBe(true);
  });

  it("really audits them all", async () => {
    await database.sql.unsafe(`
      do $$
      begin
        for n in 1 .. ${count} loop
          execute format('insert into t_%s values (1, %L)', to_char(n, 'FM000'), n);
        end loop;
      end
      $$`);
    const [row] =
      await database.sql`select count(distinct relation)::int as tables, count(*)::int as changes from audit.change`;
    expect(row).toEqual({ tables: count, changes: count });
    expect((await audit("status")).stdout).toContain(`${count + 2} tables: ${count + 2} on`);
  });

  it("has nothing to do the second time, and says so", async () => {
    const { stdout, stderr } = await audit("enable", "--all");
    expect(stdout).toMatch(new RegExp(`2 skipped, ${count + 2} unchanged|${count + 2} unchanged, 2 skipped`));
    expect(stderr).toBe("");
  });

  it("is undone table by table by disable --all", async () => {
    expect((await audit("disable", "--all")).stdout).toContain(`${count + 2} disabled`);
    await database.sql`update t_001 set value = 'unseen'`;
    const [row] = await database.sql`select count(*)::int as changes from audit.change`;
    expect(row).toEqual({ changes: count });
  });
});
