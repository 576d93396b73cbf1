import { setTimeout as sleep } from "node:timers/promises";
import { ExitCode, UserError } from "../errors.ts";
import { DialError, type Dialled, type DialOptions, dial, quotedLabel } from "./dial.ts";
import { sqlStateOf, translateFailure } from "./failure.ts";
import { type ConnectionSettings, type HostSetting, redactedUrl, type SessionKind } from "./settings.ts";
import { readTlsMaterial, type TlsMaterial, type TlsTry, tlsTries } from "./tls.ts";

/** What the server says of itself once a session stands. */
export interface ServerKind {
  readonly inRecovery: boolean;
  readonly readOnly: boolean;
}

/** Starts a session on a socket that is ready for it. */
export type StartSession<S> = (start: {
  readonly dialled: Dialled;
  readonly host: HostSetting;
  readonly signal: AbortSignal;
  /** How to reach the same server again, for a CancelRequest. */
  readonly again: Omit<DialOptions, "signal">;
}) => Promise<S>;

interface Failure {
  readonly host: HostSetting;
  readonly error: unknown;
}

/** Waits between rounds while the server is starting, stopping or full, in milliseconds. */
const RETRY_DELAYS = [300, 700, 1500];
/** Cannot connect now; too many connections. */
const PASSING_STATES = new Set(["57P03", "53300"]);

/**
 * Tries the hosts in order until one gives a session of the wanted kind, all within one deadline. Throws a
 * UserError that names every server tried, or the reason of `signal`.
 */
export async function openSession<
  S extends { readonly kind: ServerKind; readonly close: () => Promise<void> },
>(
  settings: ConnectionSettings,
  surroundings: { readonly home: string | undefined; readonly signal: AbortSignal },
  start: StartSession<S>,
): Promise<S> {
  const deadline = settings.timeoutMs === undefined ? undefined : performance.now() + settings.timeoutMs;
  const left = () => (deadline === undefined ? undefined : Math.max(0, deadline - performance.now()));
  const material = lazily(() => readTlsMaterial(settings.tls, surroundings.home));

  for (let round = 0; ; round++) {
    const failures: Failure[] = [];
    for (const wanted of passes(settings.sessionKind.value)) {
      failures.length = 0;
      for (const [index, host] of settings.hosts.entries()) {
        // Each host still to come keeps its share, so that a silent one does not use up the others' time.
        const budget = left();
        const share = budget === undefined ? undefined : budget / (settings.hosts.length - index);
        try {
          const session = await tryHost(
            settings,
            host,
            { share, material, signal: surroundings.signal },
            start,
          );
          if (suits(session.kind, wanted)) return session;
          await session.close();
          failures.push({
            host,
            error: new DialError("network", `it is not "${wanted}", which target_session_attrs asks for`),
          });
        } catch (error) {
          surroundings.signal.throwIfAborted();
          if (!mayTryNext(error)) throw explain(settings, [{ host, error }]);
          failures.push({ host, error });
        }
      }
    }
    const delay = RETRY_DELAYS[round];
    const passing = failures.some(({ error }) => PASSING_STATES.has(sqlStateOf(error) ?? ""));
    const budget = left();
    if (!passing || delay === undefined || (budget !== undefined && budget <= delay)) {
      throw explain(settings, failures);
    }
    await sleep(delay, undefined, { signal: surroundings.signal }).catch(() => {});
    surroundings.signal.throwIfAborted();
  }
}

async function tryHost<S>(
  settings: ConnectionSettings,
  host: HostSetting,
  limits: {
    readonly share: number | undefined;
    readonly material: () => Promise<TlsMaterial>;
    readonly signal: AbortSignal;
  },
  start: StartSession<S>,
): Promise<S> {
  const timer = new AbortController();
  const seconds = Math.round((settings.timeoutMs ?? 0) / 1000);
  const timeout =
    limits.share === undefined
      ? undefined
      : setTimeout(
          () =>
            timer.abort(new DialError("network", `it did not answer in time (connect_timeout ${seconds} s)`)),
          limits.share,
        );
  const signal = AbortSignal.any([limits.signal, timer.signal]);
  try {
    let first: unknown;
    for (const how of tlsTries(settings.tls, host)) {
      try {
        return await tryOnce(settings, host, { how, signal, material: limits.material }, start);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (first !== undefined && sqlStateOf(error) === "28000") throw first;
        if (!mayTryOtherTls(error)) throw error;
        first ??= error;
      }
    }
    throw first;
  } finally {
    clearTimeout(timeout);
  }
}

async function tryOnce<S>(
  settings: ConnectionSettings,
  host: HostSetting,
  attempt: {
    readonly how: TlsTry;
    readonly signal: AbortSignal;
    readonly material: () => Promise<TlsMaterial>;
  },
  start: StartSession<S>,
): Promise<S> {
  const material = attempt.how === "plain" ? undefined : await attempt.material();
  const options = { host, tls: settings.tls, material, keepAlive: settings.keepAlive };
  const dialled = await dial({ ...options, how: attempt.how, signal: attempt.signal });
  try {
    return await start({
      dialled,
      host,
      signal: attempt.signal,
      again: { ...options, how: dialled.encrypted ? "tls" : "plain" },
    });
  } catch (error) {
    dialled.socket.destroy();
    throw error;
  }
}

/** pg_hba.conf may ask for TLS or for its absence; a broken TLS handshake too is worth the other try. */
function mayTryOtherTls(error: unknown): boolean {
  return sqlStateOf(error) === "28000" || (error instanceof DialError && error.kind === "tls");
}

/** A server that turns us away by name or password has answered; one that is absent or busy has not. */
function mayTryNext(error: unknown): boolean {
  return error instanceof DialError || PASSING_STATES.has(sqlStateOf(error) ?? "");
}

function passes(kind: SessionKind): readonly SessionKind[] {
  return kind === "prefer-standby" ? ["standby", "any"] : [kind];
}

function suits(kind: ServerKind, wanted: SessionKind): boolean {
  switch (wanted) {
    case "primary":
      return !kind.inRecovery;
    case "standby":
      return kind.inRecovery;
    case "read-write":
      return !kind.inRecovery && !kind.readOnly;
    case "read-only":
      return kind.inRecovery || kind.readOnly;
    default:
      return true;
  }
}

function explain(settings: ConnectionSettings, failures: readonly Failure[]): unknown {
  const server = failures.find(({ error }) => !(error instanceof DialError));
  if (server) return explainServerError(settings, server.error);
  const told = failures.map(({ host, error }) => ({ host, error: error as DialError }));
  const only = told.length === 1 ? told[0] : undefined;
  if (only) {
    return new UserError(
      ExitCode.Surroundings,
      `Cannot connect to ${quotedLabel(only.host)}: ${only.error.message}.`,
      { hint: [only.error.hint, sources(only.host)].filter(Boolean).join(" ") },
    );
  }
  const list = told.map(({ host, error }) => `${quotedLabel(host)}: ${error.message}`).join("; ");
  const hints = [...new Set(told.map(({ error }) => error.hint).filter(Boolean))];
  const local = told.every(({ host }) => host.hostFrom === "default");
  return new UserError(
    ExitCode.Surroundings,
    local
      ? `Cannot connect to PostgreSQL on this machine: ${list}.`
      : `Cannot connect to any server: ${list}.`,
    {
      hint: [
        ...hints,
        local ? "Name the server with --database-url, DATABASE_URL or PGHOST." : sources(told[0]?.host),
      ]
        .filter(Boolean)
        .join(" "),
    },
  );
}

function sources(host: HostSetting | undefined): string | undefined {
  if (!host) return undefined;
  const from = (source: string) => (source === "default" ? "is the default" : `comes from ${source}`);
  return host.hostFrom === host.portFrom
    ? `Host and port ${host.hostFrom === "default" ? "are the defaults" : `come from ${host.hostFrom}`}.`
    : `The host ${from(host.hostFrom)}, the port ${from(host.portFrom)}.`;
}

function explainServerError(settings: ConnectionSettings, error: unknown): unknown {
  const translated = translateFailure(error);
  if (!(translated instanceof UserError) || sqlStateOf(error) === undefined) return translated;
  const said = translated.message.charAt(0).toLowerCase() + translated.message.slice(1);
  return new UserError(translated.exitCode, `Cannot connect to ${redactedUrl(settings)}: ${said}`, {
    hint: translated.hint,
    detail: translated.detail,
  });
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
