// The server that is measured, and the commands that are run against it.
import postgres from "postgres";
import { startEmbeddedServer } from "../../dist/embedded/server.js";
import { main } from "../../dist/main.js";
import { noPager } from "../../dist/pager.js";

/** A server whose own housekeeping stays out of the figures; or the one at `url`, which is left as it is. */
export async function openServer({ url, major, leave }) {
  const embedded =
    url === undefined
      ? await startEmbeddedServer({
          major,
          keep: leave,
          settings: {
            fsync: "off",
            synchronous_commit: "off",
            full_page_writes: "off",
            autovacuum: "off",
            max_wal_size: "2GB",
            shared_buffers: "512MB",
          },
        })
      : undefined;
  const at = embedded?.url ?? url;
  const urlOf = (database) => Object.assign(new URL(at), { pathname: database }).href;
  const connect = (database) => postgres(urlOf(database), { max: 1, onnotice: () => {} });
  const admin = connect("postgres");
  return {
    admin,
    connect,
    urlOf,
    close: async () => {
      await admin.end();
      if (embedded && leave) {
        embedded.leave();
        console.log(
          `The server goes on: --url ${embedded.url}\nEnd it with: kill -INT ${embedded.pid}; then remove ${embedded.socketDirectory}.`,
        );
      } else await embedded?.stop();
    },
  };
}

/** A terminal of nobody: what is said is kept for the error. */
export function quietIo(talk = []) {
  return {
    out: async (text) => {
      talk.push(text);
    },
    err: (text) => talk.push(text),
    outIsTTY: false,
    errIsTTY: false,
    outColor: false,
    errColor: false,
    width: undefined,
    env: {},
    now: () => new Date(),
    pager: noPager,
    onSignal: () => () => {},
  };
}

/** Runs a command in this process; throws where it does not end well. */
export async function runAudit(url, ...args) {
  const talk = [];
  const code = await main([...args, "--database-url", url], quietIo(talk));
  if (code !== 0) throw new Error(`audit ${args.join(" ")} ended with ${code}: ${talk.join("")}`);
}
