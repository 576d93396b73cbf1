import { afterAll, describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { checkInstants } from "./check.ts";
import { checkCommands } from "./commands.ts";
import { makeHistory } from "./history.ts";
import { randomFrom } from "./random.ts";

const database = useDatabase({ installed: true });

const firstSeed = Number(process.env.TEST_SEED || Math.floor(Math.random() * 1e9));
const runs = Number(process.env.MODEL_RUNS || 1);
const histories = 8;
const size = { tables: 6, steps: 50 };

describe.each(Array.from({ length: runs }, (_, run) => firstSeed + run))(
  "a model run with TEST_SEED=%i",
  (seed) => {
    let instants = 0;
    it.each(Array.from({ length: histories }, (_, index) => index))("history %i", async (index) => {
      const start = Date.now();
      const history = await makeHistory(
        database.url,
        `model_${seed}_${index}`,
        randomFrom(seed * 1000 + index),
        size,
      );
      const made = Date.now();
      const verdict = await checkInstants(database.url, history);
      const checked = Date.now();
      const said = await checkCommands(database.url, history, randomFrom(seed + index));
      console.log(
        made - start,
        checked - made,
        Date.now() - checked,
        verdict.instants,
        verdict.untorn,
        said.length,
        verdict.wrong,
        history.log.length,
        history.log.filter((l) => / -- \S{5} /.test(l)).length,
        history.world.tables.map((t) => t.design.kind).join(),
      );
      instants += verdict.instants;
      if (process.env.MODEL_LOG)
        (await import("node:fs")).writeFileSync(
          `/tmp/model_${seed}_${index}.log`,
          history.log.join("\n") +
            "\n\n" +
            history.boundaries.map((b, i) => `${i} ${b.kind} ${b.instant} line ${b.line}`).join("\n") +
            "\n" +
            [...verdict.faults, ...said].join("\n"),
        );
      expect([...verdict.faults.slice(0, 3), ...said.slice(0, 3)].join("\n")).toBe("");
    });
    afterAll(() => console.log(`seed ${seed}: ${instants} instants`));
  },
);
