import { afterAll, describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { checkInstants } from "./check.ts";
import { checkCommands } from "./commands.ts";
import { makeHistory } from "./history.ts";
import { randomFrom } from "./random.ts";
import { faultReport } from "./report.ts";

const database = useDatabase({ installed: true });

/** TEST_SEED gives the same histories again; MODEL_RUNS is how many runs, with that seed and those after it. */
const firstSeed = Number(process.env.TEST_SEED || Math.floor(Math.random() * 1e6));
const runs = Number(process.env.MODEL_RUNS || 1);

const histories = 8;
const size = { tables: 6, steps: 45 };
const fewestInstants = 500;

describe.each(Array.from({ length: runs }, (_, run) => firstSeed + run))(
  "the past, with TEST_SEED=%i,",
  (seed) => {
    const total = { histories: 0, instants: 0, untorn: 0, wrong: 0, tables: 0 };

    it.each(Array.from({ length: histories }, (_, index) => index + 1))(
      "is what it truly was, in random history %i",
      async (index) => {
        const schema = `model_${seed}_${index}`;
        const history = await makeHistory(database.url, schema, randomFrom(seed * 1000 + index), size);
        const { instants, untorn, wrong, faults } = await checkInstants(database.url, history);
        total.histories++;
        total.instants += instants;
        total.untorn += untorn;
        total.wrong += wrong;
        total.tables += instants * history.world.tables.length;
        expect(faultReport(`${schema}_instants`, history, faults)).toBe("");
        const said = await checkCommands(database.url, history, randomFrom(seed * 1000 + index));
        expect(faultReport(`${schema}_commands`, history, said)).toBe("");
        // Every DDL looks at all audited tables: the next history need not wait for those of this one.
        await database.sql.unsafe(`drop schema ${schema} cascade`);
      },
    );

    it(`was asked for at ${fewestInstants} instants or more, and none was wrong`, () => {
      expect(total).toMatchObject({ histories, wrong: 0 });
      expect(total.instants).toBeGreaterThanOrEqual(fewestInstants);
    });

    afterAll(() => {
      console.info(
        `TEST_SEED=${seed}: ${total.wrong} wrong of ${total.instants} instants (${total.tables} states of tables); at ${total.untorn} more, among open transactions, only that none was torn`,
      );
    });
  },
);
