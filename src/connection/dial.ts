import type { EventEmitter } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type HostSetting, hostLabel, socketPath, type TlsSettings } from "./settings.ts";
import { type TlsMaterial, type TlsTry, tlsOptions } from "./tls.ts";

/** Why no conversation with a server came about. The message completes "Cannot connect to X: …". */
export class DialError extends Error {
  readonly kind: "network" | "no tls" | "tls" | "not postgres";
  readonly hint: string | undefined;

  constructor(kind: DialError["kind"], message: string, hint?: string) {
    super(message);
    this.name = "DialError";
    this.kind = kind;
    this.hint = hint;
  }
}

export interface DialOptions {
  readonly host: HostSetting;
  readonly tls: TlsSettings;
  readonly material: TlsMaterial | undefined;
  readonly how: TlsTry;
  readonly keepAlive: { readonly on: boolean; readonly idleSeconds: number };
  /** Ends the try; its reason is what is thrown. */
  readonly signal: AbortSignal;
}

export interface Dialled {
  readonly socket: Socket;
  readonly encrypted: boolean;
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const CANCEL_REQUEST_CODE = 80877102;

/**
 * Opens a socket up to the point where the startup packet may be sent, TLS included. Throws DialError, or the
 * signal's reason; then nothing is left open.
 */
export async function dial(options: DialOptions): Promise<Dialled> {
  const { host, how, tls, signal } = options;
  const socket = await openSocket(host, signal);
  try {
    if (options.keepAlive.on && !host.host.startsWith("/")) {
      socket.setKeepAlive(true, options.keepAlive.idleSeconds * 1000);
    }
    socket.setNoDelay(true);
    if (how === "plain") return { socket, encrypted: false };
    if (!tls.direct) {
      const answer = await askForTls(socket, signal);
      if (answer === "no" && how === "tls or plain") return { socket, encrypted: false };
      if (answer === "no") {
        throw new DialError(
          "no tls",
          `the server offers no TLS, which sslmode "${tls.mode.value}" (${tls.mode.from}) requires`,
          "Switch ssl on at the server, or use sslmode=prefer where the network is trusted.",
        );
      }
    }
    return { socket: await encrypt(socket, options), encrypted: true };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/**
 * Asks the server to cancel what the session (its pid and secret) is running. Resolves when the server has
 * taken note, and also when it could not be reached: the caller ends anyway.
 */
export async function sendCancelRequest(
  options: DialOptions,
  session: { readonly pid: number; readonly secret: number },
): Promise<void> {
  try {
    const { socket } = await dial(options);
    const packet = Buffer.alloc(16);
    packet.writeUInt32BE(16, 0);
    packet.writeUInt32BE(CANCEL_REQUEST_CODE, 4);
    packet.writeUInt32BE(session.pid, 8);
    packet.writeUInt32BE(session.secret, 12);
    await new Promise<void>((resolve) => {
      socket.once("error", () => resolve());
      socket.once("close", () => resolve());
      options.signal.addEventListener("abort", () => resolve(), { once: true });
      socket.resume();
      // The server answers by closing, once the signal is on its way to the backend.
      socket.write(packet);
    });
    socket.destroy();
  } catch {
    // Nothing to add: the link is given up next, and the server notices at its next write.
  }
}

function openSocket(host: HostSetting, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const socket = host.host.startsWith("/")
    ? connectSocket({ path: socketPath(host) })
    : connectSocket({
        host: host.address ?? host.host,
        port: host.port,
        // The default of 250 ms per address gives up on slow but healthy lines.
        autoSelectFamily: true,
        autoSelectFamilyAttemptTimeout: 2_000,
      });
  return settle(socket, signal, (resolve, _reject, on) => {
    on("connect", () => resolve(socket));
  });
}

function askForTls(socket: Socket, signal: AbortSignal): Promise<"yes" | "no"> {
  const answer = settle<"yes" | "no">(socket, signal, (resolve, reject, on) => {
    on("data", (data: Buffer) => {
      // Anything behind the one byte was not sent by the server we are about to trust.
      if (data.length === 1 && data[0] === 0x53) resolve("yes");
      else if (data.length === 1 && data[0] === 0x4e) resolve("no");
      else reject(notPostgres());
    });
    on("close", () => reject(closedEarly()));
  });
  socket.write(SSL_REQUEST);
  return answer;
}

function encrypt(socket: Socket, options: DialOptions): Promise<Socket> {
  if (!options.material) throw new Error("TLS was dialled without its settings");
  let encrypted: ReturnType<typeof connectTls>;
  try {
    encrypted = connectTls({ ...tlsOptions(options.material, options.tls, options.host), socket });
  } catch (error) {
    // A key or certificate that OpenSSL cannot read.
    throw new DialError(
      "tls",
      `the TLS files cannot be used (${messageOf(error)})`,
      "Check sslcert, sslkey and sslrootcert.",
    );
  }
  return settle(encrypted, options.signal, (resolve, reject, on) => {
    on("secureConnect", () => resolve(encrypted));
    on("close", () =>
      reject(new DialError("tls", "the server closed the connection during the TLS handshake")),
    );
    on("error", (error: Error) => reject(tlsFailure(error, options)));
  });
}

type SocketListener = Parameters<EventEmitter["on"]>[1];

interface On {
  (event: "data", listener: (data: Buffer) => void): void;
  (event: "error", listener: (error: Error) => void): void;
  (event: "connect" | "secureConnect" | "close", listener: () => void): void;
}

/** A promise on one step of a socket: the abort signal and a socket error reject it, listeners are removed. */
function settle<T>(
  socket: Socket,
  signal: AbortSignal,
  listen: (resolve: (value: T) => void, reject: (error: unknown) => void, on: On) => void,
): Promise<T> {
  return new Promise<T>((resolvePromise, rejectPromise) => {
    const emitter: EventEmitter = socket;
    const listeners: [string, SocketListener][] = [];
    const on: On = (event: string, listener: SocketListener) => {
      listeners.push([event, listener]);
      emitter.on(event, listener);
    };
    const finish = () => {
      for (const [event, listener] of listeners) emitter.off(event, listener);
      signal.removeEventListener("abort", aborted);
    };
    const reject = (error: unknown) => {
      finish();
      // A late error of a socket given up must not become an uncaught one.
      socket.on("error", () => {});
      socket.destroy();
      rejectPromise(error);
    };
    const aborted = () => reject(signal.reason);
    signal.addEventListener("abort", aborted);
    listen(
      (value) => {
        finish();
        resolvePromise(value);
      },
      reject,
      on,
    );
    on("error", (error: Error) => reject(new DialError("network", networkReason(error))));
  });
}

/** The server ended the conversation before it began. */
export function closedEarly(): DialError {
  return new DialError(
    "not postgres",
    "it accepted the connection and closed it again: it does not answer like PostgreSQL",
    "Is this the port of PostgreSQL, and does a proxy in between have a server behind it?",
  );
}

/** What answered speaks something else. */
export function notPostgres(): DialError {
  return new DialError(
    "not postgres",
    "it does not answer like PostgreSQL",
    "Is this the port of PostgreSQL, and not that of a web server or another service?",
  );
}

/** Why a socket could not be opened, in words. */
export function networkReason(error: Error): string {
  const code = "code" in error ? String(error.code) : "";
  switch (code) {
    case "ECONNREFUSED":
      return "the connection was refused";
    case "ENOENT":
      return "there is no such socket";
    case "EACCES":
      return "permission denied";
    case "ENOTFOUND":
      return "there is no host of that name";
    case "EAI_AGAIN":
      return "the name could not be looked up just now";
    case "ETIMEDOUT":
      return "it does not answer";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "there is no route to it";
    case "ECONNRESET":
      return "the connection was reset";
    default:
      return code || messageOf(error);
  }
}

function tlsFailure(error: Error, { tls, host }: DialOptions): DialError {
  const code = "code" in error ? String(error.code) : "";
  const decides = `sslmode "${tls.mode.value}" (${tls.mode.from}) checks it`;
  switch (code) {
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return new DialError(
        "tls",
        `its certificate is not signed by an authority we trust; ${decides}`,
        "Name the authority's certificate with sslrootcert.",
      );
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return new DialError(
        "tls",
        `its certificate is not made out for "${host.host}"; ${decides}`,
        "Use the name in the certificate as host, or sslmode=verify-ca if any name of this authority will do.",
      );
    case "CERT_HAS_EXPIRED":
      return new DialError(
        "tls",
        `its certificate has expired; ${decides}`,
        "Renew the server's certificate.",
      );
    case "ECONNRESET":
      return new DialError("tls", "the server closed the connection during the TLS handshake");
    default:
      return new DialError("tls", `TLS failed (${code || messageOf(error)})`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `"host:port"` in quotes, for messages. */
export function quotedLabel(host: HostSetting): string {
  return `"${hostLabel(host)}"`;
}
