import { quoteIdentifier } from "./name.ts";

/** What pg_catalog says of one table, as far as auditing is concerned. */
export interface TableFacts {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  /** pg_class.relkind: r table, p partitioned, v view, m materialized view, f foreign table, S sequence, … */
  readonly kind: string;
  readonly temporary: boolean;
  readonly unlogged: boolean;
  /** In pg_catalog, information_schema or a toast schema. */
  readonly system: boolean;
  /** Made by this extension. */
  readonly extension: string | null;
  /** The partitioned table it belongs to, at the top. */
  readonly partitionOf: string | null;
  /** Whether it inherits from, or is inherited by, another table (not partitions). */
  readonly inheritance: boolean;
  readonly rowSecurity: boolean;
  /** The primary key's attribute numbers in key order; empty without one. */
  readonly keyColumns: readonly number[];
  readonly columns: readonly ColumnFacts[];
  /** Indexes that would do as a key: unique, not partial, of plain NOT NULL columns. */
  readonly candidates: readonly KeyCandidate[];
}

export interface KeyCandidate {
  /** The index. */
  readonly name: string;
  /** Attribute numbers in the index's order. */
  readonly columns: readonly number[];
}

export interface ColumnFacts {
  readonly attnum: number;
  readonly name: string;
  readonly type: string;
}

/** Why a table cannot be audited, and what could be done instead. */
export interface Obstacle {
  readonly reason: string;
  readonly hint: string;
}

const kinds: Readonly<Record<string, string>> = {
  v: "a view",
  m: "a materialized view",
  f: "a foreign table",
  S: "a sequence",
};

/** Decides whether a table is one that can be audited, its key aside: undefined if so, else why not. `auditSchemas` are our own. */
export function findObstacle(facts: TableFacts, auditSchemas: readonly string[]): Obstacle | undefined {
  const kind = kinds[facts.kind];
  // Temporary tables lie in a schema of the system's.
  if (facts.temporary) {
    return { reason: "is a temporary table, it goes with its session", hint: "Audit an ordinary table." };
  }
  if (facts.system) return { reason: "is a system table", hint: "Choose a table of your own." };
  if (auditSchemas.includes(facts.schema)) {
    return { reason: "is part of the audit trail itself", hint: "Choose a table of your own." };
  }
  if (facts.kind === "f") {
    return {
      reason: `is ${kind}, its rows are changed elsewhere`,
      hint: "Audit the table on the server that holds it.",
    };
  }
  if (kind !== undefined) {
    return {
      reason: `is ${kind}, it holds no rows that are written to`,
      hint: "Audit the tables behind it.",
    };
  }
  if (facts.extension !== null) {
    return {
      reason: `belongs to the extension ${quoteIdentifier(facts.extension)}`,
      hint: "Choose a table of your own.",
    };
  }
  if (facts.partitionOf !== null) {
    return {
      reason: `is a partition of ${facts.partitionOf}`,
      hint: `Audit the whole: audit enable ${facts.partitionOf}`,
    };
  }
  return undefined;
}
