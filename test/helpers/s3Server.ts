import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import S3rver from "@20minutes/s3rver";

/**
 * What is done to a request in place of passing it on, once it has come so far: true when it was. The body may
 * be read or not.
 */
export type Fault = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
  /** The environment that leads there, with credentials that are good. */
  readonly env: Readonly<Record<string, string>>;
  /** Every request so far: its method and address. */
  readonly seen: string[];
  /** Comes between from now on; undefined lets everything pass. */
  disturb(fault: Fault | undefined): void;
  stop(): Promise<void>;
}

/** A server that speaks S3 and checks signatures, behind one that can spoil what is said. */
export async function startS3(): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), "s3-"));
  const bucket = "archive";
  const store = new S3rver({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{ name: bucket }],
  });
  const { port } = await store.run();
  let fault: Fault | undefined;
  const seen: string[] = [];
  const front = createServer((incoming, outgoing) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    if (fault?.(incoming, outgoing)) return;
    const { method, url, headers } = incoming;
    const onward = request({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  return {
    endpoint,
    bucket,
    env: { AWS_ENDPOINT_URL_S3: endpoint, AWS_ACCESS_KEY_ID: "S3RVER", AWS_SECRET_ACCESS_KEY: "S3RVER" },
    seen,
    disturb: (next) => {
      fault = next;
    },
    async stop() {
      front.closeAllConnections();
      front.close();
      await store.close().catch(() => {});
      await rm(directory, { recursive: true, force: true });
    },
  };
}
