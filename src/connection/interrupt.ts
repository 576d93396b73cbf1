import { ExitCode, SilentExit } from "../errors.ts";
import type { Io } from "../io.ts";

/** The first SIGINT or SIGTERM as an AbortSignal, whose reason is the exit to take. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Stops listening. */
  readonly stop: () => void;
}

/**
 * Listens until the first signal, says "cancelling", and then stops listening: the second signal has its
 * ordinary effect and ends the process at once.
 */
export function listenForInterrupt(io: Io): Interrupt {
  const controller = new AbortController();
  const stop = io.onSignal((signal) => {
    if (controller.signal.aborted) return;
    stop();
    io.err("cancelling\n");
    controller.abort(new SilentExit(signal === "SIGINT" ? ExitCode.Interrupted : ExitCode.Terminated));
  });
  return { signal: controller.signal, stop };
}
