import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

interface Definer {
  readonly name: string;
  readonly owner: string;
  readonly settings: readonly string[];
  readonly public: boolean;
}

const owner = `definers_${randomBytes(4).toString("hex")}`;
let definers: readonly Definer[] = [];

beforeAll(async () => {
  await database.sql.unsafe(
    `create role ${owner} nologin;
    create table plain (id int primary key, at timestamptz, span interval, bytes bytea, part real, price money, note xml);
    create table kept (id int primary key, place box);
    alter table kept owner to ${owner}`,
  );
  for (const args of [
    ["enable", "plain"],
    ["enable", "kept", "--on-truncate", "record"],
  ]) {
    const { code, stderr } = await runCli(args, { env: { DATABASE_URL: database.url } });
    expect({ code, stderr }).toMatchObject({ code: 0 });
  }
  definers = await database.sql<Definer[]>`
    select proname as name, proowner::regrole::text as owner, coalesce(proconfig, '{}') as settings,
      proacl is null or exists (select from aclexplode(proacl) where grantee = 0) as public
    from pg_proc
    where prosecdef and pronamespace = 'audit'::regnamespace
    order by proname`;
});

afterAll(async () => {
  await database.sql.unsafe(`drop owned by ${owner} cascade; drop role ${owner}`);
});

describe("functions with security definer", () => {
  it("are the triggers, what reads a table as its owner, and nothing else", () => {
    expect(definers.map(({ name }) => name)).toEqual([
      "_delete_1",
      "_delete_2",
      "_insert_1",
      "_insert_2",
      "_on_ddl",
      "_rows_1",
      "_rows_2",
      "_truncate_1",
      "_truncate_2",
      "_update_1",
      "_update_2",
    ]);
  });

  it("pin exactly search_path=pg_catalog, pg_temp", () => {
    for (const { name, settings } of definers) {
      expect(
        settings.filter((setting) => setting.startsWith("search_path")),
        name,
      ).toEqual(["search_path=pg_catalog, pg_temp"]);
    }
  });

  it("run as a role that can do little, each as its own, or read a table as its owner", async () => {
    const [session] = await database.sql<{ name: string }[]>`select current_user::regrole::text as name`;
    expect(Object.fromEntries(definers.map(({ name, owner: role }) => [name, role]))).toEqual({
      _on_ddl: "audit_ddl",
      ...Object.fromEntries(
        ["insert", "update", "delete"].flatMap((operation) =>
          [1, 2].map((relation) => [`_${operation}_${relation}`, "audit_writer"]),
        ),
      ),
      _rows_1: session?.name,
      _rows_2: owner,
      _truncate_1: "audit_truncate",
      _truncate_2: "audit_truncate",
    });
  });

  it("cannot be called by just anyone", () => {
    expect(definers.filter((definer) => definer.public)).toEqual([]);
  });

  it("pin every setting that changes the text of a value, where they write images", () => {
    for (const { name, settings } of definers.filter((definer) => definer.name !== "_on_ddl")) {
      expect(settings, name).toEqual(
        expect.arrayContaining([
          "TimeZone=UTC",
          "DateStyle=ISO, YMD",
          "IntervalStyle=postgres",
          "bytea_output=hex",
          "extra_float_digits=1",
          "lc_monetary=C",
          "xmloption=content",
        ]),
      );
    }
  });
});
