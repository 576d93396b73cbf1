import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { withDatabase } from "../../src/connection/connect.ts";
import { ExitCode, SilentExit, UserError } from "../../src/errors.ts";
import { fakeIo } from "../helpers/fakeIo.ts";

// What stands at the other end here is no PostgreSQL, so that none is needed.

const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** Listens on a free port; returns the port and how many connections came. */
async function listen(
  onConnection: (socket: Socket) => void,
): Promise<{ port: number; count: () => number }> {
  let count = 0;
  const server = createServer((socket) => {
    count++;
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, count: () => count };
}

async function closedPort(): Promise<number> {
  const { port } = await listen(() => {});
  const server = servers.pop();
  server?.close();
  return port;
}

/** The error of connecting, and how long it took. */
async function connectTo(
  target: string,
  io = fakeIo(),
): Promise<{ error: unknown; told: string; exitCode: unknown; ms: number }> {
  const start = performance.now();
  try {
    await withDatabase({ databaseUrl: target }, io, async () => {});
  } catch (error) {
    const hint = error instanceof UserError ? error.hint : "";
    const told = error instanceof Error ? `${error.message} ${hint}` : String(error);
    const exitCode = error instanceof UserError || error instanceof SilentExit ? error.exitCode : undefined;
    return { error, told, exitCode, ms: performance.now() - start };
  }
  throw new Error("the connection came about");
}

function url(port: number, rest = ""): string {
  return `postgresql://ann:hunter2@127.0.0.1:${port}/app?connect_timeout=1${rest}`;
}

describe("a server that is none", () => {
  it.each(["", "&sslmode=disable"])("is told when it closes at once (%s), and dialled once", async (rest) => {
    const { port, count } = await listen((socket) => socket.end());
    const { told, exitCode, ms } = await connectTo(url(port, rest));
    expect(exitCode).toBe(ExitCode.Surroundings);
    expect(told).toContain(`"127.0.0.1:${port}"`);
    expect(told).toContain("does not answer like PostgreSQL");
    expect(told).not.toContain("hunter2");
    expect(ms).toBeLessThan(1500);
    expect(count()).toBe(1);
  });

  it.each(["", "&sslmode=disable"])("is told when it speaks HTTP (%s)", async (rest) => {
    // Left open on purpose: the answer alone must decide.
    const { port } = await listen((socket) =>
      socket.once("data", () => socket.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")),
    );
    const { told, exitCode, ms } = await connectTo(url(port, rest));
    expect(exitCode).toBe(ExitCode.Surroundings);
    expect(told).toContain("does not answer like PostgreSQL");
    expect(ms).toBeLessThan(900);
  });

  it.each(["", "&sslmode=disable"])("is given up at the deadline when it is silent (%s)", async (rest) => {
    const { port } = await listen(() => {});
    const { told, exitCode, ms } = await connectTo(url(port, rest));
    expect(exitCode).toBe(ExitCode.Surroundings);
    expect(told).toContain("did not answer in time (connect_timeout 1 s)");
    expect(ms).toBeGreaterThan(900);
    expect(ms).toBeLessThan(2000);
  });

  it("is told when its answer to the TLS question drags more behind it", async () => {
    const { port } = await listen((socket) => socket.once("data", () => socket.write("Sgarbage")));
    expect((await connectTo(url(port, "&sslmode=require"))).told).toContain(
      "does not answer like PostgreSQL",
    );
  });
});

describe("a server that cannot be had", () => {
  it("is named with its port, and the sources of both", async () => {
    const port = await closedPort();
    const { told, exitCode } = await connectTo(
      `postgresql://ann:hunter2@127.0.0.1/app`,
      fakeIo({ env: { PGPORT: String(port) } }),
    );
    // PGPORT is looked at because the URL names no port.
    expect(told).toContain(`Cannot connect to "127.0.0.1:${port}": the connection was refused.`);
    expect(told).toContain("The host comes from --database-url, the port comes from PGPORT.");
    expect(told).not.toContain("hunter2");
    expect(exitCode).toBe(ExitCode.Surroundings);
  });

  it("is listed with all the others that were tried, within one deadline", async () => {
    const [closed, silent, other] = [await closedPort(), await listen(() => {}), await listen(() => {})];
    const { told, ms } = await connectTo(
      `postgresql://ann:hunter2@127.0.0.1:${closed},127.0.0.1:${silent.port},127.0.0.1:${other.port}/app?connect_timeout=1`,
    );
    expect(told).toContain(`"127.0.0.1:${closed}": the connection was refused`);
    expect(told).toContain(`"127.0.0.1:${silent.port}": it did not answer in time`);
    expect(told).toContain(`"127.0.0.1:${other.port}": it did not answer in time`);
    expect(ms).toBeLessThan(2000);
  });

  it("is told of when a default socket directory has none", async () => {
    const port = await closedPort();
    const { told } = await connectTo("user=ann", fakeIo({ env: { PGPORT: String(port) } }));
    expect(told).toContain("Cannot connect to PostgreSQL on this machine");
    expect(told).toContain(`"/var/run/postgresql/.s.PGSQL.${port}"`);
    expect(told).toContain(`"localhost:${port}"`);
    expect(told).toContain("DATABASE_URL");
  });

  it("names the mode that insists when it offers no TLS", async () => {
    const { port } = await listen((socket) => socket.once("data", () => socket.write("N")));
    const { told } = await connectTo(url(port, "&sslmode=require"));
    expect(told).toContain('offers no TLS, which sslmode "require" (--database-url) requires');
  });

  it("names the way of authentication that is not supported", async () => {
    const { port } = await listen((socket) =>
      socket.once("data", () => socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 7]))),
    );
    const { told, ms } = await connectTo(url(port, "&sslmode=disable"));
    expect(told).toContain("authentication by GSSAPI, which is not supported");
    expect(ms).toBeLessThan(900);
  });

  it("is given up at the first signal", async () => {
    const io = fakeIo();
    const { port } = await listen(() => setTimeout(() => io.signal("SIGINT"), 50));
    const { exitCode, ms } = await connectTo(url(port, "&connect_timeout=30"), io);
    expect(exitCode).toBe(ExitCode.Interrupted);
    expect(io.stderr).toBe("cancelling\n");
    expect(ms).toBeLessThan(1000);
  });
});

it("asks for nothing on stderr or stdout that was not said", async () => {
  const io = fakeIo();
  await connectTo(url(await closedPort(), "&keepalives_count=2"), io);
  expect(io.stdout).toBe("");
  expect(io.stderr).toBe('note: "keepalives_count" (--database-url) has no effect here and is ignored.\n');
});
