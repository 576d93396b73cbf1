import { type Drift, inOrder } from "../../core/drift.ts";
import type { AuditDatabase } from "../installation.ts";
import { findFunctionDrift } from "./functions.ts";
import { findInstallationDrift } from "./installation.ts";
import { findTableDrift } from "./tables.ts";
import { findTriggerDrift } from "./triggers.ts";

/**
 * Everything that is not as it was set up, in order. Where functions of ours are gone or changed, that alone is told: the
 * other questions are put with their help.
 */
export async function findDrift(audit: AuditDatabase): Promise<Drift[]> {
  const general = await findInstallationDrift(audit);
  if (general.some(({ kind }) => kind === "version-older" || kind === "helper-missing"))
    return inOrder(general);
  const tables = await findTableDrift(audit);
  const captured = [...(await findFunctionDrift(audit)), ...(await findTriggerDrift(audit))];
  return inOrder([...general, ...tables, ...captured.filter((drift) => !followsFrom(drift, tables))]);
}

/** What a table has become is told once, and not again by each function that no longer fits it. */
function followsFrom(drift: Drift, tables: readonly Drift[]): boolean {
  if (drift.kind !== "function-changed" && drift.kind !== "kind-outdated") return false;
  const remade = ["table-changed", "table-changed-guarded", "table-renamed", "key-lost"];
  return tables.some(({ kind, relation }) => relation === drift.relation && remade.includes(kind));
}
