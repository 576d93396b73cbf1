import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestSql } from "../helpers/client.ts";
import type { TestDatabase } from "../helpers/useDatabase.ts";
import { checkInstants } from "./check.ts";
import { checkCommands } from "./commands.ts";
import { makeHistory } from "./history.ts";
import { randomFrom } from "./random.ts";
import { faultReport } from "./report.ts";
import { forgetWal, keepWal } from "./wal.ts";

/** Many short histories: each begins with other tables, and a fault leads to few statements. */
const size = { tables: 4, instants: 20 };

/**
 * The same histories each time, so that what turns red was broken by what has changed. MODEL_HISTORIES makes so many others
 * by chance; MODEL_SEED gives one again, or so many from that one on.
 */
const { MODEL_SEED, MODEL_HISTORIES } = process.env;
const usualSeed = 20_261_100;
const firstSeed = Number(MODEL_SEED || (MODEL_HISTORIES ? Math.floor(Math.random() * 1e6) : usualSeed));

/** What autovacuum does elsewhere: the log's summary leaves out what was recorded of former histories. */
async function summarizeLog(sql: TestSql): Promise<void> {
  await sql`
    select brin_summarize_new_values(index.indexrelid)
    from pg_index as index
    join pg_class as class on class.oid = index.indexrelid and class.relkind = 'i'
    join pg_am as method on method.oid = class.relam and method.amname = 'brin'
    where class.relnamespace = 'audit'::regnamespace`;
}

/** Describes random histories and that the past is in each what it was; `count` is how many there are unless asked otherwise. */
export function describeHistories(title: string, database: TestDatabase, count: number): void {
  const histories = Number(MODEL_HISTORIES || (MODEL_SEED ? 1 : count));

  describe(title, () => {
    let walKept = false;
    beforeAll(async () => {
      walKept = await keepWal(database.sql);
    });

    const total = { histories: 0, instants: 0, tags: 0, untorn: 0, wrong: 0 };
    const asked = new Map<string, number>();

    it.each(Array.from({ length: histories }, (_, index) => firstSeed + index))(
      "is what it truly was, with MODEL_SEED=%i",
      async (seed) => {
        const schema = `model_${seed}`;
        const history = await makeHistory(database.url, schema, randomFrom(seed), size);
        const { faults, ...counts } = await checkInstants(database.url, history);
        total.histories++;
        for (const name of ["instants", "tags", "untorn", "wrong"] as const) total[name] += counts[name];
        expect(faultReport(`${schema}_instants`, history, faults)).toBe("");
        const said = await checkCommands(database.url, history, randomFrom(seed), { walKept });
        for (const [command, times] of said.asked) asked.set(command, (asked.get(command) ?? 0) + times);
        expect(faultReport(`${schema}_commands`, history, said.faults)).toBe("");
        // Every DDL looks at all audited tables: the next history need not wait for those of this one.
        await database.sql.unsafe(`drop schema ${schema} cascade`);
        await summarizeLog(database.sql);
      },
    );

    it(`was asked for at ${size.instants} tags or more of each history, and none was wrong`, () => {
      expect(total).toMatchObject({ histories, wrong: 0 });
      expect(total.tags).toBeGreaterThanOrEqual(histories * size.instants);
    });

    afterAll(async () => {
      if (walKept) await forgetWal(database.sql);
      console.info(
        `${title}, MODEL_SEED=${firstSeed}: ${total.histories} histories, ${total.wrong} wrong of ${total.instants} instants and ${total.tags} tags; at ${total.untorn} instants more, among open transactions, only that none was torn; asked: ${[...asked].map(([command, times]) => `${command} ${times}`).join(", ")}`,
      );
    });
  });
}
