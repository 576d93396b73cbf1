import { safeText } from "./core/safe.ts";
import { usageError } from "./errors.ts";
import { ClosedPipe, type Io } from "./io.ts";

/** A monitor that does not answer must not hold up the work. */
const TIMEOUT_MS = 5_000;

/** Reads the address of a monitor. Exit 2 for what is none; the text is not repeated, since such addresses are secrets. */
export function readHeartbeatUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:") return url;
  throw usageError(
    "What --heartbeat-url was given is no http or https address.",
    "Give the address of your monitor, such as https://hc-ping.com/<uuid>; /start and /fail are added to it.",
  );
}

/**
 * Tells a monitor that the work begins (address and /start), and that it went well (the address) or failed (/fail). Best
 * effort: a monitor that is out of reach is told of on stderr and alters nothing.
 */
export async function withHeartbeat<T>(url: URL | undefined, io: Io, work: () => Promise<T>): Promise<T> {
  if (!url) return work();
  await beat(url, "start", io);
  try {
    const result = await work();
    await beat(url, undefined, io);
    return result;
  } catch (error) {
    // Nobody reads the answer any more, but the work is done.
    await beat(url, error instanceof ClosedPipe ? undefined : "fail", io);
    throw error;
  }
}

async function beat(url: URL, what: "start" | "fail" | undefined, io: Io): Promise<void> {
  try {
    const { ok, status, body } = await fetch(addressOf(url, what), {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { "user-agent": "pgtrail" },
    });
    await body?.cancel();
    if (!ok) io.err(`${monitor(url)} answered with ${status}, which changes nothing here.\n`);
  } catch {
    io.err(`${monitor(url)} was out of reach, which changes nothing here.\n`);
  }
}

function monitor({ host }: URL): string {
  return `The monitor at ${safeText(host)}`;
}

function addressOf(url: URL, what: string | undefined): URL {
  if (what === undefined) return url;
  const address = new URL(url);
  address.pathname = `${address.pathname.replace(/\/$/, "")}/${what}`;
  return address;
}
