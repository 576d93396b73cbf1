import type { EmbeddedServer } from "../../src/embedded/server.ts";
import { childrenOf, killAtOnce, untilGone } from "./processes.ts";
import { openPatiently, type Session } from "./session.ts";

/** A session of the superuser's, once there is a server; ended afterwards. */
export async function withSession<T>(url: string, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await openPatiently({ url, application: "control" });
  try {
    return await work(session);
  } finally {
    await session.end();
  }
}

/**
 * A crash of the whole server: kill -9 of every process of it, then a start on what was left. The postmaster is
 * stopped first, or it would note how its children die and shut down in its own way.
 */
export async function crashServer(server: EmbeddedServer): Promise<void> {
  const { pid } = server;
  if (pid === undefined) throw new Error("The server is down already.");
  process.kill(pid, "SIGSTOP");
  const children = await childrenOf(pid);
  for (const child of children) killAtOnce(child);
  await server.kill();
  // The ones left would hold the shared memory, and go on writing.
  await untilGone([pid, ...children]);
  await server.restart();
}

/**
 * kill -9 of one process of the server, after which the postmaster ends all others and recovers by itself: mostly a
 * writer's backend in the midst of a transaction, or one of those that write for all.
 */
export async function crashBackend(
  url: string,
  whose: "writer" | "checkpointer" | "walwriter",
): Promise<void> {
  const pid = await withSession(url, (session) => findBackend(session, whose));
  killAtOnce(pid);
  await untilGone([pid]);
  await withSession(url, async () => {});
}

async function findBackend(
  session: Session,
  whose: "writer" | "checkpointer" | "walwriter",
): Promise<number> {
  const which =
    whose === "writer"
      ? "application_name ~ '^w[0-9]+$' and xact_start is not null"
      : `backend_type = '${whose}'`;
  for (;;) {
    const [found] = await session.run<{ pid: number }>(
      `select pid from pg_stat_activity where ${which} order by random() limit 1`,
    );
    if (found) return found.pid;
  }
}
