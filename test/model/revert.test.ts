import { afterAll, describe, expect, it } from "vitest";
import { useOwnServer } from "../helpers/ownServer.ts";
import { makeHistory } from "./history.ts";
import { randomFrom } from "./random.ts";
import { faultReport } from "./report.ts";
import { checkTakeOuts, noCounts } from "./takeOut.ts";

const server = useOwnServer();
const database = server.useDatabase();

const size = { tables: 3, instants: 12 };
const timesEach = 4;

/** As in proof.ts. */
const { MODEL_SEED, MODEL_HISTORIES } = process.env;
const usualSeed = 20_261_500;
const firstSeed = Number(MODEL_SEED || (MODEL_HISTORIES ? Math.floor(Math.random() * 1e6) : usualSeed));
const histories = Number(MODEL_HISTORIES || (MODEL_SEED ? 1 : 20));

describe("revert and undo in random histories", () => {
  const total = noCounts();
  let made = 0;

  it.each(Array.from({ length: histories }, (_, index) => firstSeed + index))(
    "take out what is to be taken out, with MODEL_SEED=%i",
    async (seed) => {
      const schema = `revert_${seed}`;
      const history = await makeHistory(database.url, schema, randomFrom(seed), size);
      const { faults, counts } = await checkTakeOuts(database.url, history, randomFrom(seed), timesEach);
      expect(faultReport(schema, history, faults)).toBe("");
      made++;
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += counts[name];
      await database.sql.unsafe(`drop schema ${schema} cascade`);
    },
  );

  it.runIf(histories >= 20)("were put to the proof in each way", () => {
    expect(made).toBe(histories);
    for (const [name, count] of Object.entries(total))
      if (name !== "impossible") expect(count, name).toBeGreaterThan(0);
    expect(total.untouched + total.merged).toBeGreaterThan(histories / 2);
    expect(total.impossible).toBeLessThan(total.undone);
  });

  afterAll(() => {
    console.info(`revert, MODEL_SEED=${firstSeed}: ${made} histories, ${JSON.stringify(total)}`);
  });
});
