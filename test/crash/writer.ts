// A writer: a process of its own, so that kill -9 of it is real. Started by the crew with a WriterOrder; told "pause",
// "go" and "stop"; tells "committed" and "paused".
import { randomFrom } from "../model/random.ts";
import { readPreparedName, writeNote } from "./journal.ts";
import { LinkLost, openPatiently, type Session } from "./session.ts";
import { type Pen, resolvePrepared, writeTransaction } from "./transaction.ts";

/** What a writer is to do. */
export interface WriterOrder {
  readonly url: string;
  readonly name: string;
  readonly journal: string;
  readonly seed: number;
}

/** What the crew tells a writer. */
export type Call = "pause" | "go" | "stop";

/** What a writer tells the crew. */
export type Reply = "committed" | "paused";

const order = JSON.parse(process.argv[2] ?? "{}") as WriterOrder;
const random = randomFrom(order.seed);
const told: { call: Call } = { call: "go" };
let wake = () => {};
let session: Session | undefined;
let serial = 0;

process.on("message", (call: Call) => {
  told.call = call;
  wake();
});
// The tests are gone: nobody will ever stop us.
process.on("disconnect", () => process.exit(1));
// The driver stumbles over its own socket when the link breaks at the wrong moment.
process.on("uncaughtException", (error) => {
  if (!(error instanceof TypeError)) throw error;
});

function tell(reply: Reply): void {
  process.send?.(reply);
}

function pen(through: Session): Pen {
  return {
    session: through,
    random,
    actor: order.name,
    note: (note) => {
      writeNote(order.journal, note);
      if (note.kind === "commit") tell("committed");
    },
  };
}

/** What this writer, or one before it, left prepared. */
async function takeUp(through: Session): Promise<void> {
  const left = await through.run<{ gid: string }>(
    `select gid from pg_prepared_xacts where gid like '${order.name}-%'`,
  );
  for (const { gid } of left) {
    writeNote(order.journal, { kind: "found", token: readPreparedName(gid).token });
    await resolve(through, gid);
  }
}

async function resolve(through: Session, name: string): Promise<void> {
  const { token, decision } = readPreparedName(name);
  await resolvePrepared(pen(through), name, token, decision);
}

async function write(through: Session): Promise<void> {
  await takeUp(through);
  let prepared: string[] = [];
  while (told.call !== "stop") {
    if (told.call === "pause") {
      tell("paused");
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      continue;
    }
    const name = await writeTransaction(pen(through), `${order.name}-${process.pid}-${++serial}`);
    if (name !== undefined) prepared.push(name);
    // Some at once, most a few transactions later, and so some never: then the next of us finds them.
    if (prepared.length > 0 && random.chance(0.4)) {
      for (const one of prepared) await resolve(through, one);
      prepared = [];
    }
  }
}

while (told.call !== "stop") {
  try {
    session = await openPatiently({
      url: order.url,
      application: order.name,
      // Transactions left prepared hold their locks until somebody takes them up.
      settings: { lock_timeout: "300ms" },
    });
    await write(session);
    await session.end();
  } catch (error) {
    if (!(error instanceof LinkLost)) throw error;
  }
}
process.exit(0);
