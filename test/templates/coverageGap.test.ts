import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { type Registered, registered } from "../helpers/registered.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);

beforeAll(async () => {
  await database.sql.unsafe("create schema app");
});

let leaves: Readonly<Record<"full" | "empty", number>> = { full: 0, empty: 0 };

beforeEach(async () => {
  await database.sql.unsafe(`
    drop table if exists app.sale, app.full, app.empty cascade;
    create table app.sale (id int, region text, note text, primary key (region, id)) partition by list (region);
    create table app.full (id int not null, region text not null, note text, primary key (region, id));
    create table app.empty (id int not null, region text not null, note text, primary key (region, id));
    insert into app.full values (1, 'full')`);
  const [row] = await database.sql<{ full: number; empty: number }[]>`
    select 'app.full'::regclass::oid as full, 'app.empty'::regclass::oid as empty`;
  if (row) leaves = row;
});

async function gap(former: Registered, present: Registered): Promise<string | null | undefined> {
  const [row] = await database.sql.unsafe<{ it: string | null }[]>(
    `select audit._coverage_gap(${registered("app.sale", former)}, ${registered("app.sale", present)}) as it`,
  );
  return row?.it;
}

describe("_coverage_gap", () => {
  const key = { key_columns: [2, 1] };

  it("is none where nothing came or went", async () => {
    expect(await gap(key, key)).toBeNull();
    const parted = { ...key, partitions: [leaves.full, leaves.empty] };
    expect(await gap(parted, { ...parted, partitions: [leaves.empty, leaves.full] })).toBeNull();
    expect(await gap({}, {})).toBeNull();
  });

  it("is none where a partition without rows came or went", async () => {
    const parted = { ...key, partitions: [leaves.empty] };
    expect(await gap(key, parted)).toBeNull();
    expect(await gap(parted, key)).toBeNull();
  });

  it("is there where a partition with rows came, went, or is gone for good", async () => {
    const parted = { ...key, partitions: [leaves.full] };
    expect(await gap(key, parted)).toBe("a partition with rows was attached");
    expect(await gap(parted, key)).toBe("a partition was detached or dropped");
    expect(await gap({ ...key, partitions: [1] }, key)).toBe("a partition was detached or dropped");
  });

  it("is there where a column of the key went, and not where another did", async () => {
    await database.sql.unsafe("alter table app.sale drop note");
    expect(await gap(key, key)).toBeNull();
    expect(await gap({ key_columns: [3] }, { key_columns: [3] })).toBe("a key column was dropped");
  });
});

describe("DDL on an audited table", () => {
  /** Each interval of coverage: whether it is over and why, and why it began. */
  async function coverage(): Promise<(string | null)[][]> {
    const rows = await database.sql<{ on: string; off: string | null }[]>`
      select on_reason as on, off_reason as off from audit.coverage
      where relation = audit._relation_of('app.sale'::regclass) order by from_id`;
    return rows.map(({ on, off }) => [on, off]);
  }

  const attach = (leaf: string) =>
    database.sql.unsafe(`alter table app.sale attach partition app.${leaf} for values in ('${leaf}')`);

  beforeEach(async () => {
    await audit("enable", "app.sale");
  });

  it("leaves coverage whole where partitions without rows come and go", async () => {
    await attach("empty");
    await database.sql.unsafe("create table app.made partition of app.sale for values in ('made')");
    await database.sql.unsafe("alter table app.sale detach partition app.empty");
    expect(await coverage()).toEqual([["enabled", null]]);
  });

  it("begins coverage anew where a partition is dropped, for nobody can tell any more whether it had rows", async () => {
    await database.sql.unsafe("create table app.made partition of app.sale for values in ('made')");
    await database.sql.unsafe("drop table app.made");
    expect(await coverage()).toHaveLength(2);
  });

  it("begins coverage anew where a partition comes with rows", async () => {
    await attach("full");
    const reason = "a partition with rows was attached";
    expect(await coverage()).toEqual([
      ["enabled", reason],
      [reason, null],
    ]);
  });

  it.each([
    ["detached", "alter table app.sale detach partition app.empty"],
    ["dropped", "drop table app.empty"],
  ])("begins coverage anew where a partition with rows is %s", async (_, statement) => {
    await attach("empty");
    await database.sql.unsafe("insert into app.sale values (1, 'empty')");
    await database.sql.unsafe(statement);
    const reason = "a partition was detached or dropped";
    expect(await coverage()).toEqual([
      ["enabled", reason],
      [reason, null],
    ]);
  });

  it("ends coverage where a column of the key goes", async () => {
    await database.sql.unsafe(`
      drop table app.sale;
      create table app.sale (id int primary key, note text)`);
    await audit("enable", "app.sale");
    await database.sql.unsafe("alter table app.sale drop id");
    expect(await coverage()).toEqual([["enabled", "a key column was dropped"]]);
  });
});
