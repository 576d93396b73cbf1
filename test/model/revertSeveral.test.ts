import { afterAll, describe, expect, it } from "vitest";
import { useOwnServer } from "../helpers/ownServer.ts";
import { makeHistory } from "./history.ts";
import { randomFrom } from "./random.ts";
import { faultReport } from "./report.ts";
import { checkSeveral, noSeveral } from "./revertSeveral.ts";

const server = useOwnServer();
const database = server.useDatabase();

const size = { tables: 3, instants: 10 };

/** As in proof.ts. */
const { MODEL_SEED, MODEL_HISTORIES } = process.env;
const usualSeed = 20_261_600;
const firstSeed = Number(MODEL_SEED || (MODEL_HISTORIES ? Math.floor(Math.random() * 1e6) : usualSeed));
const histories = Number(MODEL_HISTORIES || (MODEL_SEED ? 1 : 12));

describe("revert of several and of concurrent transactions in random histories", () => {
  const total = noSeveral();
  let made = 0;

  it.each(Array.from({ length: histories }, (_, index) => firstSeed + index))(
    "leaves what would be there without them, with MODEL_SEED=%i",
    async (seed) => {
      const schema = `several_${seed}`;
      const past = await makeHistory(database.url, schema, randomFrom(seed), size);
      const { faults, history, counts } = await checkSeveral(database.url, past, randomFrom(seed));
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += counts[name];
      expect(faultReport(schema, history, faults)).toBe("");
      made++;
      await database.sql.unsafe(`drop schema ${schema} cascade`);
    },
  );

  it.runIf(histories >= 12)("were put to the proof in each way", () => {
    expect(made).toBe(histories);
    for (const name of ["together", "togetherConflicts", "beside", "besideKeys"] as const)
      expect(total[name], name).toBeGreaterThan(0);
    expect(total.since).toBeGreaterThan(histories);
    expect(total.sinceTransactions).toBeGreaterThan(3 * total.since);
    expect(total.sinceImpossible).toBeLessThan(total.since / 4);
    expect(total.togetherImpossible).toBeLessThan(total.together);
    expect(total.besideImpossible).toBeLessThan(total.beside);
    expect(total.besideUntold).toBeLessThan(total.besideKeys);
  });

  afterAll(() => {
    console.info(`revert of several, MODEL_SEED=${firstSeed}: ${made} histories, ${JSON.stringify(total)}`);
  });
});
