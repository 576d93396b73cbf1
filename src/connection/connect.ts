import { homedir, userInfo } from "node:os";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { ConnectionOptions } from "../commands/options.ts";
import { safeText } from "../core/safe.ts";
import { ExitCode, refusal, UserError } from "../errors.ts";
import type { Io } from "../io.ts";
import { type Dialled, type DialOptions, notPostgres, sendCancelRequest } from "./dial.ts";
import { isLinkFailure, sqlStateOf, translateFailure } from "./failure.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { Link } from "./link.ts";
import { openSession, type ServerKind } from "./open.ts";
import { findPassword, readPassfile } from "./passfile.ts";
import { guardProcess } from "./processGuard.ts";
import { pinSettingsSql } from "./sessionSettings.ts";
import { type ConnectionSettings, type HostSetting, redactedUrl, resolveSettings } from "./settings.ts";
import { rememberServerVersion } from "./transaction.ts";
import { arrayTypes, wireTypes } from "./wireTypes.ts";

export { withRollback, withTransaction } from "./transaction.ts";

/**
 * Queries by tagged template, `sql.unsafe` and `.cursor()`. Not the driver's begin, listen or reserve: they
 * go around the guards.
 */
export type Sql = import("postgres").ISql;

type Client = import("postgres").Sql;

export interface Connection {
  readonly sql: Sql;
  /** The user's effective schemas, read before the path was pinned. */
  readonly searchPath: readonly string[];
  /** server_version_num, such as 180004. */
  readonly serverVersion: number;
  readonly isSuperuser: boolean;
  readonly user: string;
  readonly database: string;
}

interface Session {
  readonly connection: Connection;
  readonly kind: ServerKind;
  readonly link: Link;
  /** Asks the server to stop what we asked for. */
  readonly cancel: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const OLDEST_SERVER = 15;
/** How long a cancelled server and the work on it get to come to an end, in milliseconds. */
const CANCEL_GRACE_MS = 1_000;

/**
 * Opens the one connection of a unit of work, hands it to the work, and closes it. Failures of the server
 * and the link arrive as UserError; the work's own errors pass unchanged. The first SIGINT or SIGTERM
 * cancels what the server is running and ends with SilentExit 130 or 143. There is never a second
 * connection: when the link breaks, every later query fails.
 */
export async function withDatabase<T>(
  options: ConnectionOptions,
  io: Io,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const settings = resolveSettings({
    flag: options.databaseUrl,
    env: io.env,
    osUser: operatingSystemUser(),
    home: io.env.HOME || homedir(),
  });
  for (const note of settings.notes) io.err(`note: ${note}\n`);

  const interrupt = listenForInterrupt(io);
  const guard = guardProcess();
  let working: Promise<unknown> = Promise.resolve();
  const started = (connection: Connection) => {
    const result = work(connection);
    working = result;
    return result;
  };
  try {
    const session = await connect(settings, io, AbortSignal.any([interrupt.signal, guard.signal]));
    return await runWork(session, started, { interrupt: interrupt.signal, fault: guard.signal });
  } catch (error) {
    interrupt.signal.throwIfAborted();
    throw translateFailure(error);
  } finally {
    // Interrupted work may still wait for its reader, and turn to the lost link once that one reads on; what it
    // has the driver write then is written a turn later.
    void Promise.allSettled([working])
      .then(() => nextTurn())
      .then(guard.release);
    interrupt.stop();
  }
}

async function runWork<T>(
  session: Session,
  work: (connection: Connection) => Promise<T>,
  signals: { readonly interrupt: AbortSignal; readonly fault: AbortSignal },
): Promise<T> {
  const { link } = session;
  const working = work(session.connection);
  // The race may be over before the work is.
  working.catch(() => {});
  const guarded = unlessAborted(signals.fault, working, (reason) => link.abandon(reason));
  try {
    const result = await unlessAborted(signals.interrupt, guarded, async (reason) => {
      // What the work asks next must fail too, or a loop over tables would go on with the next one.
      link.abandonWhenIdle(reason);
      await session.cancel();
      await within(CANCEL_GRACE_MS, link.ready());
      link.abandon(reason);
      await within(CANCEL_GRACE_MS, working);
    });
    signals.interrupt.throwIfAborted();
    // A cursor that loses its link between two batches ends as though it had come to the last row.
    if (link.lost) throw link.reason;
    return result;
  } catch (error) {
    throw isLinkFailure(error) && link.ended ? link.reason : error;
  } finally {
    await session.close();
  }
}

/** The promise's outcome; when the signal aborts first, its reason is thrown once `react` is done. */
async function unlessAborted<T>(
  signal: AbortSignal,
  promise: Promise<T>,
  react: (reason: unknown) => void | Promise<void>,
): Promise<T> {
  let listener = () => {};
  const aborted = new Promise<never>((_, reject) => {
    listener = async () => {
      await react(signal.reason);
      reject(signal.reason);
    };
    if (signal.aborted) void listener();
    else signal.addEventListener("abort", listener, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", listener);
    aborted.catch(() => {});
  }
}

/** Waits for the promise, whatever its outcome, but no longer than this. */
async function within(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  const expired = sleep(milliseconds, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([promise.catch(() => {}), expired]);
  timer.abort();
}

async function connect(settings: ConnectionSettings, io: Io, signal: AbortSignal): Promise<Session> {
  const { default: driver } = await import("postgres");
  const readPassword = passwordReader(settings, io);
  return openSession(settings, { home: io.env.HOME || homedir(), signal }, async (start) => {
    const password = await readPassword(start.host);
    return startSession({ driver, settings, io, password, ...start });
  });
}

async function startSession(start: {
  readonly driver: typeof import("postgres");
  readonly settings: ConnectionSettings;
  readonly io: Io;
  readonly password: string | undefined;
  readonly dialled: Dialled;
  readonly host: HostSetting;
  readonly signal: AbortSignal;
  readonly again: Omit<DialOptions, "signal">;
}): Promise<Session> {
  const { settings, signal } = start;
  const link = new Link(start.dialled.socket);
  const client = createClient(start, link);
  const unlessGivenUp = <T>(promise: Promise<T>) =>
    unlessAborted(signal, promise, (reason) => link.abandon(reason));
  try {
    const { facts, backend } = await unlessGivenUp(greet(client, settings));
    if (facts.serverVersion < OLDEST_SERVER * 10_000) {
      throw refusal(
        `The server is PostgreSQL ${Math.floor(facts.serverVersion / 10_000)}; ${OLDEST_SERVER} is the oldest that is supported.`,
        "Upgrade the server first.",
      );
    }
    await unlessGivenUp(client.unsafe(pinSettingsSql("session", facts.serverVersion)));
    rememberServerVersion(client, facts.serverVersion);
    const cancel = () =>
      link.idle || link.ended
        ? Promise.resolve()
        : sendCancelRequest({ ...start.again, signal: AbortSignal.timeout(CANCEL_GRACE_MS) }, backend);
    return {
      connection: {
        sql: client,
        searchPath: facts.searchPath,
        serverVersion: facts.serverVersion,
        isSuperuser: facts.isSuperuser,
        user: facts.user,
        database: facts.database,
      },
      kind: facts,
      link,
      cancel,
      close: () => closeSession(client, link, cancel),
    };
  } catch (error) {
    signal.throwIfAborted();
    // A link that ends before the session stands: the reason tells more than the driver's error.
    const told = isLinkFailure(error) ? link.reason : error;
    link.abandon(told);
    if (sqlStateOf(told) === "28P01" && start.password === undefined) throw passwordMissing(settings);
    throw told;
  }
}

interface Facts extends ServerKind {
  readonly searchPath: string[];
  readonly serverVersion: number;
  readonly isSuperuser: boolean;
  readonly user: string;
  readonly database: string;
}

/** Applies the user's own options, then asks under the user's own path: pinning comes after. */
async function greet(
  client: Client,
  settings: ConnectionSettings,
): Promise<{ facts: Facts; backend: { pid: number; secret: number } }> {
  for (const [name, value] of settings.serverOptions) {
    await client`select pg_catalog.set_config(${name}, ${value}, false)`;
  }
  const result = await client.unsafe<
    {
      schemas: string[];
      version: number;
      superuser: string;
      username: string;
      database: string;
      recovery: boolean;
      read_only: string;
    }[]
  >(
    `select
       pg_catalog.current_schemas(false) as schemas,
       pg_catalog.current_setting('server_version_num')::pg_catalog.int4 as version,
       pg_catalog.current_setting('is_superuser') as superuser,
       current_user as username,
       pg_catalog.current_database() as database,
       pg_catalog.pg_is_in_recovery() as recovery,
       pg_catalog.current_setting('transaction_read_only') as read_only`,
  );
  const row = result[0];
  if (!row) throw notPostgres();
  return {
    backend: { pid: result.state.pid, secret: result.state.secret },
    facts: {
      searchPath: row.schemas,
      serverVersion: row.version,
      isSuperuser: row.superuser === "on",
      user: row.username,
      database: row.database,
      inRecovery: row.recovery,
      readOnly: row.read_only === "on",
    },
  };
}

function createClient(
  start: {
    readonly driver: typeof import("postgres");
    readonly settings: ConnectionSettings;
    readonly io: Io;
    readonly password: string | undefined;
    readonly host: HostSetting;
  },
  link: Link,
): Client {
  const { driver, settings, io } = start;
  // Every option by name: what is left out, the driver takes from PG<OPTION> in the environment.
  const options = {
    host: [start.host.host],
    port: [start.host.port],
    user: settings.user.value,
    database: settings.database.value,
    // A function, because an empty text would make the driver look at PGPASSWORD.
    pass: () => start.password ?? "",
    // The socket arrives connected, and encrypted where it is to be.
    socket: link.dial,
    ssl: false,
    sslnegotiation: null,
    max: 1,
    idle_timeout: null,
    max_lifetime: null,
    // The deadline over all hosts is ours; the driver's is per attempt and not always kept.
    connect_timeout: 0,
    keep_alive: null,
    backoff: 0,
    // One question at a time: a cancel request reaches only the first, and the link knows when it is idle.
    max_pipeline: 0,
    publications: "alltables",
    debug: false,
    fetch_types: false,
    // Named statements break behind poolers that hand each transaction to another server session, and fail
    // after DDL in the middle of a transaction. Most of our queries run once, where a name wins nothing.
    prepare: false,
    types: wireTypes,
    transform: { undefined: undefined },
    // Only what every pooler lets through; all else is set once the session stands.
    connection: { application_name: settings.applicationName, client_encoding: "UTF8" },
    onnotice: (notice: Readonly<Record<string, string>>) => {
      if (notice.severity === "WARNING")
        io.err(`warning: ${safeText((notice.message ?? "").replace(/\s+/g, " ").trim())}\n`);
    },
    onnotify: undefined,
    onparameter: undefined,
    onclose: undefined,
  };
  const client = withoutTargetSessionAttrs(() => driver(options as never) as Client);
  // What fetch_types would have found out, for sql.array().
  const shared = (client.options as unknown as { shared: { typeArrayMap: Record<number, number> } }).shared;
  Object.assign(shared.typeArrayMap, arrayTypes);
  return client;
}

/** The driver has no option that keeps it from reading this variable, nor does it know the word "any". */
function withoutTargetSessionAttrs<T>(create: () => T): T {
  const kept = process.env.PGTARGETSESSIONATTRS;
  if (kept === undefined) return create();
  delete process.env.PGTARGETSESSIONATTRS;
  try {
    return create();
  } finally {
    process.env.PGTARGETSESSIONATTRS = kept;
  }
}

async function closeSession(client: Client, link: Link, cancel: () => Promise<void>): Promise<void> {
  if (!link.ended && !link.idle) {
    // A statement nobody waits for any more would keep running on the server.
    await within(100, link.ready());
    await cancel();
  }
  // After a link that broke, the driver waits for an answer to its last query until the time is up.
  await client.end({ timeout: link.ended ? 0 : 1 }).catch(() => {});
  link.abandon(undefined);
  // The driver may still mean to write to the socket it lost; the guard must see that.
  await nextTurn();
}

function passwordReader(
  settings: ConnectionSettings,
  io: Io,
): (host: HostSetting) => Promise<string | undefined> {
  let file: Promise<string | undefined> | undefined;
  return async (host) => {
    if (settings.password) return settings.password.value;
    if (!settings.passfile) return undefined;
    const { value: path } = settings.passfile;
    file ??= readPassfile(path).then(({ text, warning }) => {
      if (warning !== undefined) io.err(`warning: ${warning}\n`);
      return text;
    });
    const text = await file;
    if (text === undefined) return undefined;
    return findPassword(text, {
      host: host.host,
      port: host.port,
      database: settings.database.value,
      user: settings.user.value,
    });
  };
}

function passwordMissing(settings: ConnectionSettings): UserError {
  const file = settings.passfile ? `, or add a line to "${settings.passfile.value}"` : "";
  return new UserError(
    ExitCode.Surroundings,
    `Cannot connect to ${redactedUrl(settings)}: the server asks for a password, and none was given.`,
    { hint: `Set PGPASSWORD${file}.`, detail: "SQLSTATE 28P01" },
  );
}

function operatingSystemUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
