import {
  type BenchOperation,
  type BenchSample,
  type BenchSize,
  type BenchVariant,
  benchOperations,
  benchOrder,
  benchSizes,
  benchVariants,
  type Change,
} from "../core/bench.ts";
import { quoteIdentifier } from "../core/name.ts";
import { type BenchNames, type BenchTable, insertSql, pathText } from "./benchTable.ts";
import type { AuditDatabase } from "./installation.ts";
import { literal } from "./literal.ts";

/** What is measured: on so many rows, of which so many by a statement each. */
export interface BenchWork {
  readonly rows: number;
  readonly single: number;
  /** What the update changes; without any there is none. */
  readonly changes: readonly Change[];
  readonly keyColumns: readonly number[];
}

const kinds = benchSizes.flatMap((size) => benchOperations.map((operation) => ({ size, operation })));

/** In this order each statement finds the rows it needs: what is deleted was updated before and comes back after. */
const sequence: readonly BenchOperation[] = ["update", "delete", "insert"];

/**
 * The functions that measure, one for each kind of statement and each copy. They are made by the table's owner and run
 * as such. Each gives the microseconds and the bytes of WAL it took.
 */
export function routineStatements(
  table: BenchTable,
  names: BenchNames,
  work: BenchWork,
  searchPath: readonly string[],
): string[] {
  return benchVariants.flatMap((variant) =>
    kinds.flatMap(({ size, operation }) => {
      if (operation === "update" && work.changes.length === 0) return [];
      const copy = names.copies[variant];
      const statement =
        size === "row"
          ? singleSql(table, names, copy, work, operation)
          : `  ${wholeSql(table, names, copy, work, operation)};`;
      return [
        `create function ${names.routine(`${variant}_${size}_${operation}`)}()
returns double precision[]
language plpgsql
volatile
security definer
set search_path = ${pathText(searchPath)}
as ${literal(`
#variable_conflict use_variable
declare
  written pg_catalog.pg_lsn := pg_catalog.pg_current_wal_insert_lsn();
  began timestamptz := pg_catalog.clock_timestamp();
  ended timestamptz;
  sample record;
begin
${statement}
  ended := pg_catalog.clock_timestamp();
  return array[
    extract(epoch from ended - began) * 1000000,
    pg_catalog.pg_current_wal_insert_lsn() - written
  ]::double precision[];
end
`)};`,
      ];
    }),
  );
}

function wholeSql(
  table: BenchTable,
  names: BenchNames,
  copy: string,
  work: BenchWork,
  operation: BenchOperation,
): string {
  if (operation === "insert") return insertSql(table, names, copy);
  return operation === "update" ? updateSql(copy, work.changes) : `delete from ${copy} as t`;
}

/** Updates a copy's rows. */
export function updateSql(copy: string, changes: readonly Pick<Change, "column" | "expression">[]): string {
  const assignments = changes.map(({ column, expression }) => `${quoteIdentifier(column)} = ${expression}`);
  return `update ${copy} as t set ${assignments.join(", ")}`;
}

/** A loop in the server, so that no round trip is in the figure. */
function singleSql(
  table: BenchTable,
  names: BenchNames,
  copy: string,
  work: BenchWork,
  operation: BenchOperation,
): string {
  const first = `${names.stash} as stash where stash.${names.number} <= ${work.single}`;
  if (operation === "insert") {
    return `  for here in 1 .. ${work.single} loop
    ${insertSql(table, names, copy)} where stash.${names.number} = here;
  end loop;`;
  }
  const keys = work.keyColumns.map((attnum) => ({
    name: quoteIdentifier(table.columns.find((column) => column.attnum === attnum)?.name ?? ""),
    operator: table.equals.get(attnum) ?? "=",
  }));
  const statement = wholeSql(table, names, copy, work, operation);
  if (keys.length === 0) {
    return `  for sample in select t.ctid as place from ${copy} as t limit ${work.single} loop
    ${statement} where t.ctid = sample.place;
  end loop;`;
  }
  const chosen = keys.map(({ name }, index) => `stash.${name} as key_${index}`).join(", ");
  const matches = keys.map(({ name, operator }, index) => `t.${name} ${operator} sample.key_${index}`);
  return `  for sample in select ${chosen} from ${first} loop
    ${statement} where ${matches.join(" and ")};
  end loop;`;
}

export interface BenchRun {
  readonly samples: readonly BenchSample[];
  /** Bytes of a row of the log. */
  readonly logBytes: ReadonlyMap<BenchOperation, number>;
  /** All that was recorded, and rolled back. */
  readonly changes: number;
  readonly bytes: number;
}

/**
 * Measures in rounds, of which each is taken back before the next: so all of them meet the copies as they were made.
 * `relation` is the audited copy's number in the registry.
 */
export async function runRounds(
  audit: AuditDatabase,
  names: BenchNames,
  work: BenchWork,
  { rounds, relation, step }: { rounds: number; relation: number; step: (round: number) => void },
): Promise<BenchRun> {
  const { sql } = audit;
  const samples: BenchSample[] = [];
  let recorded: readonly LogRow[] = [];
  let [changes, bytes] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    step(round);
    await sql.unsafe("savepoint bench_round");
    for (const [size, divisor] of [["row", work.single] as const, ["table", work.rows] as const]) {
      for (const [kind, operation] of sequence.entries()) {
        if (operation === "update" && work.changes.length === 0) continue;
        for (const variant of benchOrder(round, kind)) {
          samples.push(await measure(audit, names, { size, operation, variant }, divisor));
        }
      }
    }
    recorded = await readRecorded(audit, relation);
    changes += recorded.reduce((sum, row) => sum + row.changes, 0);
    bytes += recorded.reduce((sum, row) => sum + row.changes * row.bytes, 0);
    await sql.unsafe("rollback to savepoint bench_round");
    await sql.unsafe("release savepoint bench_round");
  }
  return {
    samples,
    logBytes: new Map(recorded.map((row) => [row.operation, row.bytes])),
    changes,
    bytes,
  };
}

async function measure(
  { sql }: AuditDatabase,
  names: BenchNames,
  kind: { readonly size: BenchSize; readonly operation: BenchOperation; readonly variant: BenchVariant },
  divisor: number,
): Promise<BenchSample> {
  const { size, operation, variant } = kind;
  const [row] = await sql.unsafe<{ micros: number; wal: number }[]>(
    `select taken[1] as micros, taken[2] as wal
from ${names.routine(`${variant}_${size}_${operation}`)}() as taken`,
  );
  return { ...kind, micros: (row?.micros ?? 0) / divisor, wal: (row?.wal ?? 0) / divisor };
}

interface LogRow {
  readonly operation: BenchOperation;
  readonly changes: number;
  readonly bytes: number;
}

async function readRecorded({ sql, object }: AuditDatabase, relation: number): Promise<readonly LogRow[]> {
  return sql<LogRow[]>`
    select
      case change.op when 'I' then 'insert' when 'U' then 'update' else 'delete' end as operation,
      count(*)::integer as changes,
      avg(pg_column_size(change.*))::float8 as bytes
    from ${object("change")} as change
    where change.relation = ${relation}
    group by change.op`;
}
