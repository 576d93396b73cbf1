/** A relation that a plan reads. Without `schema` it is what another server is asked for, in that server's words. */
export interface ScannedRelation {
  readonly schema: string | undefined;
  readonly table: string;
}

export interface PlanReadings {
  readonly relations: readonly ScannedRelation[];
  /** The aliases of functions that are read like tables, as EXPLAIN writes them: `name`, `name_1`. */
  readonly functionAliases: readonly string[];
}

const catalogs = new Set(["pg_catalog", "information_schema", "pg_toast"]);

/** What a plan (EXPLAIN VERBOSE, FORMAT JSON) reads, catalogs left out; each relation once. */
export function readingsOf(plan: unknown): PlanReadings {
  const relations = new Map<string, ScannedRelation>();
  const aliases = new Set<string>();
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) {
      for (const part of node) visit(part);
      return;
    }
    if (typeof node !== "object" || node === null) return;
    const fields = node as Readonly<Record<string, unknown>>;
    const { Schema: schema, Alias: alias, Relations: remote } = fields;
    const table = fields["Relation Name"];
    if (typeof table === "string" && typeof schema === "string") {
      if (!catalogs.has(schema)) relations.set(JSON.stringify([schema, table]), { schema, table });
    } else if (typeof remote === "string") relations.set(remote, { schema: undefined, table: remote });
    if (fields["Node Type"] === "Function Scan" && typeof alias === "string") aliases.add(alias);
    for (const value of Object.values(fields)) visit(value);
  };
  visit(plan);
  return { relations: [...relations.values()], functionAliases: [...aliases] };
}
