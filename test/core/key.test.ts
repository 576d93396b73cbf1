import { describe, expect, it } from "vitest";
import type { KeyCandidate, TableFacts } from "../../src/core/auditable.ts";
import { type Key, type KeyWish, settleKey } from "../../src/core/key.ts";
import { someTable } from "../helpers/tableFacts.ts";

const byEmail: KeyCandidate = { name: "users_email_key", columns: [2] };
const byBoth: KeyCandidate = { name: "users_both_key", columns: [4, 2] };

function keyless(facts: Partial<TableFacts> = {}): TableFacts {
  return someTable({ keyColumns: [], ...facts });
}

const none: Key = { keyColumns: [], keyFrom: "none" };
const chosen: Key = { keyColumns: [2], keyFrom: "chosen" };
const primary: Key = { keyColumns: [1], keyFrom: "primary" };

describe("settleKey, where nothing is asked for,", () => {
  it.each<[string, TableFacts, Key | undefined, Key]>([
    ["goes by the primary key", someTable(), undefined, primary],
    [
      "keeps the order of the primary key's columns",
      someTable({ keyColumns: [4, 1] }),
      undefined,
      { keyColumns: [4, 1], keyFrom: "primary" },
    ],
    [
      "follows a primary key that has become another",
      someTable({ keyColumns: [2] }),
      primary,
      { keyColumns: [2], keyFrom: "primary" },
    ],
    [
      "follows the primary key although its former columns would still do",
      someTable({ candidates: [byEmail] }),
      { keyColumns: [2], keyFrom: "primary" },
      primary,
    ],
    ["keeps to the columns chosen before", keyless({ candidates: [byEmail] }), chosen, chosen],
    [
      "keeps to the columns chosen before beside a new primary key",
      someTable({ candidates: [byEmail] }),
      chosen,
      chosen,
    ],
    ["keeps to no key", keyless(), none, none],
    ["keeps to no key beside an index that would do", keyless({ candidates: [byEmail] }), none, none],
    ["takes a new primary key where there was none", someTable(), none, primary],
    [
      "takes the primary key where the index chosen before is gone",
      someTable({ candidates: [byBoth] }),
      chosen,
      primary,
    ],
  ])("%s", (_, facts, former, key) => {
    expect(settleKey(facts, undefined, former)).toEqual(key);
  });

  it.each<[string, Key | undefined]>([
    ["a table without a key", undefined],
    ["a table whose primary key is gone", primary],
    ["a table whose chosen index is gone", chosen],
  ])("refuses %s", (_, former) => {
    expect(settleKey(keyless(), undefined, former)).toEqual({
      reason: "has no primary key, by which its rows could be told apart",
      hint: "Add one: alter table public.users add primary key (…); As a log only, without row history or time travel: audit enable public.users --no-key",
    });
  });

  it("names the indexes that would do, in words that paste back", () => {
    const facts = keyless({
      schema: "Sales",
      table: "note",
      columns: [
        { attnum: 2, name: "Code", type: "text" },
        { attnum: 4, name: "region", type: "text" },
      ],
      candidates: [{ name: "one", columns: [2] }, byBoth, { name: "other", columns: [4] }],
    });
    expect(settleKey(facts, undefined, undefined)).toEqual({
      reason: "has no primary key, by which its rows could be told apart",
      hint: 'A unique index would do: audit enable "Sales".note --key "Code" (or --key region,"Code", --key region). As a log only, without row history or time travel: audit enable "Sales".note --no-key',
    });
  });

  it("names a single index that would do without alternatives", () => {
    expect(settleKey(keyless({ candidates: [byEmail] }), undefined, undefined)).toMatchObject({
      hint: expect.stringMatching(
        /^A unique index would do: audit enable public\.users --key email\. As a log/,
      ),
    });
  });
});

describe("settleKey, asked for a key,", () => {
  it.each<[string, readonly KeyCandidate[], readonly string[], Key]>([
    ["takes a column with a unique index", [byEmail], ["email"], chosen],
    [
      "takes several in the index's order, whatever theirs",
      [byEmail, byBoth],
      ["email", "api_token"],
      { keyColumns: [4, 2], keyFrom: "chosen" },
    ],
  ])("%s", (_, candidates, wish, key) => {
    expect(settleKey(keyless({ candidates }), wish, undefined)).toEqual(key);
  });

  it("takes another index than before", () => {
    expect(settleKey(keyless({ candidates: [byEmail, byBoth] }), ["api_token", "email"], chosen)).toEqual({
      keyColumns: [4, 2],
      keyFrom: "chosen",
    });
  });

  it("gives the key up for none", () => {
    expect(settleKey(keyless({ candidates: [byEmail] }), "none", chosen)).toEqual(none);
  });

  it.each<[KeyWish, string]>([
    ["none", "Leave out --no-key: audit enable public.users"],
    [["email"], "Leave out --key: audit enable public.users"],
    [["id"], "Leave out --key: audit enable public.users"],
  ])("refuses %j beside a primary key", (wish, hint) => {
    expect(settleKey(someTable({ candidates: [byEmail] }), wish, undefined)).toEqual({
      reason: "has a primary key, and goes by it",
      hint,
    });
  });

  it("refuses columns that are not there, all at once", () => {
    expect(settleKey(keyless({ candidates: [byEmail] }), ["emial", "email", "Phone"], undefined)).toEqual({
      reason: 'has no column emial or "Phone" to be its key',
      hint: "Its columns: id, email, api_token.",
    });
  });

  it.each<[string, readonly KeyCandidate[], readonly string[]]>([
    ["a column without an index", [byEmail], ["api_token"]],
    ["a part of an index's columns", [byBoth], ["email"]],
    ["more than an index's columns", [byEmail], ["email", "api_token"]],
  ])("refuses %s", (_, candidates, wish) => {
    expect(settleKey(keyless({ candidates }), wish, undefined)).toEqual({
      reason: `has no unique index over just ${wish.join(", ")} that holds for every row (unique, all columns NOT NULL, not partial)`,
      hint: expect.stringMatching(/^A unique index would do: audit enable public\.users --key /),
    });
  });

  it("says how to go on where no index would do", () => {
    expect(settleKey(keyless(), ["email"], undefined)).toMatchObject({
      hint: expect.stringMatching(/^Add one: alter table public\.users add primary key \(…\); As a log only/),
    });
  });
});
