import { describe, expect, it } from "vitest";
import { findObstacle, type TableFacts } from "../../src/core/auditable.ts";
import { someTable } from "../helpers/tableFacts.ts";

describe("findObstacle", () => {
  it.each<[string, Partial<TableFacts>]>([
    ["an ordinary table with a primary key", {}],
    ["a partitioned table", { kind: "p" }],
    ["a table without a primary key, which is settleKey's to judge", { keyColumns: [] }],
    ["an unlogged table", { unlogged: true }],
    ["a table under row-level security", { rowSecurity: true }],
    ["a table of an inheritance tree", { inheritance: true }],
    ["a table whose schema is called as ours in another case", { schema: "Audit" }],
  ])("finds none in %s", (_, facts) => {
    expect(findObstacle(someTable(facts), ["audit"])).toBeUndefined();
  });

  it.each<[string, Partial<TableFacts>, string, string]>([
    [
      "our own tables",
      { schema: "audit" },
      "is part of the audit trail itself",
      "Choose a table of your own.",
    ],
    [
      "a system table",
      { schema: "pg_catalog", system: true },
      "is a system table",
      "Choose a table of your own.",
    ],
    [
      "a view",
      { kind: "v" },
      "is a view, it holds no rows that are written to",
      "Audit the tables behind it.",
    ],
    [
      "a materialized view",
      { kind: "m" },
      "is a materialized view, it holds no rows that are written to",
      "Audit the tables behind it.",
    ],
    [
      "a sequence",
      { kind: "S" },
      "is a sequence, it holds no rows that are written to",
      "Audit the tables behind it.",
    ],
    [
      "a foreign table",
      { kind: "f" },
      "is a foreign table, its rows are changed elsewhere",
      "Audit the table on the server that holds it.",
    ],
    [
      "a temporary table",
      { temporary: true },
      "is a temporary table, it goes with its session",
      "Audit an ordinary table.",
    ],
    [
      "an extension's table, whose name is quoted where it must be",
      { extension: "PostGIS" },
      'belongs to the extension "PostGIS"',
      "Choose a table of your own.",
    ],
    [
      "a partition, and names the whole",
      { partitionOf: 'public."Orders"' },
      'is a partition of public."Orders"',
      'Audit the whole: audit enable public."Orders"',
    ],
  ])("refuses %s", (_, facts, reason, hint) => {
    expect(findObstacle(someTable(facts), ["audit"])).toEqual({ reason, hint });
  });

  it.each<[string, Partial<TableFacts>, string]>([
    ["being ours before being a view", { schema: "audit", kind: "v" }, "is part of the audit trail itself"],
    ["being temporary before being the system's", { temporary: true, system: true }, "is a temporary table"],
    ["being the system's before being a view", { system: true, kind: "v" }, "is a system table"],
    [
      "being an extension's before being a partition",
      { extension: "postgis", partitionOf: "orders" },
      "belongs to the extension postgis",
    ],
  ])("names %s", (_, facts, reason) => {
    expect(findObstacle(someTable(facts), ["audit"])?.reason).toMatch(reason);
  });
});
