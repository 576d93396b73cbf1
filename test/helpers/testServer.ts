import { startEmbeddedServer } from "../../src/embedded/server.ts";

/** A server for one run of the tests. */
export interface TestServer {
  /** A superuser's connection string for the maintenance database. */
  readonly url: string;
  /** Ends the server; nothing happens to one that was there before. */
  readonly stop: () => Promise<void>;
  /** Leaves the server running after the tests; says how to end it. */
  readonly leave: () => string;
}

/** Settings of a server by name. */
export type ServerSettings = Readonly<Record<string, string | number>>;

/** Data that is thrown away needs no flushing; the limits are those the tests of concurrency ask for. */
const settings: ServerSettings = {
  fsync: "off",
  full_page_writes: "off",
  synchronous_commit: "off",
  max_connections: 200,
  max_prepared_transactions: 40,
  wal_level: "logical",
};

const defaultMajor = "18";

/**
 * The server the environment asks for: TEST_DATABASE_URL is one that runs already, TEST_POSTGRES=container
 * one in Docker (TEST_POSTGRES_IMAGE, else postgres:MAJOR), else the npm package's. TEST_POSTGRES_MAJOR is 18
 * unless set. `more` are settings beside those of every test server; one that runs already keeps its own.
 */
export async function startTestServer(
  env: NodeJS.ProcessEnv = process.env,
  more: ServerSettings = {},
): Promise<TestServer> {
  const major = env.TEST_POSTGRES_MAJOR || defaultMajor;
  if (env.TEST_DATABASE_URL) return existingServer(env.TEST_DATABASE_URL);
  if (env.TEST_POSTGRES === "container") {
    return startContainer(env.TEST_POSTGRES_IMAGE || `postgres:${major}`, { ...settings, ...more });
  }
  return startEmbedded(Number(major), { ...settings, ...more });
}

function existingServer(url: string): TestServer {
  return { url, stop: async () => {}, leave: () => "It is the server of TEST_DATABASE_URL." };
}

async function startEmbedded(major: number, given: ServerSettings): Promise<TestServer> {
  const server = await startEmbeddedServer({ major, settings: given });
  return {
    url: server.url,
    stop: () => server.stop(),
    leave: () => {
      server.leave();
      return `End it with: kill -INT ${server.pid}; then remove ${server.socketDirectory}.`;
    },
  };
}

async function startContainer(image: string, given: ServerSettings): Promise<TestServer> {
  const { GenericContainer, Wait } = await import("testcontainers");
  const container = await new GenericContainer(image)
    .withEnvironment({ POSTGRES_PASSWORD: "postgres" })
    .withExposedPorts(5432)
    .withCommand([
      "postgres",
      ...Object.entries(given).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ])
    // Said once by the server of the set-up, once by the real one.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .start();
  return {
    url: `postgres://postgres:postgres@${container.getHost()}:${container.getMappedPort(5432)}/postgres`,
    stop: async () => {
      await container.stop();
    },
    leave: () => `End it with: docker rm -f ${container.getId().slice(0, 12)}.`,
  };
}
