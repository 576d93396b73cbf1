import { connect, Socket } from "node:net";
import { finished } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";

/** The link to the server broke: what was under way may or may not have happened. */
export class LinkLost extends Error {}

/** One connection that is never dialled again: the driver would send the tail of a dead transaction over a new one. */
export interface Session {
  /** Runs one statement; throws LinkLost when the server is gone, and its error when it refuses. */
  readonly run: <T extends object = Record<string, unknown>>(statement: string) => Promise<T[]>;
  /** COPY … FROM STDIN. */
  readonly copy: (statement: string, data: string) => Promise<void>;
  readonly end: () => Promise<void>;
}

export interface SessionOptions {
  readonly url: string;
  readonly application: string;
  /** Settings of the session. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** What the server says when it is going, or not there yet. */
const departures = new Set(["57P01", "57P02", "57P03"]);

/** The driver never tells of an error in the midst of COPY. */
const copyPatience = 10_000;

/** Connects once. Throws LinkLost when there is no server, or none yet. */
export async function openSession({ url, application, settings }: SessionOptions): Promise<Session> {
  const { hostname, port, pathname } = new URL(url);
  const socket = await dial(Number(port), hostname);
  const lost = new Promise<never>((_, reject) => {
    socket.once("close", () => reject(new LinkLost("The connection is gone.")));
  });
  lost.catch(() => {});
  let dialled = false;
  const options = {
    database: pathname.slice(1),
    max: 1,
    fetch_types: false,
    prepare: false,
    onnotice: () => {},
    connection: { application_name: application, ...settings },
    socket: () => {
      if (dialled) return deadSocket();
      dialled = true;
      return socket;
    },
  };
  const sql = postgres(url, options);
  const guarded = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await Promise.race([work, lost]);
    } catch (error) {
      if (socket.destroyed || departures.has(codeOf(error) ?? "") || codeOf(error) === undefined) {
        socket.destroy();
        throw new LinkLost("The connection is gone.", { cause: error });
      }
      throw error;
    }
  };
  const session: Session = {
    run: <T extends object>(statement: string) =>
      guarded(sql.unsafe<T[]>(statement).then((rows) => [...rows])),
    copy: (statement, data) =>
      guarded(
        (async () => {
          const stream = await sql.unsafe(statement).writable();
          stream.end(data);
          const patience = new AbortController();
          const late = sleep(copyPatience, undefined, { signal: patience.signal }).then(() => {
            throw new LinkLost("COPY did not end.");
          });
          await Promise.race([finished(stream), late]);
          patience.abort();
        })(),
      ),
    end: () => sql.end({ timeout: 1 }),
  };
  await session.run("select 1");
  return session;
}

/** Tries until there is a server; gives up after a minute. */
export async function openPatiently(options: SessionOptions): Promise<Session> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await openSession(options);
    } catch (error) {
      if (!(error instanceof LinkLost) || Date.now() > deadline) throw error;
      await sleep(20);
    }
  }
}

/** The SQLSTATE of an error of the server's. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^[0-9A-Z]{5}$/.test(code) && error instanceof Error && "severity" in error ? code : undefined;
}

async function dial(port: number, host: string): Promise<Socket> {
  const socket = connect(port, host);
  socket.setNoDelay(true);
  return new Promise((resolve, reject) => {
    socket.once("connect", () => {
      // The driver takes its listeners away again; an error without one would end the process.
      socket.on("error", () => {});
      resolve(socket);
    });
    socket.once("error", (cause) => reject(new LinkLost("There is no server.", { cause })));
  });
}

/** A socket that fails once the driver holds it: to throw where it dials would leave later queries waiting for ever. */
function deadSocket(): Socket {
  const socket = new Socket();
  socket.on("error", () => {});
  setImmediate(() => socket.destroy(new Error("the connection is gone")));
  return socket;
}
