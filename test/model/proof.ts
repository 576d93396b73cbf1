import { afterAll, describe, expect, it } from "vitest";
import type { TestDatabase } from "../helpers/useDatabase.ts";
import { checkInstants } from "./check.ts";
import { checkCommands } from "./commands.ts";
import { makeHistory } from "./history.ts";
import { randomFrom } from "./random.ts";
import { faultReport } from "./report.ts";

/** Many short histories: each begins with other tables, and a fault leads to few statements. */
const size = { tables: 4, instants: 20 };

/** MODEL_SEED gives one history again, or MODEL_HISTORIES of them, from that one on. */
const { MODEL_SEED, MODEL_HISTORIES } = process.env;
const firstSeed = Number(MODEL_SEED || Math.floor(Math.random() * 1e6));

/** Describes random histories and that the past is in each what it was; `count` is how many there are unless asked otherwise. */
export function describeHistories(title: string, database: TestDatabase, count: number): void {
  const histories = Number(MODEL_HISTORIES || (MODEL_SEED ? 1 : count));

  describe(title, () => {
    const total = { histories: 0, instants: 0, tags: 0, untorn: 0, wrong: 0 };

    it.each(Array.from({ length: histories }, (_, index) => firstSeed + index))(
      "is what it truly was, with MODEL_SEED=%i",
      async (seed) => {
        const schema = `model_${seed}`;
        const history = await makeHistory(database.url, schema, randomFrom(seed), size);
        const { faults, ...counts } = await checkInstants(database.url, history);
        total.histories++;
        for (const name of ["instants", "tags", "untorn", "wrong"] as const) total[name] += counts[name];
        expect(faultReport(`${schema}_instants`, history, faults)).toBe("");
        const said = await checkCommands(database.url, history, randomFrom(seed));
        expect(faultReport(`${schema}_commands`, history, said)).toBe("");
        // Every DDL looks at all audited tables: the next history need not wait for those of this one.
        await database.sql.unsafe(`drop schema ${schema} cascade`);
      },
    );

    it(`was asked for at ${size.instants} tags or more of each history, and none was wrong`, () => {
      expect(total).toMatchObject({ histories, wrong: 0 });
      expect(total.tags).toBeGreaterThanOrEqual(histories * size.instants);
    });

    afterAll(() => {
      console.info(
        `${title}, MODEL_SEED=${firstSeed}: ${total.histories} histories, ${total.wrong} wrong of ${total.instants} instants and ${total.tags} tags; at ${total.untorn} instants more, among open transactions, only that none was torn`,
      );
    });
  });
}
