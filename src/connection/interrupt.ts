import { ExitCode, SilentExit } from "../errors.ts";
import { ClosedPipe, type Io } from "../io.ts";

/** The first reason to stop early, as an AbortSignal whose reason is the exit to take. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Stops listening. */
  readonly stop: () => void;
}

/**
 * Listens until the first SIGINT or SIGTERM, says "cancelling", and then stops listening: the second signal has its
 * ordinary effect and ends the process at once. A reader who quits the pager stops us quietly.
 */
export function listenForInterrupt(io: Io): Interrupt {
  const controller = new AbortController();
  const removers = [
    io.onSignal((signal) => {
      if (controller.signal.aborted) return;
      stop();
      io.err("cancelling\n");
      controller.abort(new SilentExit(signal === "SIGINT" ? ExitCode.Interrupted : ExitCode.Terminated));
    }),
    io.pager.onQuit(() => {
      stop();
      controller.abort(new ClosedPipe());
    }),
  ];
  const stop = () => {
    for (const remove of removers) remove();
  };
  return { signal: controller.signal, stop };
}
