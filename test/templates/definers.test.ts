import { beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

interface Definer {
  readonly name: string;
  readonly owner: string;
  readonly settings: readonly string[];
  readonly public: boolean;
}

let definers: readonly Definer[] = [];

beforeAll(async () => {
  await database.sql.unsafe(
    "create table plain (id int primary key); create table kept (id int primary key)",
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

describe("functions with security definer", () => {
  it("are the triggers and nothing else", () => {
    expect(definers.map(({ name }) => name)).toEqual([
      "_on_ddl",
      "_row_1",
      "_row_2",
      "_truncate_1",
      "_truncate_2",
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

  it("run as a role that can do little, each as its own", () => {
    expect(Object.fromEntries(definers.map(({ name, owner }) => [name, owner]))).toEqual({
      _on_ddl: "audit_ddl",
      _row_1: "audit_writer",
      _row_2: "audit_writer",
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
