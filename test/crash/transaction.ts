import type { Random } from "../model/random.ts";
import { type Decision, type Note, preparedName } from "./journal.ts";
import { failingMove, type Move, randomMove, swallowedError, tablesFor } from "./moves.ts";
import { codeOf, type Session } from "./session.ts";
import { type CrashTable, ledger } from "./tables.ts";

/** Who writes, and where it is written down. */
export interface Pen {
  readonly session: Session;
  readonly random: Random;
  readonly actor: string;
  readonly note: (note: Note) => void;
}

/** What writers who meet at the same rows may be told; any other error is a fault. */
const expectedErrors = new Set([
  "40001", // could not serialize
  "40P01", // deadlock
  "55P03", // lock_timeout
  "23503", // foreign key: the parent went meanwhile
  "23505", // unique: MERGE and moved rows do not look first
]);

/**
 * One random transaction: moves, savepoints rolled back and released, then commit, rollback or prepare. Returns
 * the name under which it was prepared. Errors of the server's are noted; LinkLost is thrown.
 */
export async function writeTransaction(pen: Pen, token: string): Promise<string | undefined> {
  const { session, random, note } = pen;
  const ending = random.weighted<"commit" | "rollback" | "prepare">([
    [70, "commit"],
    [12, "rollback"],
    [18, "prepare"],
  ]);
  const repeatable = random.chance(0.1);
  const among = tablesFor({ prepared: ending === "prepare", repeatable });
  note({ kind: "begin", token });
  try {
    await session.run(repeatable ? "begin isolation level repeatable read" : "begin");
    await session.run(
      `select set_config('audit.actor', '${pen.actor}', true), set_config('audit.context', '{"token": "${token}"}', true)`,
    );
    const signsFirst = random.chance(0.5);
    if (signsFirst) await sign(session, token);
    const steps = random.between(1, 5);
    for (let step = 1; step <= steps; step++) await takeStep(pen, among, token, `${token}:${step}`, 1);
    if (!signsFirst) await sign(session, token);
    if (ending === "prepare") return await prepare(pen, token);
    await session.run(ending);
    note({ kind: ending, token });
  } catch (error) {
    await giveUp(pen, token, error);
  }
  return undefined;
}

/** Does what the name of a prepared transaction says; another may have done so already. */
export async function resolvePrepared(
  { session, note }: Pick<Pen, "session" | "note">,
  name: string,
  token: string,
  decision: Decision,
): Promise<void> {
  try {
    await session.run(`${decision} prepared '${name}'`);
    note({ kind: decision, token });
  } catch (error) {
    // Gone, or another session is at it.
    if (!["42704", "55000"].includes(codeOf(error) ?? "")) throw error;
  }
}

async function sign(session: Session, token: string): Promise<void> {
  await session.run(`insert into ${ledger} values ('${token}')`);
}

async function prepare({ session, random, note }: Pen, token: string): Promise<string> {
  const decision: Decision = random.chance(0.7) ? "commit" : "rollback";
  const name = preparedName(token, decision);
  await session.run(`prepare transaction '${name}'`);
  note({ kind: "prepared", token, decision });
  return name;
}

async function giveUp({ session, note }: Pen, token: string, error: unknown): Promise<void> {
  const code = codeOf(error);
  if (code === undefined) throw error;
  await session.run("rollback");
  note({ kind: "error", token, code });
  note({ kind: "rollback", token });
  if (!expectedErrors.has(code)) note({ kind: "fault", token, text: `${code} ${String(error)}` });
}

/** A statement, or a savepoint with steps of its own. */
async function takeStep(
  pen: Pen,
  among: readonly CrashTable[],
  token: string,
  label: string,
  depth: number,
): Promise<void> {
  const { session, random } = pen;
  const kind = random.weighted<"move" | "undone" | "kept" | "failing" | "swallowed">([
    [70, "move"],
    [depth < 4 ? 14 : 0, "undone"],
    [depth < 4 ? 8 : 0, "kept"],
    [5, "failing"],
    [3, "swallowed"],
  ]);
  if (kind === "move") return run(session, randomMove(random, among, label));
  if (kind === "swallowed") return run(session, { sql: swallowedError(random, label) });
  const name = `depth_${depth}`;
  await session.run(`savepoint ${name}`);
  if (kind === "failing") await fail(pen, label);
  else {
    const inner = kind === "undone" ? `ghost ${label}` : label;
    const steps = random.between(1, 3);
    for (let step = 1; step <= steps; step++)
      await takeStep(pen, among, token, `${inner}.${step}`, depth + 1);
  }
  if (kind === "kept") return run(session, { sql: `release savepoint ${name}` });
  await session.run(`rollback to savepoint ${name}`);
  if (random.chance(0.5)) await session.run(`release savepoint ${name}`);
  pen.note({ kind: "undone", token });
}

async function fail({ session, random }: Pen, label: string): Promise<void> {
  try {
    await session.run(failingMove(random, `ghost ${label}`));
  } catch (error) {
    if (codeOf(error) !== "22012") throw error;
  }
}

async function run(session: Session, move: Move): Promise<void> {
  if (move.data === undefined) await session.run(move.sql);
  else await session.copy(move.sql, move.data);
}
