import { afterAll, describe, expect, it } from "vitest";
import { useOwnServer } from "../helpers/ownServer.ts";
import { makeHistory } from "./history.ts";
import { checkRestores } from "./putBack.ts";
import { randomFrom } from "./random.ts";
import { faultReport } from "./report.ts";

const server = useOwnServer();
const database = server.useDatabase();

/** Short ones: each restores twice, and then, where that did anything, once back. */
const size = { tables: 4, instants: 8 };
const timesEach = 2;

/** As in proof.ts. */
const { MODEL_SEED, MODEL_HISTORIES } = process.env;
const usualSeed = 20_261_400;
const firstSeed = Number(MODEL_SEED || (MODEL_HISTORIES ? Math.floor(Math.random() * 1e6) : usualSeed));
const histories = Number(MODEL_HISTORIES || (MODEL_SEED ? 1 : 30));

describe("restore of random histories", () => {
  const total = { histories: 0, restores: 0, rows: 0 };

  it.each(Array.from({ length: histories }, (_, index) => firstSeed + index))(
    "gives what truly was, with MODEL_SEED=%i",
    async (seed) => {
      const schema = `restore_${seed}`;
      const history = await makeHistory(database.url, schema, randomFrom(seed), size);
      const { faults, restores, rows } = await checkRestores(
        database.url,
        history,
        randomFrom(seed),
        timesEach,
      );
      expect(faultReport(schema, history, faults)).toBe("");
      total.histories++;
      total.restores += restores;
      total.rows += rows;
      await database.sql.unsafe(`drop schema ${schema} cascade`);
    },
  );

  it("was put to the proof in each of them", () => {
    expect(total.histories).toBe(histories);
    expect(total.restores).toBeGreaterThan(histories * timesEach);
    expect(total.rows).toBeGreaterThan(histories);
  });

  afterAll(() => {
    console.info(
      `restore, MODEL_SEED=${firstSeed}: ${total.histories} histories, ${total.restores} restores of ${total.rows} rows`,
    );
  });
});
