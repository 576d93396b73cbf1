import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

/** One change of a key: the place the row version was taken from, and the one it was put in. */
interface Step {
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** What a statement does to the row, what its triggers do then, and whether it is recorded before or after them. */
interface Act {
  readonly leaves: boolean;
  readonly nested: readonly Act[];
  readonly recordedFirst: boolean;
}

const acts = fc.letrec<{ acts: Act[] }>((tie) => ({
  acts: fc.array(
    fc.record({
      leaves: fc.boolean(),
      nested: fc.oneof({ depthSize: "small" }, fc.constant([]), tie("acts")),
      recordedFirst: fc.boolean(),
    }) as fc.Arbitrary<Act>,
    { maxLength: 4 },
  ),
})).acts;

/** Lets the acts happen to one key: the steps as they happened, and as they were recorded. */
function happen(wasThere: boolean, plan: readonly Act[]): { happened: Step[]; recorded: Step[] } {
  const happened: Step[] = [];
  const recorded: Step[] = [];
  let place = wasThere ? 0 : undefined;
  let used = 0;
  const perform = ({ leaves, nested, recordedFirst }: Act) => {
    const from = place;
    place = from !== undefined && leaves ? undefined : ++used;
    const step = { from, to: place };
    happened.push(step);
    if (recordedFirst) recorded.push(step);
    nested.forEach(perform);
    if (!recordedFirst) recorded.push(step);
  };
  plan.forEach(perform);
  return { happened, recorded };
}

async function rowOrder(recorded: readonly Step[]): Promise<number[]> {
  const place = (number: number | undefined) => (number === undefined ? "null" : `"(0,${number + 1})"`);
  const arrays = [
    recorded.map((_, index) => index + 1),
    recorded.map(({ to }) => to === undefined),
    recorded.map(({ from }) => from === undefined),
    recorded.map(() => false),
    recorded.map(({ from }) => place(from)),
    recorded.map(({ to }) => place(to)),
  ];
  const [row] = await database.sql.unsafe<{ it: string }[]>(
    "select to_json(audit._row_order($1, $2, $3, $4, $5, $6))::text as it",
    arrays.map((values) => `{${values.join()}}`),
  );
  return JSON.parse(row?.it ?? "");
}

/** Whether a row is always there that is changed or leaves, and never where one arrives. */
function isPossible(steps: readonly Step[]): boolean {
  return steps.every(
    ({ from }, index) => index === 0 || (steps[index - 1]?.to === undefined) === (from === undefined),
  );
}

/** The life that was going on at the beginning, and the one that goes on at the end: what reading the past asks for. */
function ends(steps: readonly Step[]): { first: Step[]; last: Step[] } {
  const firstDeparture = steps.findIndex(({ to }) => to === undefined);
  const lastArrival = steps.findLastIndex(({ from }) => from === undefined);
  return {
    first:
      steps[0]?.from === undefined ? [] : steps.slice(0, firstDeparture < 0 ? undefined : firstDeparture + 1),
    last: steps.at(-1)?.to === undefined ? [] : steps.slice(Math.max(0, lastArrival)),
  };
}

describe("_row_order against a row whose changes are known", () => {
  it("finds the lives that reach beyond the transaction, however deep triggers nest", async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), acts, async (wasThere, plan) => {
        const { happened, recorded } = happen(wasThere, plan);
        fc.pre(recorded.length > 0);
        const found = (await rowOrder(recorded)).map((id) => recorded[id - 1] as Step);
        expect(isPossible(found)).toBe(true);
        expect(ends(found)).toEqual(ends(happened));
        // Lives that begin and end within the transaction, several of them, could have come in any order.
        const passing = happened.filter(({ from }) => from === undefined).length;
        if (passing <= 1) expect(found).toEqual(happened);
      }),
      { numRuns: 400 },
    );
  });

  it("keeps the order of ids where that is what happened, also where links are missing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), acts, fc.array(fc.boolean()), async (wasThere, plan, missing) => {
        const { happened } = happen(wasThere, plan);
        // A row that only passed through, with a link missing, looks like one that left and another that came.
        fc.pre(happened.length > 0 && (wasThere || happened.at(-1)?.to !== undefined));
        const withGaps = happened.map(({ from, to }, index) => ({
          from: from !== undefined && missing[index] ? from + 1000 : from,
          to,
        }));
        expect(await rowOrder(withGaps)).toEqual(withGaps.map((_, index) => index + 1));
      }),
      { numRuns: 400 },
    );
  });

  it("gives a possible order or that of the ids, but for what only passed through, whatever it is given", async () => {
    const place = fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined });
    const steps = fc
      .array(fc.record({ from: place, to: place }), { minLength: 1, maxLength: 8 })
      .filter((list) => list.every(({ from, to }) => from !== undefined || to !== undefined));
    await fc.assert(
      fc.asyncProperty(steps, async (recorded) => {
        const order = await rowOrder(recorded);
        const ids = recorded.map((_, index) => index + 1);
        expect(new Set(order).size).toBe(order.length);
        const passed = ids.filter((id) => !order.includes(id)).map((id) => recorded[id - 1] as Step);
        const count = (end: keyof Step) => passed.filter((step) => step[end] === undefined).length;
        expect(count("from")).toBe(count("to"));
        if (!isPossible(order.map((id) => recorded[id - 1] as Step))) expect(order).toEqual(ids);
      }),
      { numRuns: 400 },
    );
  });
});
