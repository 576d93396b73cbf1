import { beforeAll, describe, expect, inject, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { connectTo, type TestSql } from "../helpers/client.ts";
import { fixedSettings } from "../helpers/compareRows.ts";
import { useDatabase } from "../helpers/useDatabase.ts";
import { clock, unfaithful } from "./compare.ts";
import { underSettings } from "./hostileSession.ts";
import { isReadable, type KeyTable, makeKeyTables } from "./keyTables.ts";
import { differingChanges, keepChanges, lastChange } from "./record.ts";
import { decoys, settingSets } from "./settingSets.ts";
import { forms } from "./tables.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);
let tables: readonly KeyTable[];

beforeAll(async () => {
  const { sql } = database;
  tables = await makeKeyTables(sql, inject("postgresMajor"));
  for (const form of forms) await audit("enable", "--schema", form);
  await sql.unsafe(decoys);
  await withDefaults((session) => write(session));
  await keepChanges(sql);
});

/** Inserts, updates and deletes every key in both forms of tables. */
async function write(sql: TestSql): Promise<void> {
  const written = forms.flatMap((form) => tables.map(({ name }) => ({ name, table: `${form}.${name}` })));
  await sql.unsafe(
    written
      .map(
        ({ name, table }) =>
          `insert into ${table} table source.${name}; update ${table} set value = 1; delete from ${table};`,
      )
      .join("\n"),
  );
}

async function withDefaults<T>(work: (sql: TestSql) => Promise<T>): Promise<T> {
  const session = connectTo(database.url, { max: 1 });
  try {
    return await work(session);
  } finally {
    await session.end();
  }
}

it("most types can be keys, and all are tried", () => {
  expect(tables.filter(({ types }) => types.length === 1).length).toBeGreaterThan(70);
  expect(tables.filter(({ types }) => types.length > 1).length).toBeGreaterThan(5);
});

// First, while the log is short: reading costs what was recorded since.
describe("the past", () => {
  const everything = settingSets.slice(-1);
  it.each([
    { form: "plain", name: "default", settings: {} },
    ...everything.map((set) => ({ form: "fired", ...set })),
  ])("of a $form table is found by keys of every type under $name settings", async ({ form, ...set }) => {
    const { sql } = database;
    const readable = tables.filter(isReadable);
    await sql.unsafe(
      readable.map(({ name }) => `insert into ${form}.${name} table source.${name};`).join("\n"),
    );
    const filled = await clock(sql);
    await sql.unsafe(
      readable
        .map(({ name }) => `update ${form}.${name} set value = 2; delete from ${form}.${name};`)
        .join("\n"),
    );
    const faults: string[] = [];
    await underSettings(database.url, set, async (session) => {
      for (const { name, types } of readable) {
        const expected = { table: `${form}.${name}`, instant: filled, kept: `source.${name}` };
        const found = await unfaithful(session, expected).catch((error: Error) => [error.message]);
        faults.push(...found.map((fault) => `${types.join()}: ${fault}`));
      }
    });
    expect(faults).toEqual([]);
  });
});

describe("the text of a key", () => {
  it("is what the type's output function says, and of several columns a JSON array of such texts", async () => {
    for (const { name, types } of tables) {
      const texts = types.map((type, place) =>
        // The one exception, because "true" reads better than "t".
        type === "boolean" ? `k${place}::text` : `format('%s', k${place})`,
      );
      const text = texts.length === 1 ? texts[0] : `jsonb_build_array(${texts.join()})::text`;
      const wrong = await database.sql.begin(async (transaction) => {
        await transaction.unsafe(fixedSettings);
        return transaction.unsafe<{ wrong: string[] | null }[]>(
          `with given as (select ${text} as key from source.${name}),
             recorded as (select key from audit.history where table_name = '${name}')
           select array_agg(key) as wrong
           from ((table given except table recorded) union all (table recorded except table given)) as only_one`,
        );
      });
      expect(wrong[0]?.wrong, types.join()).toBeNull();
    }
  });

  it.each(settingSets)("is the same under $name settings", async (set) => {
    const before = await lastChange(database.sql);
    await underSettings(database.url, set, (sql) => write(sql));
    expect(await differingChanges(database.sql, before)).toEqual([]);
  });
});
