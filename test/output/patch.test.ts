import { describe, expect, it } from "vitest";
import type { PatchColumn, PatchTable } from "../../src/core/patch.ts";
import { planPatch } from "../../src/core/patch.ts";
import { patchText } from "../../src/output/patch.ts";

const column = (name: string, type: string, more: Partial<PatchColumn> = {}): PatchColumn => ({
  ...{ name, type, generated: false, always: false, known: true, nullable: true, ...more },
});
const hidden = { redacted: true } as const;

const odd: PatchTable = {
  ...{ oid: 1, schema: "public", table: "Odd\n.Name", key: ["b", "a"] },
  columns: [
    column("a", "integer"),
    column("b", "text"),
    column("note", "character varying(40)"),
    column("twice", "integer", { generated: true }),
    column("no", "bigint", { always: true }),
    column("token", "text", { known: false }),
  ],
  references: [{ oid: 2, deferrable: true, columns: ["a"] }],
  uniques: [],
  inherited: false,
  replaceable: true,
  differences: [
    {
      ...{ kind: "inserted", key: '["x", "1"]' },
      new: { a: "1", b: "x", note: null, twice: "2", no: "7", token: hidden },
    },
    { kind: "inserted", key: '["it\'s", "2"]', new: {} },
    {
      ...{ kind: "changed", key: '["y", "3"]' },
      old: { note: "\x1b", twice: "1", token: hidden, no: "1" },
      new: { note: "back\\slash", twice: "2", token: hidden, no: "2" },
    },
    { kind: "changed", key: '["y", "4"]', old: { note: "a" }, new: {} },
    { kind: "deleted", key: '["z", "5"]', old: {} },
    { kind: "deleted", key: '["z\\n", "6"]', old: {} },
  ],
};

describe("patchText", () => {
  it("writes every value so that it comes back, and names what is not known", () => {
    expect(patchText(planPatch([odd]), ["column x\n is not compared"])).toMatchInlineSnapshot(`
      "-- column x\\n is not compared
      begin;
      set local datestyle = 'ISO, YMD';
      set local intervalstyle = 'postgres';
      set local lc_monetary = 'C';
      set local xmloption = 'content';
      set local array_nulls = on;
      set local standard_conforming_strings = on;
      set constraints all deferred;
      -- public."Odd\\n.Name"
      delete from public.U&"Odd\\000a.Name" where (b, a) in (values
        ('z'::text, '5'::integer),
        (E'z\\n'::text, '6'::integer)
      );
      -- not known, and so left out: token of the row with b = 'y'::text and a = '3'::integer
      -- no UPDATE can set them, and so left out: no of the row with b = 'y'::text and a = '3'::integer
      update public.U&"Odd\\000a.Name" set note = E'back\\\\slash'::character varying(40) where b = 'y'::text and a = '3'::integer;
      -- not known, and so left out: note of the row with b = 'y'::text and a = '4'::integer
      -- not known, and so left out: token
      insert into public.U&"Odd\\000a.Name" (a, b, note, no) overriding system value values
        ('1'::integer, 'x'::text, null, '7'::bigint);
      -- not known, and so left out: note, no, token
      insert into public.U&"Odd\\000a.Name" (a, b) overriding system value values
        ('2'::integer, 'it''s'::text);
      commit;
      "
    `);
  });

  it("leaves tables without a key to the reader", () => {
    const keyless: PatchTable = { ...odd, key: [], differences: [{ kind: "inserted", key: null, new: {} }] };
    expect(patchText(planPatch([keyless]), [])).toContain("-- left out: it has no key");
  });

  it("replaces rows in one statement, with the types of what is NULL", () => {
    const replaced: PatchTable = {
      ...{ ...odd, key: ["a"], references: [], columns: odd.columns.slice(0, 5) },
      differences: [
        {
          ...{ kind: "changed", key: "1", old: { a: "1", b: "x", note: null, no: "1" } },
          new: { a: "1", b: "x", note: null, no: "2" },
        },
      ],
    };
    expect(
      patchText(planPatch([replaced]), [])
        .split("\n")
        .slice(7, -2)
        .join("\n"),
    ).toMatchInlineSnapshot(`
      "-- public."Odd\\n.Name"
      with gone as (delete from public.U&"Odd\\000a.Name" where a in ('1'::integer) returning 1)
      insert into public.U&"Odd\\000a.Name" (a, b, note, no) overriding system value select * from (values
        ('1'::integer, 'x'::text, null::character varying(40), '2'::bigint)
      ) as anew where (select count(*) from gone) >= 0;"
    `);
  });

  it("warns of circles, and of columns that cannot follow their rows", () => {
    const exchanged: PatchTable = {
      ...odd,
      key: ["a"],
      references: [{ oid: 2, deferrable: false, columns: [] }],
      differences: [
        { kind: "changed", key: "2", oldKey: "1", old: { a: "1" }, new: { a: "2" } },
        { kind: "changed", key: "1", oldKey: "2", old: { a: "2" }, new: { a: "1" } },
      ],
    };
    const other: PatchTable = {
      ...{ ...odd, oid: 2, table: "other", key: ["a"] },
      references: [{ oid: 1, deferrable: false, columns: [] }],
    };
    const text = patchText(planPatch([exchanged, { ...other, differences: [] }]), []);
    expect(text).toMatch(/^-- public\."Odd\\n\.Name" and tables it refers to refer to each other/m);
    expect(text).toMatch(/^-- public\."Odd\\n\.Name": rows change keys .*: token$/m);
  });
});
