import { describe, expect, it } from "vitest";
import { describeSchema } from "../helpers/describeSchema.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

it("installs what was reviewed: see the diff of test/expected/schema.txt", async () => {
  await expect(await describeSchema(database.sql, "audit")).toMatchFileSnapshot("../expected/schema.txt");
});

async function names(query: string): Promise<string[]> {
  const rows = await database.sql.unsafe<{ name: string }[]>(query);
  return rows.map(({ name }) => name);
}

describe("psql's \\d+ and \\df+ explain", () => {
  it("every table and view", async () => {
    expect(
      await names(`
        select relname as name from pg_class
        where relnamespace = 'audit'::regnamespace and relkind in ('r', 'p', 'v', 'S')
          and obj_description(oid, 'pg_class') is null
          and not exists (select from pg_depend where objid = pg_class.oid and deptype = 'i')`),
    ).toEqual([]);
  });

  it("every column of the tables and of the view", async () => {
    expect(
      await names(`
        select attrelid::regclass || '.' || attname as name
        from pg_attribute join pg_class as class on class.oid = attrelid
        where relnamespace = 'audit'::regnamespace and relkind in ('r', 'p', 'v') and attnum > 0 and not attisdropped
          and col_description(attrelid, attnum) is null
        order by attrelid::regclass::text, attnum`),
    ).toEqual([]);
  });

  it("every function that is not ours alone", async () => {
    expect(
      await names(`
        select proname as name from pg_proc
        where pronamespace = 'audit'::regnamespace and proname !~ '^_' and obj_description(oid, 'pg_proc') is null`),
    ).toEqual([]);
  });
});

describe("every function", () => {
  it("pins exactly search_path=pg_catalog, pg_temp", async () => {
    expect(
      await names(`
        select proname as name from pg_proc
        where pronamespace = 'audit'::regnamespace and prokind = 'f' and proname !~ '^_hot_\\d+$'
          and 'search_path=pg_catalog, pg_temp' <> all (coalesce(proconfig, '{}'))`),
    ).toEqual([]);
  });

  it("is out of reach for those who were not let in", async () => {
    expect(
      await names(`
        select proname as name from pg_proc
        where pronamespace = 'audit'::regnamespace
          and (proacl is null or exists (select from aclexplode(proacl) where grantee = 0))`),
    ).toEqual([]);
  });
});
