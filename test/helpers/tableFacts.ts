import type { TableFacts } from "../../src/core/auditable.ts";

/** What the catalog says of an ordinary table: public.users (id, email, api_token), keyed by id. */
export function someTable(facts: Partial<TableFacts> = {}): TableFacts {
  return {
    oid: 16_400,
    schema: "public",
    table: "users",
    kind: "r",
    temporary: false,
    unlogged: false,
    system: false,
    extension: null,
    partitionOf: null,
    inheritance: false,
    rowSecurity: false,
    keyColumns: [1],
    columns: [
      { attnum: 1, name: "id", type: "integer" },
      { attnum: 2, name: "email", type: "text" },
      { attnum: 4, name: "api_token", type: "text" },
    ],
    candidates: [],
    ...facts,
  };
}
