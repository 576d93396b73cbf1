import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

/** Runs statements as a role that is no superuser, in one transaction. */
async function runAs(role: string, statements: string): Promise<void> {
  await database.sql.begin((sql) => sql.unsafe(`set local role ${role}; ${statements}`).simple());
}

beforeAll(async () => {
  await database.sql.unsafe(`
    create role partitions_owner nologin;
    create role partitions_heir nologin;
    create schema shop authorization partitions_owner`);
  await runAs(
    "partitions_owner",
    `create table shop.sale (id integer, region text, primary key (region, id)) partition by list (region);
    create table shop.sale_a partition of shop.sale for values in ('a');
    create table shop.sale_b partition of shop.sale for values in ('b') partition by hash (id);
    create table shop.sale_b_1 partition of shop.sale_b for values with (modulus 2, remainder 0);
    create table shop.sale_b_2 partition of shop.sale_b for values with (modulus 2, remainder 1)`,
  );
  const { code } = await runCli(["enable", "shop.sale"], { env: { DATABASE_URL: database.url } });
  expect(code).toBe(0);
});

afterAll(async () => {
  await database.sql.unsafe(
    "drop owned by partitions_owner, partitions_heir cascade; drop role partitions_owner, partitions_heir",
  );
});

describe("the owner of a partitioned table", () => {
  it.each(["partitions_owner", "partitions_heir"])("can make and attach partitions: %s", async (owner) => {
    await database.sql.unsafe(`alter schema shop owner to ${owner}; alter table shop.sale owner to ${owner}`);
    await runAs(
      owner,
      `create table shop.made partition of shop.sale for values in ('made');
      insert into shop.sale values (1, 'made');
      create table shop.attached (region text not null, id integer not null);
      alter table shop.sale attach partition shop.attached for values in ('attached');
      insert into shop.attached values ('attached', 1)`,
    );
    const recorded = await database.sql<{ key: string }[]>`
      select key from audit.change where op = 'I' order by id desc limit 2`;
    expect(recorded.map(({ key }) => key)).toEqual(['["attached", "1"]', '["made", "1"]']);
    await database.sql.unsafe(`
      drop table shop.made, shop.attached;
      alter schema shop owner to partitions_owner;
      alter table shop.sale owner to partitions_owner`);
  });
});

describe("TRUNCATE of a partitioned table", () => {
  beforeAll(async () => {
    // These come later: they have no trigger of their own, and nobody is granted anything on them.
    await runAs(
      "partitions_owner",
      `create table shop.sale_c partition of shop.sale for values in ('c');
      create table shop.sale_d partition of shop.sale for values in ('d') partition by hash (id);
      create table shop.sale_d_1 partition of shop.sale_d for values with (modulus 1, remainder 0)`,
    );
  });

  beforeEach(async () => {
    await database.sql.unsafe(`
      truncate shop.sale;
      insert into shop.sale
      select number, region from generate_series(1, 2) as number, unnest('{a,b,c,d}'::text[]) as region`);
  });

  it.each([
    ["shop.sale", "a1 a2 b1 b2 c1 c2 d1 d2"],
    ["shop.sale_a", "a1 a2"],
    ["shop.sale_b", "b1 b2"],
    ["shop.sale_a, shop.sale", "a1 a2 b1 b2 c1 c2 d1 d2"],
  ])("keeps each row once: truncate %s", async (tables, expected) => {
    const [before] = await database.sql<{ id: string }[]>`select max(id)::text as id from audit.change`;
    await runAs("partitions_owner", `truncate ${tables}`);
    const [kept] = await database.sql<{ rows: string }[]>`
      select string_agg(concat(old ->> 'region', old ->> 'id'), ' ' order by old ->> 'region', old ->> 'id') as rows
      from audit.change
      where op = 'T' and id > ${before?.id ?? "0"}::text::bigint`;
    expect(kept?.rows).toBe(expected);
  });
});
