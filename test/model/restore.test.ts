import { afterAll, describe, expect, it } from "vitest";
import { useOwnServer } from "../helpers/ownServer.ts";
import type { TestDatabase } from "../helpers/useDatabase.ts";
import { makeHistory } from "./history.ts";
import { checkRestores } from "./putBack.ts";
import { randomFrom } from "./random.ts";
import { faultReport } from "./report.ts";

/** Short ones: each restores twice, and then, where that did anything, once back. */
const size = { tables: 4, instants: 8 };
const timesEach = 2;

/** As in proof.ts. */
const { MODEL_SEED, MODEL_HISTORIES } = process.env;
const usualSeed = 20_261_400;
const firstSeed = Number(MODEL_SEED || (MODEL_HISTORIES ? Math.floor(Math.random() * 1e6) : usualSeed));

function describeRestores(title: string, database: TestDatabase, histories: number): void {
  describe(title, () => {
    const total = { histories: 0, restores: 0, rows: 0 };

    it.each(Array.from({ length: histories }, (_, index) => firstSeed + index))(
      "gives what truly was, with MODEL_SEED=%i",
      async (seed) => {
        const schema = `restore_${seed}`;
        const history = await makeHistory(database.url, schema, randomFrom(seed), size);
        const chance = randomFrom(seed);
        const { faults, restores, rows } = await checkRestores(database.url, history, chance, timesEach);
        expect(faultReport(schema, history, faults)).toBe("");
        total.histories++;
        total.restores += restores;
        total.rows += rows;
        await database.sql.unsafe(`drop schema ${schema} cascade`);
      },
    );

    it("was put to the proof in each of them", () => {
      expect(total.histories).toBe(histories);
      expect(total.restores).toBeGreaterThanOrEqual(histories * timesEach);
      expect(total.rows).toBeGreaterThan(0);
    });

    afterAll(() => {
      console.info(
        `${title}, MODEL_SEED=${firstSeed}: ${total.histories} histories, ${total.restores} restores of ${total.rows} rows`,
      );
    });
  });
}

const usual = MODEL_SEED ? 1 : 10;
const plain = useOwnServer();
describeRestores("restore", plain.useDatabase(), Number(MODEL_HISTORIES || usual));

const timed = useOwnServer({ track_commit_timestamp: "on" });
describeRestores(
  "restore on a server that keeps the times of commits",
  timed.useDatabase(),
  Math.ceil(Number(MODEL_HISTORIES || usual) / 6),
);
