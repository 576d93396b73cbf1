import { describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useOwnServer } from "../helpers/ownServer.ts";
import { passTime } from "../helpers/passTime.ts";

interface PlanRow {
  readonly segment: number;
  readonly act: string;
  readonly reason: string;
}

const server = useOwnServer();
const database = server.useDatabase();
const audit = auditOf(database);
const acts = async () => (await audit.items<PlanRow>("prune")).map(({ segment, act }) => `${segment} ${act}`);

it("rotates what is kept for ever by age and by size, once told to, and never drops it", async () => {
  const { sql } = database;
  await sql.unsafe("create table users (id int primary key, note text)");
  await audit("enable", "users");
  await sql`insert into users values (1, 'a')`;
  await passTime(sql, 40 * 24);
  expect(await acts()).toEqual(["1 keep"]);

  const { stdout } = await audit("retention", "set", "forever", "forever", "--rotate", "1 month");
  expect(stdout).toBe(
    "Retention forever still keeps for ever, and rotates after 1 mon.\nIt holds for public.users from the next audit prune on.\n",
  );
  const planned = await audit.items<PlanRow>("prune", "--dry-run");
  expect(planned.map(({ act, reason }) => [act, reason])).toEqual([
    [
      "rotate",
      expect.stringMatching(/^it was opened at .* and is due for rotation, which comes after 1 mon$/),
    ],
    ["close", "no transaction from before the rotation is left"],
  ]);
  expect(await acts()).toEqual(["1 rotate", "1 close", "1 keep", "2 keep"]);

  await audit("retention", "set", "forever", "forever", "--rotate", "default", "--rotate-size", "1MB");
  await sql`insert into users values (2, 'b')`;
  await passTime(sql, 400 * 24);
  expect(await acts()).toEqual(["1 keep", "2 keep"]);
  await sql`insert into users select n, repeat(md5(n::text), 30) from generate_series(3, 2000) as n`;
  const [due] = (await audit.items<PlanRow>("prune", "--dry-run")).filter(({ act }) => act === "rotate");
  expect(due).toMatchObject({
    segment: 2,
    reason: expect.stringMatching(/^it takes \d{7} bytes and is due for rotation, which comes at 1MB$/),
  });
  expect(await acts()).toEqual(["1 keep", "2 rotate", "2 close", "2 keep", "3 keep"]);

  await audit("retention", "set", "forever", "forever", "--rotate-size", "none");
  expect(await audit.items("history", "users")).toHaveLength(2000);
  expect(await audit.items("retention")).toEqual([
    { name: "forever", keep: null, floor: null, rotate: null, rotate_size: null, tables: ["public.users"] },
  ]);
});

it("keeps what was set when only the interval is set anew, and lists it", async () => {
  await audit("retention", "set", "normal", "1y", "--rotate", "7d", "--rotate-size", "10GB");
  const set = await audit.items("retention", "set", "normal", "2y");
  expect(set).toEqual([
    {
      name: "normal",
      keep: "2 years",
      former: "1 year",
      floor: null,
      rotate: "7 days",
      rotate_size: 10_737_418_240,
      tables: [],
    },
  ]);
  expect((await audit("retention")).stdout).toMatch(/normal +2 years +- +after 7 days or at 10GB +-/);
  await audit("retention", "set", "normal", "1y", "--rotate", "default", "--rotate-size", "none");
  expect((await audit("retention")).stdout).toMatch(/normal +1 year +- +after 1 mon +-/);
});

it("refuses a rotation longer than the interval, and changes nothing", async () => {
  await audit("retention", "set", "short", "30d", "--rotate", "20d");
  const refused = await audit.run(["retention", "set", "short", "10d"]);
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr).toBe(
    "error: Retention short cannot keep 10 days and rotate after 20 days: its changes would be kept longer than that.\nLet it rotate sooner, or as by default: --rotate default\n",
  );
  const kept = (await audit.items("retention")).find(({ name }) => name === "short");
  expect(kept).toMatchObject({ keep: "30 days", rotate: "20 days" });
});

describe("the span of a segment that is written to", () => {
  const growing = server.useDatabase();
  const command = auditOf(growing);
  const hot = async () => {
    const [row] = await command.items<{ first_at: string | null; last_at: string | null; act: string }>(
      "prune",
      "--dry-run",
    );
    return row;
  };
  const ends = async () => {
    const [row] = await growing.sql<{ first: string; last: string }[]>`
      select min(at)::text as first, max(at)::text as last from audit.change`;
    return row;
  };
  const asText = async (instant: string | null | undefined) => {
    const [row] = await growing.sql<{ text: string }[]>`select ${instant ?? null}::timestamptz::text as text`;
    return row?.text;
  };

  it("is told by its ends, wherever in it changes can be seen, and is none where there are none", async () => {
    const { sql } = growing;
    await sql.unsafe("create table users (id int primary key, note text)");
    await command("enable", "users", "--retain", "10d");
    expect(await hot()).toMatchObject({ first_at: null, last_at: null });
    const rollBack = () =>
      sql
        .begin(async (transaction) => {
          await transaction`insert into users select n, repeat('x', 400) from generate_series(1, 3000) as n`;
          throw new Error("rolled back");
        })
        .catch(() => {});
    await rollBack();
    await passTime(sql, 30 * 24);
    expect(await hot()).toMatchObject({ first_at: null, last_at: null, act: "keep", reason: "it is empty" });

    // Behind many pages of nothing, and before as many.
    await sql`insert into users values (1, 'a')`;
    const only = await ends();
    await rollBack();
    const seen = await hot();
    expect([await asText(seen?.first_at), await asText(seen?.last_at)]).toEqual([only?.first, only?.last]);
    expect(seen?.act).toBe("rotate");

    await sql`insert into users select n, repeat('x', 400) from generate_series(2, 3000) as n`;
    const all = await ends();
    const grown = await hot();
    expect([await asText(grown?.first_at), await asText(grown?.last_at)]).toEqual([all?.first, all?.last]);
  });
});
