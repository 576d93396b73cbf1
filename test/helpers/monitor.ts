import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A monitor that heartbeats are sent to. */
export interface Monitor {
  readonly url: string;
  /** The paths it was asked for, in order. */
  readonly heard: readonly string[];
  readonly stop: () => Promise<void>;
}

/** Starts a monitor on this machine that answers with a status. */
export async function startMonitor(status = 200): Promise<Monitor> {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(request.url ?? "");
    response.writeHead(status).end("heard");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    heard,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
