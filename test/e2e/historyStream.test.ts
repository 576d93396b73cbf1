import { beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

interface Item {
  readonly id: string;
  readonly tx: string;
  readonly key: string;
  readonly new: { readonly n?: string } | null;
}

describe("the changes of a table", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database);
  let recorded: string[] = [];

  beforeAll(async () => {
    const { sql } = database;
    await sql.unsafe(
      "create table much (id int primary key, n int); create table seldom (id int primary key)",
    );
    await audit("enable", "much", "seldom");
    await sql.unsafe("insert into seldom values (1)");
    await sql.unsafe("insert into much select i, 0 from generate_series(1, 6000) as i");
    for (let round = 1; round <= 5; round++) {
      await sql`update much set n = ${round} where id <= 2000`;
      await sql`select audit.tag(${`round-${round}`})`;
    }
    await sql.unsafe("insert into seldom values (2)");
    await sql.unsafe("delete from much where id > 5000");
    const rows = await sql<{ id: string }[]>`
      select id::text from audit.change where relation = 1 order by change.id`;
    recorded = rows.map(({ id }) => id);
  });

  const ids = async (...args: string[]) => (await audit.items<Item>("history", ...args)).map(({ id }) => id);

  it("come whole and in order, from either end, over all windows", async () => {
    expect(recorded).toHaveLength(17_000);
    expect(await ids("much")).toEqual(recorded);
    expect(await ids("much", "--reverse")).toEqual(recorded.toReversed());
    expect(await ids("seldom")).toHaveLength(2);
    expect(await ids("seldom", "--reverse", "--limit", "1")).toHaveLength(1);
  });

  it.each([1, 499, 500, 5000, 16_999, 17_000, 20_000])("the newest %i", async (count) => {
    const newest = recorded.slice(-count);
    expect(await ids("much", "--limit", String(count))).toEqual(newest);
    expect(await ids("much", "--limit", String(count), "--reverse")).toEqual(newest.toReversed());
  });

  it("between tags: after the first, up to and including the second", async () => {
    expect(await ids("much", "--range", "tag:round-1..tag:round-3")).toEqual(recorded.slice(8000, 12_000));
    expect(await ids("much", "--range", "..tag:round-1", "--reverse", "--limit", "3")).toEqual(
      recorded.slice(7997, 8000).toReversed(),
    );
    expect(await ids("much", "--since", "tag:round-5")).toEqual(recorded.slice(16_000));
    expect(await ids("much", "--range", "now..")).toEqual([]);
    expect(await ids("much", "--since", "now", "--limit", "2")).toEqual([]);
  });

  it("for a reader, who may not look at sequences", async () => {
    const { sql } = database;
    const name = `reader_${database.name}`;
    await sql.unsafe(`create role "${name}" login password 'reader'; grant audit_reader to "${name}"`);
    try {
      const url = new URL(database.url);
      url.username = name;
      url.password = "reader";
      const reader = auditOf({ url: url.href });
      expect((await reader.items<Item>("history", "much", "--limit", "3")).map(({ id }) => id)).toEqual(
        recorded.slice(-3),
      );
    } finally {
      await sql.unsafe(`revoke audit_reader from "${name}"; drop role "${name}"`);
    }
  });
});

describe("rows that triggers touch again", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database);

  /** A BEFORE trigger's nested update of the neighbour is recorded before the neighbour's own, in the same statement. */
  beforeAll(async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table touched (id int primary key, n int);
      create function touch() returns trigger language plpgsql as $$
      begin
        if pg_trigger_depth() = 1 then update touched set n = new.n + 1 where id = new.id; end if;
        return null;
      end $$;
      create trigger aaa after insert or update on touched for each row execute function touch()`);
    await audit("enable", "touched");
    await sql.unsafe('alter trigger aaa on touched rename to "!first"');
    await audit("sync");
    await sql.unsafe("insert into touched select i, 10 from generate_series(1, 1200) as i");
    await sql.unsafe("update touched set n = 20");
    const [twisted] = await sql<{ keys: number }[]>`
      select count(*)::int as keys
      from audit.change as inner_one join audit.change as outer_one using (relation, xid, key)
      where inner_one.id < outer_one.id and inner_one.old_tid = outer_one.new_tid`;
    expect(twisted?.keys).toBe(2400);
  });

  it.each([[[]], [["--reverse"]]])("come in the order of their effects across batches: %j", async (flags) => {
    const items = await audit.items<Item>("history", "touched", ...flags);
    const byKey = new Map<string, (string | undefined)[]>();
    for (const { key, new: after } of items) byKey.set(key, [...(byKey.get(key) ?? []), after?.n]);
    expect(byKey.size).toBe(1200);
    const expected = flags.length === 0 ? ["10", "11", "20", "21"] : ["21", "20", "11", "10"];
    const wrong = [...byKey].filter(([, values]) => String(values) !== String(expected));
    expect(wrong.slice(0, 3)).toEqual([]);
  });
});
