import { describe, expect, it } from "vitest";
import { type UniqueFacts, type UniqueKey, uniqueOf } from "../../src/core/uniques.ts";

const columns = ["id", "mail", "team", "gone", "during"].map((name) => ({
  ...{ name, type: "text", generated: false, always: false, known: true, nullable: true },
}));

const key = (column: string, more: Partial<UniqueKey> = {}): UniqueKey => ({
  ...{ column, equals: true, told: true, overlaps: false, ranges: false, ...more },
});

const facts = (more: Partial<UniqueFacts>) =>
  uniqueOf(
    {
      ...{ keys: [], expressed: [], strict: true, expressedEquals: true, nullsDistinct: true },
      ...{ condition: null, conditional: [], checked: [], referring: [], ...more },
    },
    columns,
  );

describe("uniqueOf", () => {
  it("knows of columns that are compared as they are which rows collide", () => {
    expect(facts({ keys: [key("mail")] })).toEqual({
      ...{ equal: ["mail"], opaque: [], conditions: [], bound: [] },
      ...{ freeing: ["mail"], scattering: ["mail"] },
    });
    expect(facts({ keys: [key("mail")], nullsDistinct: false }).freeing).toEqual([]);
  });

  it("does not take texts for values where the type tells other ones apart", () => {
    expect(facts({ keys: [key("mail", { told: false })] })).toMatchObject({ equal: [], opaque: ["mail"] });
  });

  it("takes a column for free while it is NULL where that makes the expression NULL", () => {
    const lower = facts({ keys: [key("team")], expressed: ["mail"] });
    expect(lower).toMatchObject({ equal: ["team"], opaque: ["mail"], freeing: ["team", "mail"] });
    expect(facts({ keys: [key("team")], expressed: ["mail"], strict: false }).freeing).toEqual(["team"]);
    expect(facts({ expressed: [null] })).toMatchObject({
      ...{ opaque: ["id", "mail", "team", "gone", "during"], freeing: [] },
    });
  });

  it("scatters by equality, and ranges that must not overlap", () => {
    const during = key("during", { equals: false, ranges: true, overlaps: true });
    expect(facts({ keys: [key("team"), during] })).toMatchObject({
      ...{ equal: ["team"], opaque: ["during"], freeing: ["team", "during"], scattering: ["team", "during"] },
    });
    expect(facts({ keys: [key("team", { equals: false })] }).scattering).toEqual([]);
    expect(facts({ keys: [key("during", { ranges: true })] }).scattering).toEqual([]);
    expect(facts({ expressed: ["mail"], expressedEquals: false }).scattering).toEqual([]);
    const held = facts({ keys: [key("team"), key("mail")], referring: ["team"], checked: ["mail"] });
    expect(held).toMatchObject({ scattering: ["mail"], bound: ["mail"] });
  });

  it("takes a condition that it does not understand for one that may be so or not", () => {
    const conditional = ["gone"];
    expect(facts({ keys: [key("mail")], condition: "(gone IS NULL)", conditional })).toMatchObject({
      ...{ opaque: [], conditions: [{ column: "gone", is: "null", value: null }] },
    });
    expect(facts({ keys: [key("mail")], condition: "odd(gone)", conditional })).toMatchObject({
      ...{ equal: ["mail"], opaque: ["gone"], conditions: [] },
    });
  });
});
