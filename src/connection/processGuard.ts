import { linkLost, sqlStateOf } from "./failure.ts";

/**
 * The driver writes to a socket that is gone when the link breaks at a bad moment, outside of any promise.
 * While the guard stands, such an exception aborts the signal with "connection lost" instead of ending the
 * process with a stack. An exception of anyone else goes to who else listens; when nobody does, the signal
 * is aborted with it, so that it ends the command like any bug.
 */
export function guardProcess(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const listener = (error: unknown): void => {
    if (isDriverFault(error)) controller.abort(linkLost());
    else if (process.listenerCount("uncaughtException") === 1) controller.abort(error);
  };
  process.on("uncaughtException", listener);
  return { signal: controller.signal, release: () => void process.off("uncaughtException", listener) };
}

/** Whether the exception comes from inside the driver's connection, not from a query that failed. */
export function isDriverFault(error: unknown): boolean {
  return (
    error instanceof Error &&
    sqlStateOf(error) === undefined &&
    /[\\/]postgres[\\/](?:cjs[\\/])?src[\\/]connection\.js/.test(error.stack ?? "")
  );
}
