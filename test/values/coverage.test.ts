import { beforeAll, describe, expect, inject, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";
import { clock, unfaithful } from "./compare.ts";
import { builtInSamples } from "./groups.ts";
import { commonDdl, forms, triggerOf } from "./tables.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);

/**
 * Types whose input function refuses everything: a column can have them, but only the server makes values, so no
 * text of theirs leads back. Each with a query for a value.
 */
const madeByServer: Readonly<Record<string, string>> = {
  pg_node_tree: "select adbin from pg_attrdef limit 1",
  pg_ndistinct: "select stxdndistinct from pg_statistic_ext_data",
  pg_dependencies: "select stxddependencies from pg_statistic_ext_data",
  pg_mcv_list: "select stxdmcv from pg_statistic_ext_data",
  // Values of these three are found inside of indexes only.
  gtsvector: "select null::gtsvector",
  pg_brin_bloom_summary: "select null::pg_brin_bloom_summary",
  pg_brin_minmax_multi_summary: "select null::pg_brin_minmax_multi_summary",
};

/** Every type of the server's own that is not made from another one: no arrays, and no rows of catalogs. */
const builtInTypes = `
  select type.oid, format_type(type.oid, -1) as name
  from pg_type as type
  where type.typnamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    and type.typtype <> 'p'
    and type.typrelid = 0
    and not exists (select from pg_type as element where element.typarray = type.oid)`;

beforeAll(async () => {
  await database.sql.unsafe(`
    ${commonDdl}
    create table app.two (a int default 1 + random()::int, b int);
    insert into app.two select n % 10, n % 10 from generate_series(1, 1000) as n;
    create statistics app.of_two (ndistinct, dependencies, mcv) on a, b from app.two;
    analyze app.two;
  `);
});

describe("the samples", () => {
  it("cover every type of the server that a column can have", async () => {
    const covered = Object.values(builtInSamples(inject("postgresMajor"))).flatMap((samples) =>
      Object.keys(samples),
    );
    const rows = await database.sql.unsafe<{ name: string }[]>(
      `
      with sampled as (select to_regtype(name) as oid from unnest($1::text[]) as name)
      select built_in.name from (${builtInTypes}) as built_in
      where not exists (select from sampled where sampled.oid = built_in.oid)
        and not built_in.name = any ($2::text[])
      order by 1`,
      [covered, Object.keys(madeByServer)],
    );
    expect(rows.map(({ name }) => name)).toEqual([]);
  });

  it("leave out only types that read no text at all", async () => {
    for (const type of Object.keys(madeByServer)) {
      await expect(database.sql.unsafe(`select ''::${type}`), type).rejects.toThrow(
        /cannot accept a value|not implemented/,
      );
    }
  });

  it("leave out only pseudo-types of which no column can be", async () => {
    const pseudo = await database.sql<{ name: string }[]>`
      select oid::regtype::text as name from pg_type where typtype = 'p' and typnamespace = 'pg_catalog'::regnamespace`;
    expect(pseudo.length).toBeGreaterThan(20);
    for (const { name } of pseudo) {
      const attempt = database.sql.unsafe(`create table app.pseudo (value ${name})`);
      await expect(attempt, name).rejects.toThrow(/has pseudo-type|does not exist/);
    }
  });
});

describe.each(forms)("a %s table of types that only the server makes values of", (form) => {
  const table = `${form}.made`;
  const names = Object.keys(madeByServer);
  let before: string;

  beforeAll(async () => {
    await database.sql.unsafe(`
      create table ${table} (pos int primary key, touched bool, ${names.map((name) => `${name} ${name}`).join(", ")});
      ${form === "fired" ? triggerOf(table) : ""}`);
    await audit("enable", table);
    const values = Object.values(madeByServer).map((query) => `(${query})`);
    await database.sql.unsafe(`
      insert into ${table} select pos, false, ${values.join(", ")} from generate_series(1, 4) as pos;
      create table kept.${form}_made as table ${table}`);
    before = await clock(database.sql);
  });

  it("is recorded with their texts", async () => {
    await database.sql.unsafe(`update ${table} set pg_mcv_list = null where pos = 1`);
    await database.sql.unsafe(`delete from ${table} where pos = 2`);
    const changes = await database.sql<{ op: string; same: boolean }[]>`
      select history.op::text, coalesce(history.old, history.new) ->> 'pg_mcv_list' = (select kept.pg_mcv_list::text
        from ${database.sql(`kept.${form}_made`)} as kept where kept.pos = history.key::int) as same
      from audit.history where schema_name = ${form} and table_name = 'made' order by id`;
    expect(changes.map(({ op, same }) => `${op} ${same}`)).toEqual([
      ...Array(4).fill("I true"),
      "U true",
      "D true",
    ]);
  });

  it("shows the past of rows whose values it needs not read, and refuses the others rather than guess", async () => {
    const { sql } = database;
    await expect(unfaithful(sql, { table, instant: before, kept: `kept.${form}_made` })).rejects.toThrow(
      "cannot accept a value of type",
    );
    await sql.unsafe(`
      delete from ${table}; insert into ${table} (pos) values (1);
      create table kept.${form}_blank as table ${table}`);
    const blank = await clock(sql);
    await sql.unsafe(`update ${table} set touched = true; truncate ${table}`);
    expect(await unfaithful(sql, { table, instant: blank, kept: `kept.${form}_blank` })).toEqual([]);
  });
});
