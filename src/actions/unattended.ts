import { setTimeout as sleep } from "node:timers/promises";
import type { UnattendedOptions } from "../commands/unattendedOptions.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { runningElsewhere, withFreeRunLock, withRunLock } from "../db/lock.ts";
import { refusal } from "../errors.ts";
import { withHeartbeat } from "../heartbeat.ts";
import type { Io } from "../io.ts";

/** Runs work that cron started: its monitor is told of it, and with --quiet only failures are to be heard. */
export async function runUnattended(
  { quiet, heartbeatUrl }: UnattendedOptions,
  io: Io,
  work: (io: Io) => Promise<void>,
): Promise<void> {
  const heard = quiet ? hushed(io) : io;
  await withHeartbeat(heartbeatUrl, heard, () => work(heard));
}

/** Where only failures are to be heard; those are told of by the frame around every command. */
function hushed(io: Io): Io {
  return { ...io, out: async () => {}, err: () => {} };
}

/** How long the run may still take. */
export interface Deadline {
  /** For people; undefined where there is no end to it. */
  readonly text: string | undefined;
  readonly isOver: () => boolean;
}

/** The end that --max-duration sets, from now on. */
export function deadline(limit: UnattendedOptions["maxDuration"], io: Io): Deadline {
  const start = io.now().getTime();
  return {
    text: limit?.text,
    isOver: () => limit !== undefined && io.now().getTime() - start >= limit.milliseconds,
  };
}

/** Says that the run ended at its deadline, with something left to do. */
export function tellStopped({ text }: Deadline, io: Io): void {
  io.err(`Stopped after ${text}, as --max-duration asks. What is left is for the next run.\n`);
}

/** How often a run that waits for another asks again: polling, so that no statement of ours stays open meanwhile. */
const LOCK_POLL_MS = 500;

/**
 * Runs the work while no other command that writes is at this installation. Where one is, does as --if-locked says:
 * undefined where nothing was done, exit 5 where it was not to be waited for or did not end in time.
 */
export async function withLockAsAsked<T>(
  { sql, installation }: AuditDatabase,
  { ifLocked }: UnattendedOptions,
  clock: Deadline,
  io: Io,
  work: () => Promise<T>,
): Promise<T | undefined> {
  if (ifLocked === undefined || ifLocked === "fail") return withRunLock(sql, installation.schema, work);
  for (let isFirst = true; ; isFirst = false) {
    const done = await withFreeRunLock(sql, installation.schema, work);
    if (done) return done.result;
    const why = isFirst || clock.isOver() ? await runningElsewhere(sql, installation.schema) : "";
    if (ifLocked === "skip") {
      io.err(`${why} Nothing was done, as --if-locked skip asks.\n`);
      return undefined;
    }
    if (clock.isOver())
      throw refusal(why, `It did not end within --max-duration ${clock.text}. Nothing was changed.`);
    if (isFirst) io.err(`${why} Waiting for it.\n`);
    await sleep(LOCK_POLL_MS);
  }
}
