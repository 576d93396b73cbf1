import { usageError } from "../errors.ts";

/** Connection parameters as written, by libpq's names. */
export type RawParameters = ReadonlyMap<string, string>;

const SCHEME = /^postgres(?:ql)?:\/\//;

/** Whether the text claims to be a connection URL. */
export function isConnectionUrl(text: string): boolean {
  return SCHEME.test(text);
}

/**
 * Reads `postgresql://[user[:password]@][host[:port][,…]][/database][?parameter=value&…]` by libpq's rules:
 * several hosts, `[::1]`, a percent-encoded socket directory; parameters win over what stands before them.
 * No message repeats a part that may hold the password. `from` names where the text was found.
 */
export function parseConnectionUrl(text: string, from: string): RawParameters {
  const rest = text.replace(SCHEME, "");
  const found = new Map<string, string>();
  const put = (name: string, encoded: string) => {
    if (encoded !== "") found.set(name, decode(encoded, name, from));
  };

  const { credentials, after } = splitCredentials(rest);
  if (credentials !== undefined) {
    const colon = credentials.indexOf(":");
    put("user", colon < 0 ? credentials : credentials.slice(0, colon));
    put("password", colon < 0 ? "" : credentials.slice(colon + 1));
  }

  const question = after.indexOf("?");
  const beforeQuery = question < 0 ? after : after.slice(0, question);
  const slash = beforeQuery.indexOf("/");
  const authority = slash < 0 ? beforeQuery : beforeQuery.slice(0, slash);
  // With digits before the "/", such a password would pass for a port and a database name.
  if (beforeQuery.includes("@")) throw unescaped(from);
  readHosts(authority, { mayHoldPassword: after.includes("@"), from }, put);
  if (slash >= 0) put("dbname", beforeQuery.slice(slash + 1));
  if (question >= 0) readQuery(after.slice(question + 1), found, from);
  return found;
}

function splitCredentials(rest: string): { credentials?: string; after: string } {
  const end = rest.search(/[@/]/);
  if (end < 0 || rest[end] !== "@") return { after: rest };
  return { credentials: rest.slice(0, end), after: rest.slice(end + 1) };
}

function readHosts(
  authority: string,
  context: { mayHoldPassword: boolean; from: string },
  put: (name: string, encoded: string) => void,
): void {
  if (authority === "") return;
  const hosts: string[] = [];
  const ports: string[] = [];
  for (const part of authority.split(",")) {
    const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(part);
    if (!match) {
      if (context.mayHoldPassword) throw unescaped(context.from);
      throw usageError(
        `The host "${part}" in ${context.from} cannot be read.`,
        "Write an IPv6 address in brackets, such as [::1]:5432.",
      );
    }
    // A raw "/" in the password cuts it in two and makes its first half a port: say so, and quote nothing.
    if (context.mayHoldPassword && !/^\d*$/.test(match[3] ?? "")) throw unescaped(context.from);
    hosts.push(match[1] ?? match[2] ?? "");
    ports.push(match[3] ?? "");
  }
  if (hosts.some((host) => host !== "")) put("host", hosts.join(","));
  if (ports.some((port) => port !== "")) put("port", ports.join(","));
}

function unescaped(from: string): Error {
  return usageError(
    `The URL in ${from} cannot be read: the user name or password seems to hold an "@" or "/".`,
    "Write such characters percent-encoded: %40 for @, %2F for /, %3A for :, %25 for %.",
  );
}

function readQuery(query: string, found: Map<string, string>, from: string): void {
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decode(equals < 0 ? pair : pair.slice(0, equals), "a parameter's name", from);
    if (equals < 0) {
      throw usageError(
        `The parameter "${name}" in ${from} has no value.`,
        `Write ${name}=VALUE, or leave it out.`,
      );
    }
    const value = decode(pair.slice(equals + 1), name, from);
    // JDBC's spelling, which libpq takes too.
    if (name === "ssl" && value === "true") found.set("sslmode", "require");
    else found.set(name, value);
  }
}

function decode(encoded: string, name: string, from: string): string {
  try {
    const decoded = decodeURIComponent(encoded);
    if (!decoded.includes("\0")) return decoded;
  } catch {
    // Falls through to the one message for both.
  }
  throw usageError(
    `The URL in ${from} has a bad percent-encoding in ${name}.`,
    "A percent sign itself is written %25; %00 is not allowed.",
  );
}
