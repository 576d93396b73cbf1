import { describe, expect, it } from "vitest";
import type { PatchColumn, PatchStep, PatchTable } from "../../src/core/patch.ts";
import { guardLines } from "../../src/core/patchGuard.ts";
import { type PatchStatement, stepStatements } from "../../src/core/patchStatements.ts";
import { switchStatement } from "../../src/core/switchedTrigger.ts";

const column = (name: string, type: string, more: Partial<PatchColumn> = {}): PatchColumn => ({
  ...{ name, type, generated: false, always: false, known: true, nullable: true, ...more },
});

const users: PatchTable = {
  ...{ oid: 1, schema: "public", table: "users", key: ["id"], references: [], uniques: [] },
  columns: [
    column("id", "integer"),
    column("name", "text"),
    column("ok", "boolean"),
    column("twice", "integer", { generated: true }),
  ],
  inherited: false,
  replaceable: true,
  differences: [],
};
const pairs: PatchTable = { ...users, key: ["id", "name"], inherited: true };

const textOf = (statements: PatchStatement[]) => statements.map(({ lines }) => lines.join("\n")).join("\n");
const qualified = (step: PatchStep) => textOf(stepStatements(step, "qualified"));

describe("stepStatements", () => {
  it("compares keys by the server's own operators where it is asked to", () => {
    const gone = (key: string) => ({ kind: "deleted", key, old: {} }) as const;
    expect(qualified({ do: "delete", table: users, rows: [gone("1"), gone("2")] })).toMatchInlineSnapshot(`
      "delete from public.users where id operator(pg_catalog.=) any (array[
        '1'::integer,
        '2'::integer
      ]);"
    `);
    expect(
      qualified({ do: "delete", table: pairs, rows: [gone('["1", "a"]'), gone('["2", "b"]')] }),
    ).toMatchInlineSnapshot(`
      "delete from only public.users where (id, name) operator(pg_catalog.=) any (values
        ('1'::integer, 'a'::text),
        ('2'::integer, 'b'::text)
      );"
    `);
    const row = { kind: "changed", key: "1", old: { name: "a" }, new: { name: "b" } } as const;
    expect(qualified({ do: "update", table: users, rows: [row] })).toMatchInlineSnapshot(
      `"update public.users set name = 'b'::text where id operator(pg_catalog.=) '1'::integer;"`,
    );
    const other = { ...row, key: '["1", "a"]', new: { id: "1", name: "a", ok: null } };
    expect(qualified({ do: "replace", table: pairs, rows: [other] })).toMatchInlineSnapshot(`
      "with gone as (delete from only public.users where (id, name) operator(pg_catalog.=) any (values ('1'::integer, 'a'::text)) returning 1)
      insert into public.users (id, name, ok) overriding system value select * from (values
        ('1'::integer, 'a'::text, null::boolean)
      ) as anew where (select count(*) from gone) operator(pg_catalog.>=) 0;"
    `);
  });

  it("parks values", () => {
    const parked = (filler: "null" | "random") =>
      qualified({ do: "park", table: users, rows: [{ key: "1", column: "name", filler }] });
    expect([parked("null"), parked("random")]).toMatchInlineSnapshot(`
      [
        "update public.users set name = null where id operator(pg_catalog.=) '1'::integer;",
        "update public.users set name = pg_catalog.gen_random_uuid()::text::text where id operator(pg_catalog.=) '1'::integer;",
      ]
    `);
  });

  it("tells how many rows each statement is to touch", () => {
    const rows = ["1", "2"].map((key) => ({ kind: "inserted", key, new: { id: key } }) as const);
    expect(stepStatements({ do: "insert", table: users, rows }, "plain").map((one) => one.rows)).toEqual([2]);
    expect(stepStatements({ do: "delete", table: { ...users, columns: [] }, rows: [] }, "plain")).toEqual([
      { notes: ["left out: the table is gone"], lines: [], rows: 0 },
    ]);
  });
});

describe("guardLines", () => {
  it("asks that rows still are what they were seen to be", () => {
    const table: PatchTable = {
      ...users,
      differences: [
        { kind: "inserted", key: "1", new: { id: "1" } },
        { kind: "deleted", key: "2", old: { id: "2", name: "$guard$", ok: "true", twice: "4" } },
        { kind: "changed", key: "4", oldKey: "3", old: { id: "3", name: null }, new: { id: "4" } },
        { kind: "inserted", key: "3", new: { id: "3", name: "takes the key that is left" } },
        { kind: "changed", key: "5", old: { name: { redacted: true } }, new: { ok: "false" } },
      ],
    };
    expect(guardLines(table).join("\n")).toMatchInlineSnapshot(`
      "do $guard1$begin if exists (
        select from (values
        ('2'::integer, '$guard$', 'true')
        ) as seen (id, name, ok)
        left join public.users as live on live.id = seen.id
        where live.tableoid is null or case num_nulls(live.name) when 0 then format('%s', live.name) end is distinct from seen.name or live.ok::text is distinct from seen.ok
      ) then raise exception using errcode = 'serialization_failure', message = 'rows of public.users are no longer what they were when this script was made'; end if; end$guard1$;
      do $guard$begin if exists (
        select from (values
        ('3'::integer, null)
        ) as seen (id, name)
        left join public.users as live on live.id = seen.id
        where live.tableoid is null or case num_nulls(live.name) when 0 then format('%s', live.name) end is distinct from seen.name
      ) then raise exception using errcode = 'serialization_failure', message = 'rows of public.users are no longer what they were when this script was made'; end if; end$guard$;
      do $guard$begin if exists (
        select from (values
        ('5'::integer)
        ) as seen (id)
        left join public.users as live on live.id = seen.id
        where live.tableoid is null
      ) then raise exception using errcode = 'serialization_failure', message = 'rows of public.users are no longer what they were when this script was made'; end if; end$guard$;
      do $guard$begin if exists (
        select from (values
        ('1'::integer)
        ) as seen (id)
        join public.users as live on live.id = seen.id
      ) then raise exception using errcode = 'serialization_failure', message = 'rows of public.users are no longer what they were when this script was made'; end if; end$guard$;"
    `);
  });
});

it("switchStatement puts a trigger back as it was", () => {
  const trigger = { schema: "public", table: "users", name: "Touch", always: false };
  expect(switchStatement(trigger, false)).toBe('alter table public.users disable trigger "Touch";');
  expect(switchStatement(trigger, true)).toBe('alter table public.users enable trigger "Touch";');
  expect(switchStatement({ ...trigger, always: true }, true)).toBe(
    'alter table public.users enable always trigger "Touch";',
  );
});
