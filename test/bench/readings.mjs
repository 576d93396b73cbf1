// The measurements of reading: of one row's history, of the past of a whole table, of a long answer, of each command.
import { execFile } from "node:child_process";
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import { readLife } from "../../dist/db/changes.js";
import { statementAt } from "../../dist/db/past.js";
import { withReading } from "../../dist/db/reading.js";
import { resolveRelation } from "../../dist/db/registry.js";
import { runCommand } from "./command.mjs";
import { median } from "./figures.mjs";
import { createClock } from "./meter.mjs";
import { quietIo } from "./server.mjs";

/** Runs every case once per round, each in turn first; what they return, by name. A round before the first only warms. */
export async function interleave(cases, rounds, { warm = true } = {}) {
  const samples = Object.fromEntries(cases.map(({ name }) => [name, []]));
  for (let round = warm ? -1 : 0; round < rounds; round++) {
    for (let place = 0; place < cases.length; place++) {
      const { name, run } = cases[(place + round + 1) % cases.length];
      const sample = await run(round);
      if (round >= 0) samples[name].push(sample);
    }
  }
  return samples;
}

/** Least and middle of a field of the samples. */
export function figureOf(samples, field) {
  const values = samples.map((sample) => sample[field]);
  return { min: Math.min(...values), median: median(values) };
}

/** Opens a reading transaction on each of the databases, by name, for as long as the work takes. */
export async function reading(urls, work, opened = {}) {
  const [[name, url] = [], ...others] = Object.entries(urls);
  if (name === undefined) return work(opened);
  return withReading({ databaseUrl: url, tz: "UTC" }, quietIo(), (audit) =>
    reading(Object.fromEntries(others), work, { ...opened, [name]: audit }),
  );
}

/** What a row's history takes on a warm connection, by the log it is in: on the server's processor, and by the clock. */
export async function measureLife(urls, rounds) {
  return reading(urls, async (audits) => {
    const cases = [];
    for (const [name, audit] of Object.entries(audits)) {
      const relation = await resolveRelation(audit, "orders");
      const clock = await createClock(audit.sql);
      const keys = await someKeys(audit);
      cases.push({
        name,
        run: async (round) => {
          const began = performance.now();
          const from = await clock.now();
          const life = await readLife(audit, relation, keys[(round + 1) % keys.length], {});
          const processor = ((await clock.now()) - from) / 1000;
          return { processor, wall: performance.now() - began, changes: life.length };
        },
      });
    }
    return interleave(cases, rounds);
  });
}

/** Keys from all over a table. */
export async function someKeys(audit) {
  const rows = await audit.sql`
    select (1 + place * 7919 % (select max(id) from public.orders))::text as key from generate_series(1, 400) as place
    where place % 97 <> 0`;
  return rows.map(({ key }) => key);
}

/**
 * What the rows of a table take as of instants, made in the server and not sent; and as they are now. On its processor:
 * other processes of the server would not be counted, so that there are none.
 */
export async function measurePast(urls, instants, rounds) {
  return reading(urls, async (audits) => {
    const cases = [];
    for (const [name, audit] of Object.entries(audits)) {
      await audit.sql`set local max_parallel_workers_per_gather = 0`;
      const relation = await resolveRelation(audit, "orders");
      const clock = await createClock(audit.sql);
      const take = async (work) => {
        const began = await clock.now();
        await work();
        return { ms: ((await clock.now()) - began) / 1000 };
      };
      const make = (statement) => audit.sql.unsafe(`explain (analyze, timing off) ${statement}`);
      cases.push({ name: `${name} now`, run: () => take(() => make("select * from public.orders")) });
      for (const [what, instant] of Object.entries(instants[name])) {
        cases.push({
          name: `${name} ${what}`,
          run: () => take(async () => make(await statementAt(audit, relation, instant, null))),
        });
      }
    }
    return interleave(cases, rounds);
  });
}

/** Whole commands, each in a process of its own. Those that this version of the program does not have are left out. */
export async function measureCommands(program, cases, rounds, { warm = true } = {}) {
  const { stdout } = await promisify(execFile)(process.execPath, [program, "--help"]);
  const known = cases
    .filter(
      ({ args: [command] }) => command.startsWith("-") || new RegExp(`^  ${command}\\b`, "m").test(stdout),
    )
    .map(({ name, url, args }) => ({ name, run: () => runCommand(program, url, args) }));
  return interleave(known, rounds, { warm });
}
