import { sqlStateOf } from "../connection/failure.ts";
import { type Change, changesNearlyAll, changesOf, pickChanges } from "../core/bench.ts";
import { quoteIdentifier } from "../core/name.ts";
import { updateSql } from "./benchRounds.ts";
import type { BenchNames, BenchTable } from "./benchTable.ts";
import type { AuditDatabase } from "./installation.ts";

/** What the data and the constraints of a table can have against a change: 0A, 22, 23, 42 and P0. */
const objections = /^(0A|22|23|42|P0)/;

/**
 * Looks for an update that keeps the table's own constraints, by trying on the plain copy, which holds the sample. Of
 * `columns` only those that are recorded should be given: an update of the others costs next to nothing.
 */
export async function findChanges(
  { sql }: AuditDatabase,
  names: BenchNames,
  columns: BenchTable["columns"],
): Promise<Change[]> {
  const copy = names.copies.plain;
  const tryOut = async (statement: string): Promise<number | undefined> => {
    await sql.unsafe("savepoint bench_change");
    try {
      const [row] = await sql.unsafe<{ share: number }[]>(statement);
      return row?.share ?? 0;
    } catch (error) {
      if (!objections.test(sqlStateOf(error) ?? "")) throw error;
      return undefined;
    } finally {
      await sql.unsafe("rollback to savepoint bench_change");
      await sql.unsafe("release savepoint bench_change");
    }
  };
  const passes = async (changes: readonly Change[]) => (await tryOut(updateSql(copy, changes))) !== undefined;

  const found: Change[] = [];
  for (const { name, type } of columns) {
    if (found.filter(changesNearlyAll).length === 2) break;
    const column = `t.${quoteIdentifier(name)}`;
    for (const expression of changesOf(type, column)) {
      const share = await tryOut(
        `select avg((${column}::text is distinct from (${expression})::text)::integer)::float8 as share from ${copy} as t`,
      );
      if (share === undefined || share === 0) continue;
      const change = { column: name, expression, share };
      if (!(await passes([change]))) continue;
      found.push(change);
      break;
    }
  }
  const picked = pickChanges(found);
  // Each may pass alone and both together not, where a constraint is about both.
  return picked.length < 2 || (await passes(picked)) ? picked : picked.slice(0, 1);
}
