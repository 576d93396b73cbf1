import { beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";
import { clock, unfaithful } from "./compare.ts";
import { type EqualCase, equalCases, equalTypes, extensionCases } from "./equalCases.ts";
import { commonDdl, forms, lacks, literal, triggerOf } from "./tables.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);

const cases: readonly (EqualCase & { readonly extension?: string })[] = [...equalCases, ...extensionCases];
const numbered = cases.map((one, place) => ({ place, ...one }));
const lacking = new Map<number, string>();
const instants = new Map<string, readonly string[]>();

/** The types without what follows them: casts take no collation where they stand. */
const bare = (type: string) => type.replace(/ collate .*/, "");
const collation = (type: string) => / collate .*/.exec(type)?.[0] ?? "";

/**
 * A table with a column per case and a row per case, so that each update touches one column; one statement changes
 * all of them from one value to the other, and one changes them back.
 */
beforeAll(async () => {
  const { sql } = database;
  await sql.unsafe(`${commonDdl} ${equalTypes}`);
  for (const extension of new Set(extensionCases.map((one) => one.extension))) {
    if ((await lacks(sql, { extension })) === undefined)
      await sql.unsafe(`create extension ${extension} schema ext`);
  }
  for (const [place, { type, extension }] of cases.entries()) {
    const feature = extension === undefined ? (type === "xml" ? "xml" : undefined) : { extension };
    const reason = feature && (await lacks(sql, feature));
    if (reason !== undefined) lacking.set(place, reason);
  }
  const present = [...cases.entries()].filter(([place]) => !lacking.has(place));
  const columns = present.map(([place, { type }]) => `c${place} ${type}`);
  const rows = (pick: (one: EqualCase) => string | null) =>
    present.map(
      ([place, one]) =>
        `(${place}, ${present.map(([other]) => (other === place ? literal(pick(one)) : "null")).join()})`,
    );
  const names = present.map(([place]) => `c${place}`);
  for (const [side, pick] of [
    ["one", (one: EqualCase) => one.one],
    ["other", (one: EqualCase) => one.other],
  ] as const) {
    await sql.unsafe(`
      create table source.${side} (pos int primary key, ${columns.join(", ")});
      insert into source.${side} values ${rows(pick).join(",\n")}`);
  }
  for (const form of forms) {
    const table = `${form}.equal`;
    await sql.unsafe(`
      create table ${table} (like source.one including indexes);
      ${form === "fired" ? triggerOf(table) : ""}
      insert into ${table} table source.one`);
    await audit("enable", table);
    const changeTo = (side: string) =>
      sql.unsafe(`update ${table} as changed set (${names.join()}) = row (${names.map((name) => `side.${name}`).join()})
                  from source.${side} as side where side.pos = changed.pos`);
    const first = await clock(sql);
    await changeTo("other");
    const second = await clock(sql);
    await changeTo("one");
    instants.set(form, [first, second]);
  }
});

describe("the cases", () => {
  it.for(numbered.filter(({ equal }) => equal))(
    "include $type, which calls $one and $other equal",
    async ({ place, type, one, other }, { skip }) => {
      const reason = lacking.get(place);
      if (reason !== undefined) return skip(reason);
      const value = (text: string | null) => `${literal(text)}::${bare(type)}${collation(type)}`;
      const equals = `operator(${/^ext\.\w+$/.test(type) ? "ext" : "pg_catalog"}.=)`;
      const [row] = await database.sql.unsafe(
        `select ${value(one)} ${equals} ${value(other)} as equal,
           record_image_ne(row (${value(one)}), row (${value(other)})) as different`,
      );
      expect(row).toEqual({ equal: true, different: true });
    },
  );
});

describe.each(forms)("a %s table", (form) => {
  it.for(numbered)("records $type from $one to $other and back", async ({ place }, { skip }) => {
    const reason = lacking.get(place);
    if (reason !== undefined) return skip(reason);
    const { sql } = database;
    const [texts] = await sql.unsafe<{ one: string | null; other: string | null }[]>(
      `select case when num_nulls(one.c${place}) = 0 then format('%s', one.c${place}) end as one,
           case when num_nulls(other.c${place}) = 0 then format('%s', other.c${place}) end as other
         from source.one join source.other using (pos) where pos = ${place}`,
    );
    const changes = await sql`
        select op::text, old ->> ${`c${place}`} as old, new ->> ${`c${place}`} as new,
          (select count(*) from jsonb_object_keys(old))::int as columns
        from audit.history where schema_name = ${form} and table_name = 'equal' and key = ${String(place)} order by id`;
    expect([...changes]).toEqual([
      { op: "U", old: texts?.one, new: texts?.other, columns: 1 },
      { op: "U", old: texts?.other, new: texts?.one, columns: 1 },
    ]);
  });

  it("gives each of them back as it was", async () => {
    const [first = "", second = ""] = instants.get(form) ?? [];
    const table = `${form}.equal`;
    expect(await unfaithful(database.sql, { table, instant: first, kept: "source.one" })).toEqual([]);
    expect(await unfaithful(database.sql, { table, instant: second, kept: "source.other" })).toEqual([]);
  });

  it("records nothing when a value is replaced by the same", async () => {
    const { sql } = database;
    const count = () => sql`select count(*)::int as it from audit.history where schema_name = ${form}`;
    const before = await count();
    const names = [...cases.keys()].filter((place) => !lacking.has(place)).map((place) => `c${place}`);
    await sql.unsafe(
      `update ${form}.equal as changed set (${names.join()}) = row (${names.map((name) => `side.${name}`).join()})
       from source.one as side where side.pos = changed.pos`,
    );
    expect(await count()).toEqual(before);
  });
});
