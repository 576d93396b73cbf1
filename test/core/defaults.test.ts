import { describe, expect, it } from "vitest";
import { type Defaults, defaultText, planDefaults } from "../../src/core/defaults.ts";
import { userErrorOf } from "../helpers/userError.ts";

describe("planDefaults", () => {
  it.each<[string, Defaults, Defaults, object]>([
    ["a new one", {}, { images: "full" }, [{ name: "images", value: "full", former: null }]],
    [
      "another value",
      { images: "lean" },
      { images: "full" },
      [{ name: "images", value: "full", former: "lean" }],
    ],
    [
      "how views are called",
      {},
      { view: true, "view-name": "{schema}_{table}" },
      [
        { name: "view", value: true, former: null },
        { name: "view-name", value: "{schema}_{table}", former: null },
      ],
    ],
    [
      "off, which is not the same as not set",
      {},
      { always: false },
      [{ name: "always", value: false, former: null }],
    ],
    [
      "an empty list, which takes away",
      { exclude: ["a"] },
      { exclude: [] },
      [{ name: "exclude", value: null, former: ["a"] }],
    ],
    [
      "several, in the order of the names",
      { retain: "90d" },
      { retain: "1y", exclude: ["b*"], redact: undefined },
      [
        { name: "exclude", value: ["b*"], former: null },
        { name: "retain", value: "1y", former: "90d" },
      ],
    ],
    [
      "statements once nothing is withheld any more",
      { exclude: ["a"] },
      { exclude: [], statement: true },
      [
        { name: "exclude", value: null, former: ["a"] },
        { name: "statement", value: true, former: null },
      ],
    ],
    [
      "columns beside statements that are not kept",
      { statement: false },
      { redact: ["a"] },
      [{ name: "redact", value: ["a"], former: null }],
    ],
  ])("takes %s", (_, former, wishes, changes) => {
    expect(planDefaults(former, wishes)).toEqual(changes);
  });

  it.each<[string, Defaults, Defaults, string, string]>([
    ["nothing", { images: "full" }, {}, "No default is given.", "audit defaults set"],
    [
      "what is no pattern",
      {},
      { exclude: ["a b"] },
      "not a column name or glob for --exclude",
      "Write it as",
    ],
    ["one name for all views", {}, { "view-name": "history_of" }, "the same name", "{table}_history"],
    ["a name made of nothing known", {}, { "view-name": "{tbl}" }, "stands for nothing", "{table}_history"],
    [
      "statements beside columns",
      { redact: ["a"] },
      { statement: true },
      "text of a statement",
      "unset exclude redact",
    ],
    [
      "columns beside statements",
      { statement: true },
      { exclude: ["a"] },
      "text of a statement",
      "unset statement",
    ],
  ])("refuses %s", (_, former, wishes, message, hint) => {
    const error = userErrorOf(() => planDefaults(former, wishes));
    expect(error).toMatchObject({ exitCode: 2 });
    expect(error.message).toContain(message);
    expect(error.hint).toContain(hint);
  });
});

it.each([
  [true, "yes"],
  [false, "no"],
  ["full", "full"],
  [["a", '"b,c"'], 'a, "b,c"'],
])("writes %j as it is read", (value, text) => {
  expect(defaultText(value)).toBe(text);
});
