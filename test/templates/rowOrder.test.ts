import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

/** A change of one row: what place it took the row from, and what place it put it in. */
interface Step {
  readonly id: number;
  readonly from?: number;
  readonly to?: number;
  readonly truncates?: boolean;
}

const insert = (id: number, to: number): Step => ({ id, to });
const update = (id: number, from: number, to: number): Step => ({ id, from, to });
const remove = (id: number, from: number): Step => ({ id, from });
const truncate = (id: number, from: number): Step => ({ id, from, truncates: true });

const place = (number: number | undefined) => (number === undefined ? "null" : `"(0,${number})"`);

/** Gives the steps in the order of their ids, as they were recorded; returns them in their true order. */
async function rowOrder(...steps: Step[]): Promise<number[]> {
  const recorded = steps.toSorted((one, other) => one.id - other.id);
  const arrays = [
    recorded.map(({ id }) => id),
    recorded.map(({ to }) => to === undefined),
    recorded.map(({ from }) => from === undefined),
    recorded.map(({ truncates }) => truncates === true),
    recorded.map(({ from }) => place(from)),
    recorded.map(({ to }) => place(to)),
  ];
  const [row] = await database.sql.unsafe<{ it: string }[]>(
    "select to_json(audit._row_order($1, $2, $3, $4, $5, $6)) as it",
    arrays.map((values) => `{${values.join()}}`),
  );
  return JSON.parse(row?.it ?? "");
}

it("leaves one change as it is", async () => {
  expect(await rowOrder(update(1, 1, 2))).toEqual([1]);
});

it("leaves changes that follow each other as they are", async () => {
  expect(await rowOrder(insert(1, 1), update(2, 1, 2), remove(3, 2))).toEqual([1, 2, 3]);
});

it("puts an insert before the update that its own trigger made", async () => {
  expect(await rowOrder(update(1, 1, 2), insert(2, 1))).toEqual([2, 1]);
});

it("puts a delete before the insert that its own trigger made", async () => {
  expect(await rowOrder(insert(1, 2), remove(2, 1))).toEqual([2, 1]);
});

it("unwinds updates nested several deep", async () => {
  expect(await rowOrder(update(1, 3, 4), update(2, 2, 3), update(3, 1, 2))).toEqual([3, 2, 1]);
});

it("keeps a row's former and later life apart", async () => {
  expect(await rowOrder(remove(1, 1), insert(2, 5), update(3, 5, 6))).toEqual([1, 2, 3]);
});

it("falls back on ids where the links make no sense, as after a rewrite of the table", async () => {
  expect(await rowOrder(update(1, 1, 2), update(2, 7, 8))).toEqual([1, 2]);
});

it("falls back on ids where places go round in a circle", async () => {
  expect(await rowOrder(update(1, 1, 2), update(2, 2, 1))).toEqual([1, 2]);
});

it("lets the row that was there leave before another arrives, as when keys are swapped", async () => {
  expect(await rowOrder(insert(1, 5), remove(2, 1))).toEqual([2, 1]);
});

it("bridges a missing link, as after an update that left no change, by ids and by what is possible", async () => {
  expect(await rowOrder(update(1, 1, 2), insert(2, 5), remove(3, 7))).toEqual([1, 3, 2]);
  expect(await rowOrder(update(1, 2, 3), update(2, 1, 2), update(3, 8, 9))).toEqual([2, 1, 3]);
});

it("takes the nearest later change where a place was used again", async () => {
  expect(await rowOrder(update(1, 1, 2), remove(2, 2), insert(3, 1), update(4, 1, 2), remove(5, 2))).toEqual([
    1, 2, 3, 4, 5,
  ]);
});

it("links nothing across a TRUNCATE, after which all places are used anew", async () => {
  expect(await rowOrder(truncate(1, 3), update(2, 2, 3), update(3, 1, 2), insert(4, 1))).toEqual([
    1, 4, 3, 2,
  ]);
  expect(
    await rowOrder(
      update(1, 2, 3),
      update(2, 1, 2),
      truncate(3, 3),
      insert(4, 1),
      update(5, 1, 2),
      update(6, 2, 3),
    ),
  ).toEqual([2, 1, 3, 4, 5, 6]);
});

it("falls back on ids where rows arrive one upon another", async () => {
  expect(await rowOrder(insert(1, 5), insert(2, 7), update(3, 9, 10))).toEqual([1, 2, 3]);
});

it("finds the true order of any one life, however its changes were recorded", async () => {
  const life = fc
    .record({ born: fc.boolean(), dies: fc.boolean(), updates: fc.integer({ min: 0, max: 5 }) })
    .filter(({ born, dies, updates }) => updates + Number(born) + Number(dies) > 0)
    .chain((parts) => {
      const length = parts.updates + Number(parts.born) + Number(parts.dies);
      return fc.tuple(
        fc.constant(parts),
        fc.shuffledSubarray(
          Array.from({ length }, (_, index) => index + 1),
          { minLength: length },
        ),
      );
    });
  await fc.assert(
    fc.asyncProperty(life, async ([{ born, dies }, ids]) => {
      const steps = ids.map((id, index) => {
        if (born && index === 0) return insert(id, 1);
        return dies && index === ids.length - 1 ? remove(id, index) : update(id, index, index + 1);
      });
      expect(await rowOrder(...steps)).toEqual(ids);
    }),
    { numRuns: 200 },
  );
});

describe("_row_order of a row that came and went by statement, which tells no places", () => {
  it.each([
    {
      how: "moved to the key by an update, then touched by the statement that updates it, then deleted",
      sql: `audit._row_order('{1,2,3,4}', '{f,f,f,t}', '{t,f,f,f}', '{f,f,f,f}',
        '{null,"(0,7)","(0,4)",null}', '{"(0,4)","(0,8)","(0,7)",null}')`,
      order: ["1", "3", "2", "4"],
    },
    {
      how: "inserted, touched by the statement that inserts it, then deleted",
      sql: `audit._row_order('{1,2,3}', '{f,f,t}', '{f,t,f}', '{f,f,f}',
        '{"(0,4)",null,null}', '{"(0,5)",null,null}')`,
      order: ["2", "1", "3"],
    },
    {
      how: "deleted, inserted again, then touched by the statement that updates it",
      sql: `audit._row_order('{1,2,3,4}', '{t,f,f,f}', '{f,t,f,f}', '{f,f,f,f}',
        '{null,null,"(0,5)","(0,4)"}', '{null,null,"(0,6)","(0,5)"}')`,
      order: ["1", "2", "4", "3"],
    },
  ])("$how", async ({ sql, order }) => {
    const [row] = await database.sql.unsafe<{ ids: string[] }[]>(`select ${sql} as ids`);
    expect(row?.ids).toEqual(order);
  });
});
