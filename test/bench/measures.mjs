// The three measurements: statements of one row, statements over many rows, and whether the latter cost more per row.
import { createMeter } from "./meter.mjs";
import { many, one, operations, tableOf } from "./tables.mjs";

/** Every transaction is one statement and its commit, looped in the server: no round trips in the figure. */
export async function measureSingles(sql, meter, variants, { rounds, single }) {
  const samples = emptySamples(variants);
  // The first round warms plans and pages.
  for (let round = -1; round < rounds; round++) {
    for (const [index, operation] of operations.entries()) {
      for (const variant of rotated(variants, round + 1 + index)) {
        const first = operation === "update" ? 1 : 100_001 + (round + 1) * single;
        const sample = await meter.take(
          `do $do$
          begin
            for n in ${first} .. ${first + single - 1} loop
              ${one[operation](tableOf(variant), "n")};
              commit;
            end loop;
          end $do$`,
          single,
        );
        if (round >= 0) samples[variant.name][operation].push(sample);
      }
    }
  }
  await clean(sql, variants);
  return samples;
}

export async function measureBulk(sql, meter, variants, { rounds, bulk }) {
  const samples = emptySamples(variants);
  for (let round = 0; round < rounds; round++) {
    for (const [index, operation] of operations.entries()) {
      for (const variant of rotated(variants, round + index))
        samples[variant.name][operation].push(
          await meter.take(many[operation](tableOf(variant), bulk), bulk),
        );
    }
    await clean(sql, variants);
  }
  return samples;
}

/**
 * A plan cached by the first small statement must not be the plan of a large one: what a row costs in a large
 * statement by what it costs in a small one, in a session that began with single rows.
 */
export async function measureFlatness(connect, sql, variants, { bulk, small = 1000 }) {
  const ratios = {};
  for (const variant of variants) {
    const session = connect();
    const meter = await createMeter(session);
    for (const operation of operations)
      for (let id = 90_001; id <= 90_020; id++) await session.unsafe(one[operation](tableOf(variant), id));
    const least = {};
    for (const rows of [small, small, small, bulk, bulk]) {
      for (const operation of operations) {
        const { micros } = await meter.take(many[operation](tableOf(variant), rows), rows);
        const key = `${operation} ${rows}`;
        least[key] = Math.min(least[key] ?? Number.POSITIVE_INFINITY, micros);
      }
    }
    await session.end();
    ratios[variant.name] = Object.fromEntries(
      operations.map((operation) => [
        operation,
        least[`${operation} ${bulk}`] / least[`${operation} ${small}`],
      ]),
    );
    await clean(sql, variants);
  }
  return ratios;
}

function emptySamples(variants) {
  return Object.fromEntries(
    variants.map(({ name }) => [name, Object.fromEntries(operations.map((operation) => [operation, []]))]),
  );
}

/** Whoever comes first meets another machine than whoever comes last, so that each does in turn. */
function rotated(list, by) {
  const from = by % list.length;
  return [...list.slice(from), ...list.slice(0, from)];
}

/** Empties the logs and takes dead rows away, so that every round meets the same, and the disk does not fill. */
async function clean(sql, variants) {
  for (const variant of variants) {
    const { sql: setUp, log } = variant;
    await sql.unsafe(`vacuum ${tableOf(variant)}`);
    if (setUp) await sql.unsafe("truncate tutorial_log");
    if (log) {
      await sql.unsafe(`alter table ${log} disable trigger user`);
      await sql.unsafe(`truncate ${log}`);
      await sql.unsafe(
        `alter table ${log} enable always trigger _append_only, enable always trigger _append_only_truncate`,
      );
    }
  }
}
