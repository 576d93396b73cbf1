import { usageError } from "../errors.ts";
import { isKeyValueString, parseKeyValueString } from "./dsn.ts";
import { isKnownParameter, parameterTable } from "./parameters.ts";
import { parseServerOptions } from "./serverOptions.ts";
import { isConnectionUrl, parseConnectionUrl, type RawParameters } from "./url.ts";

/** A value and where it was found: "--database-url", "DATABASE_URL", "PGHOST", …, or "default". */
export interface Sourced<T> {
  readonly value: T;
  readonly from: string;
}

export const sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
export type SslMode = (typeof sslModes)[number];

export const sessionKinds = [
  "any",
  "read-write",
  "read-only",
  "primary",
  "standby",
  "prefer-standby",
] as const;
/** Which kind of server will do (target_session_attrs). */
export type SessionKind = (typeof sessionKinds)[number];

/** One server to try. */
export interface HostSetting {
  /** A name, an address, or a directory (starting with "/") that holds the server's socket. */
  readonly host: string;
  /** Where to dial instead of looking `host` up (hostaddr). */
  readonly address: string | undefined;
  readonly port: number;
  readonly hostFrom: string;
  readonly portFrom: string;
}

/** Which files and rules TLS uses. Paths are as written. */
export interface TlsSettings {
  readonly mode: Sourced<SslMode>;
  /** TLS from the first byte, without asking (PostgreSQL 17 and later). */
  readonly direct: boolean;
  /** A file, or "system" for the certificate authorities this machine trusts. */
  readonly rootCertificate: Sourced<string> | undefined;
  readonly certificate: Sourced<string> | undefined;
  readonly key: Sourced<string> | undefined;
  readonly keyPassword: string | undefined;
  readonly revocations: Sourced<string> | undefined;
  readonly sendServerName: boolean;
  readonly minVersion: TlsVersion | undefined;
  readonly maxVersion: TlsVersion | undefined;
}

const tlsVersions = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const;
export type TlsVersion = (typeof tlsVersions)[number];

/** Everything about connecting, checked. */
export interface ConnectionSettings {
  /** In the order to try; never empty. */
  readonly hosts: readonly HostSetting[];
  readonly user: Sourced<string>;
  readonly database: Sourced<string>;
  /** Undefined: ask the password file. */
  readonly password: Sourced<string> | undefined;
  readonly passfile: Sourced<string> | undefined;
  /** For all hosts together, in milliseconds; undefined: no limit. */
  readonly timeoutMs: number | undefined;
  readonly tls: TlsSettings;
  readonly applicationName: string;
  /** Settings to apply once connected (`options`). */
  readonly serverOptions: readonly (readonly [string, string])[];
  readonly sessionKind: Sourced<SessionKind>;
  readonly keepAlive: { readonly on: boolean; readonly idleSeconds: number };
  /** Sentences for stderr: what was accepted without effect. */
  readonly notes: readonly string[];
}

/** What the settings are made of. */
export interface SettingsInput {
  /** --database-url */
  readonly flag: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The name the operating system knows us by. */
  readonly osUser: string | undefined;
  readonly home: string | undefined;
}

const DEFAULT_TIMEOUT_SECONDS = 10;
/** Debian's and upstream's socket directories, then TCP. */
const DEFAULT_HOSTS = ["/var/run/postgresql", "/tmp", "localhost"];

/**
 * The flag, else DATABASE_URL; what they leave out from the PG* variables; the rest by default. Throws a
 * usage error for anything that cannot be understood or would be silently weaker than asked for; no message
 * holds a password.
 */
export function resolveSettings(input: SettingsInput): ConnectionSettings {
  const given = readGiven(input);
  const look = (name: string): Sourced<string> | undefined => given.get(name);

  const user = look("user") ?? defaultUser(input.osUser);
  const mode = readMode(look("sslmode"), look("sslrootcert"));
  const application = look("application_name");
  const options = look("options");
  return {
    hosts: readHosts(look("host"), look("hostaddr"), look("port")),
    user,
    database: look("dbname") ?? { value: user.value, from: user.from },
    password: look("password"),
    passfile:
      look("passfile") ?? (input.home ? { value: `${input.home}/.pgpass`, from: "default" } : undefined),
    timeoutMs: readTimeout(look("connect_timeout")),
    tls: readTls(look, mode),
    applicationName: application?.value ?? "audit",
    serverOptions: options ? parseServerOptions(options.value, options.from) : [],
    sessionKind: oneOf("target_session_attrs", look("target_session_attrs"), sessionKinds) ?? {
      value: "any",
      from: "default",
    },
    keepAlive: {
      on: readInteger("keepalives", look("keepalives"), 1) !== 0,
      idleSeconds: readInteger("keepalives_idle", look("keepalives_idle"), 0),
    },
    notes: collectNotes(given),
  };
}

/** The target as a URL without its password, fit for messages. */
export function redactedUrl(settings: ConnectionSettings): string {
  const user = encodeURIComponent(settings.user.value);
  const database = encodeURIComponent(settings.database.value);
  const directory = settings.hosts.find(({ host }) => host.startsWith("/"));
  if (directory && settings.hosts.length === 1) {
    const port = directory.port === 5432 ? "" : `&port=${directory.port}`;
    return `postgresql://${user}@/${database}?host=${directory.host}${port}`;
  }
  if (settings.hosts.every(({ hostFrom }) => hostFrom === "default")) {
    const port = settings.hosts[0]?.port ?? 5432;
    return `postgresql://${user}@/${database}${port === 5432 ? "" : `?port=${port}`}`;
  }
  return `postgresql://${user}@${settings.hosts.map(hostLabel).join(",")}/${database}`;
}

/** `host:port` as people write it; the socket's path for a directory. */
export function hostLabel(host: Pick<HostSetting, "host" | "port">): string {
  if (host.host.startsWith("/")) return socketPath(host);
  return host.host.includes(":") ? `[${host.host}]:${host.port}` : `${host.host}:${host.port}`;
}

/** The socket a server with this port makes in this directory. */
export function socketPath(host: Pick<HostSetting, "host" | "port">): string {
  return `${host.host.replace(/\/$/, "")}/.s.PGSQL.${host.port}`;
}

function readGiven(input: SettingsInput): Map<string, Sourced<string>> {
  const given = new Map<string, Sourced<string>>();
  for (const [name, treatment] of Object.entries(parameterTable)) {
    const value = treatment.env === undefined ? undefined : input.env[treatment.env];
    if (treatment.env && value) given.set(name, { value, from: treatment.env });
  }
  const written = readWritten(input);
  for (const [name, value] of written?.parameters ?? []) {
    const from = written?.from ?? "";
    if (!isKnownParameter(name)) {
      throw usageError(
        `"${name}" in ${from} is not a parameter of a PostgreSQL connection.`,
        `Take it out of ${from}, or check its spelling.`,
      );
    }
    if (value !== "") given.set(name, { value, from });
  }
  // A variable must not send us to another machine than the one written out.
  if (written?.parameters.has("host") && !written.parameters.has("hostaddr")) given.delete("hostaddr");
  for (const [name, { value, from }] of given) {
    if (value.includes("\0")) throw usageError(`The value of "${name}" in ${from} holds a NUL character.`);
    const treatment = parameterTable[name];
    if (treatment?.kind === "refused" && !treatment.harmless?.includes(value)) {
      throw usageError(`"${name}" (${from}) is not supported.`, treatment.hint);
    }
  }
  return given;
}

function readWritten(input: SettingsInput): { parameters: RawParameters; from: string } | undefined {
  const from = input.flag !== undefined ? "--database-url" : "DATABASE_URL";
  const text = input.flag ?? input.env.DATABASE_URL;
  if (text === undefined || (text === "" && input.flag === undefined)) return undefined;
  if (isConnectionUrl(text)) return { parameters: parseConnectionUrl(text, from), from };
  if (isKeyValueString(text)) return { parameters: parseKeyValueString(text, from), from };
  // Not quoted: what is no URL may well be a URL without its scheme, password and all.
  throw usageError(
    `The value of ${from} is neither a URL nor a key=value string.`,
    'Write postgresql://user@host:5432/database, or "host=… dbname=… user=…".',
  );
}

function collectNotes(given: ReadonlyMap<string, Sourced<string>>): string[] {
  const notes: string[] = [];
  for (const [name, { value, from }] of given) {
    const treatment = parameterTable[name];
    if (treatment?.kind !== "ignored" || treatment.harmless?.includes(value)) continue;
    notes.push(`"${name}" (${from}) has no effect here and is ignored.`);
  }
  return notes;
}

function defaultUser(osUser: string | undefined): Sourced<string> {
  if (osUser) return { value: osUser, from: "default" };
  throw usageError("No user name is given, and the operating system knows none.", "Set PGUSER.");
}

function readHosts(
  host: Sourced<string> | undefined,
  address: Sourced<string> | undefined,
  port: Sourced<string> | undefined,
): HostSetting[] {
  const addresses = address?.value.split(",");
  const names = host?.value.split(",") ?? addresses;
  const ports = (port?.value.split(",") ?? [""]).map((text) => readPort(text, port?.from ?? "default"));
  if (!names) {
    if (ports.length > 1) throw countMismatch("ports", ports.length, "hosts", 1);
    const only = ports[0] ?? 5432;
    return DEFAULT_HOSTS.map((name) => ({
      host: name,
      address: undefined,
      port: only,
      hostFrom: "default",
      portFrom: port?.from ?? "default",
    }));
  }
  if (addresses && addresses.length !== names.length) {
    throw countMismatch("host addresses", addresses.length, "hosts", names.length);
  }
  if (ports.length !== 1 && ports.length !== names.length) {
    throw countMismatch("ports", ports.length, "hosts", names.length);
  }
  return names.map((name, index) => {
    const dial = addresses?.[index] || undefined;
    const shown = name || dial || "localhost";
    if (shown.startsWith("@")) {
      throw usageError(
        `The socket "${shown}" lies in the abstract namespace, which is not supported.`,
        "Give the directory of the socket, or a host name.",
      );
    }
    return {
      host: shown,
      address: dial,
      port: (ports.length === 1 ? ports[0] : ports[index]) ?? 5432,
      hostFrom: (host ?? address)?.from ?? "default",
      portFrom: port && port.value !== "" ? port.from : "default",
    };
  });
}

function countMismatch(many: string, count: number, few: string, other: number): Error {
  return usageError(
    `The connection names ${count} ${many} for ${other} ${few}.`,
    "Give one for all, or one for each, separated by commas.",
  );
}

function readPort(text: string, from: string): number {
  const trimmed = text.trim();
  if (trimmed === "") return 5432;
  const port = /^\d{1,5}$/.test(trimmed) ? Number(trimmed) : 0;
  if (port >= 1 && port <= 65535) return port;
  throw usageError(`The port "${text}" (${from}) is not a number from 1 to 65535.`);
}

/** connect_timeout in seconds; zero and less mean no limit, as in libpq. */
function readTimeout(given: Sourced<string> | undefined): number | undefined {
  const seconds = readInteger("connect_timeout", given, DEFAULT_TIMEOUT_SECONDS);
  return seconds > 0 ? seconds * 1000 : undefined;
}

function readInteger(name: string, given: Sourced<string> | undefined, otherwise: number): number {
  if (!given) return otherwise;
  // Six digits of seconds still fit a timer, which counts milliseconds in 31 bits.
  if (/^\s*-?\d{1,6}\s*$/.test(given.value)) return Number(given.value);
  throw usageError(`The value "${given.value}" of ${name} (${given.from}) is not a whole number.`);
}

function readMode(given: Sourced<string> | undefined, root: Sourced<string> | undefined): Sourced<SslMode> {
  const mode = oneOf("sslmode", given, sslModes);
  if (root?.value !== "system") return mode ?? { value: "prefer", from: "default" };
  // Any certificate of any public authority would pass a weaker check.
  if (mode && mode.value !== "verify-full") {
    throw usageError(
      `sslmode "${mode.value}" (${mode.from}) is too weak for sslrootcert=system.`,
      "Use sslmode=verify-full.",
    );
  }
  return mode ?? { value: "verify-full", from: root.from };
}

function readTls(look: (name: string) => Sourced<string> | undefined, mode: Sourced<SslMode>): TlsSettings {
  const negotiation = oneOf("sslnegotiation", look("sslnegotiation"), ["postgres", "direct"] as const);
  if (negotiation?.value === "direct" && ["disable", "allow", "prefer"].includes(mode.value)) {
    throw usageError(
      `sslmode "${mode.value}" (${mode.from}) is too weak for sslnegotiation=direct.`,
      "Use sslmode=require or stronger.",
    );
  }
  return {
    mode,
    direct: negotiation?.value === "direct",
    rootCertificate: look("sslrootcert"),
    certificate: look("sslcert"),
    key: look("sslkey"),
    keyPassword: look("sslpassword")?.value,
    revocations: look("sslcrl"),
    sendServerName: oneOf("sslsni", look("sslsni"), ["0", "1"] as const)?.value !== "0",
    minVersion: oneOf("ssl_min_protocol_version", look("ssl_min_protocol_version"), tlsVersions)?.value,
    maxVersion: oneOf("ssl_max_protocol_version", look("ssl_max_protocol_version"), tlsVersions)?.value,
  };
}

function oneOf<const Words extends readonly string[]>(
  name: string,
  given: Sourced<string> | undefined,
  words: Words,
): Sourced<Words[number]> | undefined {
  if (!given) return undefined;
  const found = words.find((word) => word === given.value);
  if (found !== undefined) return { value: found, from: given.from };
  throw usageError(
    `The value "${given.value}" of ${name} (${given.from}) is unknown.`,
    `Use one of ${words.join(", ")}.`,
  );
}
