import { randomBytes } from "node:crypto";
import type { DemoOptions } from "../commands/demo.ts";
import { withDatabase } from "../connection/connect.ts";
import { isKeyValueString } from "../connection/dsn.ts";
import { sqlStateOf } from "../connection/failure.ts";
import { redactedUrl, resolveSettings } from "../connection/settings.ts";
import { quoteIdentifier } from "../core/name.ts";
import { ExitCode, UserError } from "../errors.ts";
import type { Io } from "../io.ts";
import { commandLine } from "./commandLine.ts";

/** Where the demo plays: a database that it made and nobody else uses. */
export interface Place {
  /** For the first line: what this is. */
  readonly description: string;
  /** The environment of the commands: it leads them to the database. */
  readonly env: Io["env"];
  /** The database's URL to be shown; without the password of a server that is not the demo's own. */
  readonly shownUrl: string;
  /** A shell command that removes it all. */
  readonly removal: string;
  readonly remove: () => Promise<void>;
  /** Leaves everything as it is when this process ends. */
  readonly leave: () => void;
}

/** Makes the place: on the server asked for, else on an embedded one. */
export function openPlace(options: DemoOptions, io: Io): Promise<Place> {
  return options.databaseUrl === undefined ? startServer(io) : makeDatabase(options.databaseUrl, io);
}

/** What is thrown away needs no flushing. */
const settings = { fsync: "off", full_page_writes: "off", synchronous_commit: "off", max_connections: 20 };

async function startServer(io: Io): Promise<Place> {
  const { startEmbeddedServer } = await import("../embedded/server.ts");
  const server = await startEmbeddedServer({ settings }).catch((error: unknown) => {
    throw error instanceof UserError ? withAlternative(error) : error;
  });
  return {
    description: `PostgreSQL ${server.major} of its own (127.0.0.1, port ${server.port})`,
    env: { ...withoutDatabase(io.env), DATABASE_URL: server.url },
    shownUrl: server.url,
    // Data that goes anyway needs no orderly shutdown.
    removal: `kill -QUIT ${server.pid}; sleep 1; ${commandLine(["rm", "-rf", server.socketDirectory])}`,
    remove: () => server.stop(),
    leave: () => server.leave(),
  };
}

function withAlternative(error: UserError): UserError {
  return new UserError(error.exitCode, error.message, {
    hint: [error.hint, "With --database-url the demo makes a database of its own on a server you name."]
      .filter((part) => part !== undefined)
      .join(" "),
    detail: error.detail,
    cause: error,
  });
}

/** The visitor's own settings must not lead the commands away from the embedded server, nor bend what they show. */
function withoutDatabase(env: Io["env"]): Io["env"] {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => name === "PGTZ" || !/^(PG|AUDIT_|DATABASE_URL$)/.test(name)),
  );
}

const roleNames = ["audit_writer", "audit_truncate", "audit_ddl", "audit_reader"];

async function makeDatabase(serverUrl: string, io: Io): Promise<Place> {
  const name = `audit_demo_${randomBytes(4).toString("hex")}`;
  const url = withDatabaseName(serverUrl, name);
  let facts = { hadRoles: false, major: 0, server: "", database: "" };
  const remove = async () => {
    // A removal that has begun is carried through.
    const calm: Io = { ...io, onSignal: () => () => {} };
    if (!facts.hadRoles) await uninstall(url, name, calm);
    await withDatabase({ databaseUrl: serverUrl }, calm, ({ sql }) =>
      sql.unsafe(`drop database if exists ${quoteIdentifier(name)} with (force)`),
    );
  };
  try {
    await withDatabase({ databaseUrl: serverUrl }, io, async ({ sql, serverVersion, user }) => {
      const [found] = await sql<{ roles: boolean }[]>`
        select exists (select from pg_roles where rolname = any (${sql.array(roleNames, 25)}::text[])) as roles`;
      const shown = (flag: string) =>
        redactedUrl(resolveSettings({ flag, env: io.env, osUser: user, home: undefined }));
      facts = {
        hadRoles: found?.roles ?? false,
        major: Math.floor(serverVersion / 10_000),
        server: shown(serverUrl),
        database: shown(url),
      };
      await create(sql.unsafe(`create database ${quoteIdentifier(name)} template template0 encoding 'UTF8'`));
    });
  } catch (error) {
    // Interrupted while the server was at it, nobody knows whether it is there.
    if (!(error instanceof UserError)) await remove().catch(() => {});
    throw error;
  }
  const uninstallation = facts.hadRoles ? "" : `${commandLine(["audit", "uninstall", "--confirm", name])}; `;
  return {
    description: `a database of its own, ${name} (PostgreSQL ${facts.major})`,
    env: { ...withoutAuditSchema(io.env), DATABASE_URL: url },
    shownUrl: facts.database,
    removal: `${uninstallation}${commandLine(["psql", facts.server, "-c", `drop database ${name}`])}`,
    remove,
    leave: () => {},
  };
}

async function create(creation: PromiseLike<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (sqlStateOf(error) !== "42501") throw error;
    throw new UserError(ExitCode.Surroundings, "This role may not make a database for the demo.", {
      hint: "Let a superuser allow it (alter role … createdb), or leave out --database-url: the demo then starts a PostgreSQL of its own.",
      detail: "SQLSTATE 42501",
      cause: error,
    });
  }
}

/** The audit roles belong to the whole server: those that came with the demo go with it. */
async function uninstall(url: string, name: string, io: Io): Promise<void> {
  const { main } = await import("../main.ts");
  const silent: Io = { ...io, out: async () => {}, err: () => {} };
  await main(["uninstall", "--database-url", url, "--confirm", name], silent);
}

function withoutAuditSchema(env: Io["env"]): Io["env"] {
  return { ...env, AUDIT_SCHEMA: undefined };
}

/** The same server, another database: for a URL or a key=value string, whose later words win. */
function withDatabaseName(connection: string, name: string): string {
  if (isKeyValueString(connection)) return `${connection} dbname=${name}`;
  const match = /^(postgres(?:ql)?:\/\/(?:[^@/]*@)?[^/?]*)(?:\/[^?]*)?(?:\?(.*))?$/.exec(connection);
  if (!match) return connection;
  const parameters = (match[2] ?? "").split("&").filter((pair) => pair !== "" && !pair.startsWith("dbname="));
  return `${match[1]}/${name}${parameters.length === 0 ? "" : `?${parameters.join("&")}`}`;
}
