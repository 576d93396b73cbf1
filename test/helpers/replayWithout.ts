import type { TestSql } from "./client.ts";
import { isMove, type KeyedWrite, keyAfter, type PastTransaction, statementOf } from "./keyedWrites.ts";
import { literal } from "./rowPlace.ts";
import type { TableShape } from "./tableShape.ts";

/** How a history went without some of its transactions. */
export interface Replay {
  /** The connection that sees what came of it. */
  readonly sql: Pick<TestSql, "unsafe">;
  /**
   * clean: every write found its row. idle: some found none. taken: a row was there already where one was to be inserted, so it
   * did not come to an end.
   */
  readonly end: "clean" | "idle" | "taken";
  /** Foreign keys that do not hold at the end. */
  readonly broken: readonly string[];
}

/**
 * Lets a history happen in a database that is as it was before, without the transactions that are to be left out, shows what
 * came of it, and takes all of it back. Rows are followed to the keys that transactions left out would have given them. Foreign keys
 * are not in force on the way.
 */
export async function replayWithout<T>(
  sql: TestSql,
  shapes: readonly TableShape[],
  history: readonly PastTransaction[],
  without: ReadonlySet<string>,
  look: (replay: Replay) => Promise<T>,
): Promise<T> {
  const session = await sql.reserve();
  try {
    await session.unsafe("begin; set local session_replication_role = replica");
    const end = await replay(session, history, without);
    const broken = end === "taken" ? [] : await brokenForeignKeys(session, shapes);
    return await look({ sql: session, end, broken });
  } finally {
    await session.unsafe("rollback");
    session.release();
  }
}

/** Whether the history without these transactions goes through with every foreign key in force, each write finding its row. */
export async function goesThrough(
  sql: TestSql,
  history: readonly PastTransaction[],
  without: ReadonlySet<string>,
): Promise<"through" | "foreign key" | "otherwise"> {
  const session = await sql.reserve();
  try {
    await session.unsafe("begin");
    return (await replay(session, history, without)) === "clean" ? "through" : "otherwise";
  } catch (error) {
    if ((error as { code?: string }).code === "23503") return "foreign key";
    throw error;
  } finally {
    await session.unsafe("rollback");
    session.release();
  }
}

async function replay(
  sql: Pick<TestSql, "unsafe">,
  history: readonly PastTransaction[],
  without: ReadonlySet<string>,
): Promise<Replay["end"]> {
  const standIns = new Map<string, readonly string[]>();
  let end: Replay["end"] = "clean";
  for (const { tx, writes } of history)
    for (const write of writes) {
      const { key, after } = followed(standIns, write, without.has(tx));
      if (without.has(tx)) continue;
      try {
        const { count } = await sql.unsafe(statementOf(write, key));
        if (count === 0) end = "idle";
      } catch (error) {
        if ((error as { code?: string }).code === "23505") return "taken";
        throw error;
      }
      if (after) standIns.delete(after);
    }
  return end;
}

/** The key that a row has where some moves have not happened; `after` is the name of the one that it has come to. */
function followed(standIns: Map<string, readonly string[]>, write: KeyedWrite, isLeftOut: boolean) {
  const nameOf = (key: readonly string[]) => JSON.stringify([write.shape.name, ...key]);
  const key = standIns.get(nameOf(write.key)) ?? write.key;
  const after = isMove(write) ? nameOf(keyAfter(write)) : undefined;
  if (write.kind !== "update" || after) standIns.delete(nameOf(write.key));
  if (after && isLeftOut) standIns.set(after, key);
  return { key, after };
}

async function brokenForeignKeys(
  sql: Pick<TestSql, "unsafe">,
  shapes: readonly TableShape[],
): Promise<string[]> {
  const parts = shapes.flatMap(({ name, foreignKeys }) =>
    foreignKeys.map(({ columns, target, targetColumns }) => {
      const pairs = columns.map((column, index) => `child.${column} = parent.${targetColumns[index]}`);
      const given = columns.map((column) => `child.${column} is not null`);
      return `select ${literal(`${name} (${columns.join(", ")})`)} as broken where exists (
        select from ${name} as child
        where ${given.join(" and ")} and not exists (select from ${target} as parent where ${pairs.join(" and ")}))`;
    }),
  );
  const rows = await sql.unsafe<{ broken: string }[]>(parts.join(" union all "));
  return rows.map(({ broken }) => broken);
}
