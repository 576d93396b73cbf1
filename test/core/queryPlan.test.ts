import { expect, it } from "vitest";
import { readingsOf } from "../../src/core/queryPlan.ts";

it("finds what a plan reads at any depth, without catalogs, each once", () => {
  const scan = (schema: string, table: string) => ({
    "Node Type": "Seq Scan",
    Schema: schema,
    "Relation Name": table,
  });
  const plan = [
    {
      Plan: {
        "Node Type": "Append",
        Plans: [
          scan("public", "users"),
          { "Node Type": "Hash", Plans: [scan("public", "users"), scan("pg_catalog", "pg_class")] },
          scan("information_schema", "sql_features"),
          { "Node Type": "Foreign Scan", Relations: "(far.a) INNER JOIN (far.b)" },
          { "Node Type": "Function Scan", Schema: "pg_catalog", "Function Name": "f", Alias: "past_1x_1" },
          { "Node Type": "CTE Scan", Alias: "users" },
          null,
        ],
      },
    },
  ];
  expect(readingsOf(plan)).toEqual({
    relations: [
      { schema: "public", table: "users" },
      { schema: undefined, table: "(far.a) INNER JOIN (far.b)" },
    ],
    functionAliases: ["past_1x_1"],
  });
});
