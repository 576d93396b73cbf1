import fc from "fast-check";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";
import { arraysOf } from "./columns.ts";
import { clock, unfaithful } from "./compare.ts";
import { generated, generatedArray } from "./generated.ts";
import { builtInSamples } from "./groups.ts";
import { own } from "./samples/own.ts";
import { commonDdl, forms, lacks, literal, quoted, triggerOf } from "./tables.ts";

/** The rows are the same ones each time, so that a red build means the change; TEST_SEED gives others. */
const seed = Number(process.env.TEST_SEED || 20261100);
const rowCount = 1000;

/** Longer values are tried elsewhere; here they would only take time. */
const longest = 400;

const database = useDatabase({ installed: true });
const audit = auditOf(database);

interface RandomColumn {
  readonly type: string;
  readonly value: fc.Arbitrary<string | null>;
}

/** A column of every type and one of an array of every type. */
async function makeColumns(): Promise<RandomColumn[]> {
  const samples = { ...Object.assign({}, ...Object.values(builtInSamples(inject("postgresMajor")))), ...own };
  if ((await lacks(database.sql, "xml")) !== undefined) delete samples.xml;
  return Object.entries<readonly string[]>(samples).flatMap(([type, texts]) => {
    const short = texts.filter((text) => text.length < longest);
    const sample = fc.constantFrom(...short);
    const value = generated[type] ? fc.oneof(sample, generated[type]) : sample;
    const array = fc.oneof(fc.constantFrom(...arraysOf(type, short)), generatedArray(type, value));
    return [
      { type, value: fc.option(value, { freq: 9 }) },
      { type: `${type}[]`, value: fc.option(array, { freq: 9 }) },
    ];
  });
}

let columns: readonly RandomColumn[];

beforeAll(async () => {
  await database.sql.unsafe(commonDdl);
  columns = await makeColumns();
  const definitions = columns.map(({ type }) => `${quoted(type)} ${type}`).join(", ");
  await database.sql.unsafe(`
    create table source.wide (pos int primary key, ${definitions});
    create table plain.wide (like source.wide including indexes);
    create table fired.wide (like source.wide including indexes);
    ${triggerOf("fired.wide")}`);
  await audit("enable", "plain.wide", "fired.wide");
  await makeRows();
});

/** Rows of 1,000 draws per column, written in a few statements. */
async function makeRows(): Promise<void> {
  const drawn = columns.map(({ value }, place) =>
    fc.sample(value, { numRuns: rowCount, seed: seed + place }),
  );
  for (let start = 0; start < rowCount; start += 100) {
    const rows = Array.from({ length: 100 }, (_, row) =>
      [start + row + 1, ...drawn.map((values) => literal(values[start + row] ?? null))].join(", "),
    );
    await database.sql.unsafe(`insert into source.wide values ${rows.map((row) => `(${row})`).join(",\n")}`);
  }
}

/** The steps after which the past is compared: reading so wide a past takes its time. */
const compared = new Set([2, 4, 7]);

/** Statements of many rows and of one, each a transaction. Each form has half of the rows. */
function moves(table: string, half: number): string[] {
  const mine = `pos % 2 = ${half}`;
  const names = columns.map(({ type }) => quoted(type));
  const someNames = names.filter((_, place) => place % 2 === 0);
  const take = (list: readonly string[], from: string, where: string) =>
    `update ${table} as changed set (${list.join()}) = row (${list.map((name) => `other.${name}`).join()})
     from source.wide as other where other.pos = ${from} and ${where}`;
  const third = (name: string, place: number) =>
    `${name} = (select other.${name} from source.wide as other where other.pos = (changed.pos * 7 + ${place}) % ${rowCount} + 1)`;
  const singles = Array.from({ length: 20 }, (_, n) => [
    take(
      [names[(seed + n * 13) % names.length] ?? "pos"],
      `(changed.pos * 3 + ${n}) % ${rowCount} + 1`,
      `changed.pos = ${n * 4 + 2 + half}`,
    ),
    `delete from ${table} where pos = ${n * 32 + 2 + half}`,
    `insert into ${table} select * from source.wide where pos = ${n * 32 + 2 + half} and pos % 4 = ${2 + half}`,
  ]).flat();
  return [
    `insert into ${table} select * from source.wide where pos <= 600 and ${mine}`,
    take(names, `changed.pos % ${rowCount} + 1`, "changed.pos % 3 = 0"),
    `insert into ${table} select * from source.wide where pos > 600 and ${mine}`,
    take(someNames, `(changed.pos * 17) % ${rowCount} + 1`, "changed.pos % 5 = 1"),
    singles.join(";"),
    `update ${table} as changed set ${names.slice(0, 40).map(third).join(", ")} where pos % 10 in (3, 6)`,
    `delete from ${table} where pos % 8 < 2`,
    `insert into ${table} select * from source.wide where pos % 8 = 0 + ${half}`,
    `truncate ${table}`,
  ];
}

describe.each(forms)("a %s table", (form) => {
  it(`shows its half of ${rowCount} random rows of every type as they were, with TEST_SEED=${seed}`, async () => {
    const { sql } = database;
    const table = `${form}.wide`;
    const instants: string[] = [];
    for (const [step, move] of moves(table, forms.indexOf(form)).entries()) {
      await sql.unsafe(move);
      await sql.unsafe(`create table kept.${form}_${step} as table ${table}`);
      instants.push(await clock(sql));
    }
    for (const [step, instant] of instants.entries()) {
      if (!compared.has(step)) continue;
      expect(await unfaithful(sql, { table, instant, kept: `kept.${form}_${step}` }), `step ${step}`).toEqual(
        [],
      );
    }
  });
});
