import { Socket } from "node:net";
import { closedEarly, DialError, notPostgres } from "./dial.ts";
import { linkLost } from "./failure.ts";

/**
 * The one socket of one unit of work, as the driver sees it. The driver would dial again when the link
 * breaks, and carry on there with the tail of a transaction that died: the second dial fails instead.
 */
export class Link {
  readonly #socket: Socket;
  #dialled = false;
  #ended = false;
  #lost = false;
  #answered = false;
  #reason: unknown;
  #lastReason: unknown;
  /** How much we had sent when the server last said it was ready; sending more makes it busy. */
  #sentWhenReady = -1;
  #waiting: (() => void)[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    // Without a listener an error between two owners of the socket would be an uncaught one.
    socket.on("error", () => {});
    socket.on("close", () => {
      if (this.#ended) return;
      this.#ended = true;
      // A server that leaves while nothing is asked of it takes nothing with it.
      this.#lost = !this.idle;
      this.#wake();
    });
  }

  /** The driver's `socket` option. */
  readonly dial = (): Socket => {
    if (this.#dialled || this.#ended) return deadSocket();
    this.#dialled = true;
    this.#socket.on("data", (data: Buffer) => this.#look(data));
    return this.#socket;
  };

  /** Whether the server has answered everything that was sent. */
  get idle(): boolean {
    return this.#sentWhenReady === this.#socket.bytesWritten;
  }

  /** Whether the link broke while something was asked of the server. */
  get lost(): boolean {
    return this.#lost;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Why there is no link any more. */
  get reason(): unknown {
    return this.#reason ?? (this.#answered ? linkLost() : closedEarly());
  }

  /** Gives the link up; queries fail with the reason from here on. */
  abandon(reason: unknown): void {
    this.#reason ??= reason;
    this.#ended = true;
    this.#socket.destroy();
    this.#wake();
  }

  /** Gives the link up as soon as the server is ready, before anything else is asked of it. */
  abandonWhenIdle(reason: unknown): void {
    this.#lastReason = reason;
    if (this.idle) this.abandon(reason);
  }

  /** Resolves when the server is ready again, or the link is gone. */
  ready(): Promise<void> {
    if (this.idle || this.#ended) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #look(data: Buffer): void {
    if (!this.#answered) this.#checkFirstAnswer(data);
    // ReadyForQuery is five bytes and a state, and always the last message before the server waits for us.
    const tail = data.subarray(-6);
    if (tail.length === 6 && tail.readUIntBE(0, 5) === 0x5a00000005) {
      this.#sentWhenReady = this.#socket.bytesWritten;
      if (this.#lastReason !== undefined) this.abandon(this.#lastReason);
      this.#wake();
    }
  }

  #checkFirstAnswer(data: Buffer): void {
    // Authentication, ErrorResponse, NoticeResponse, NegotiateProtocolVersion
    const known = [0x52, 0x45, 0x4e, 0x76].includes(data[0] ?? 0);
    if (!known) {
      this.abandon(notPostgres());
      return;
    }
    this.#answered = true;
    if (data[0] !== 0x52 || data.length < 9) return;
    // The driver would wait for ever on a method it does not know.
    const method = data.readUInt32BE(5);
    if ([0, 3, 5, 10].includes(method)) return;
    // The driver gets to see these bytes too: as AuthenticationOk they do not make it write to the console.
    data.writeUInt32BE(0, 5);
    const name = method === 7 ? "GSSAPI" : method === 9 ? "SSPI" : `method ${method}`;
    this.abandon(
      new DialError(
        "network",
        `the server asks for authentication by ${name}, which is not supported`,
        "Let pg_hba.conf ask for scram-sha-256 or a client certificate.",
      ),
    );
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/**
 * A socket that fails once the driver holds it. To throw where it dials would leave the driver's connection
 * between two states, in which every later query waits for ever.
 */
function deadSocket(): Socket {
  const socket = new Socket();
  socket.on("error", () => {});
  // Not the reason itself: the driver hangs the query and its parameters on the error it is given.
  const gone = Object.assign(new Error("the connection is gone"), { code: "CONNECTION_CLOSED" });
  setImmediate(() => socket.destroy(gone));
  return socket;
}
