import { setTimeout as pause } from "node:timers/promises";
import { ArchiveMissing, archiveFailure } from "../failure.ts";
import { reasonOf, type S3Client, type S3Request } from "./request.ts";

/** The object from its beginning. A connection that is lost or falls silent is taken up again where it was. */
export async function* downloadObject(client: S3Client, key: string): AsyncGenerator<Uint8Array> {
  let at = 0;
  let total: number | undefined;
  let etag: string | undefined;
  let failures = 0;
  while (total === undefined || at < total) {
    const headers: Record<string, string> = {};
    if (at > 0) headers.range = `bytes=${at}-`;
    if (at > 0 && etag !== undefined) headers["if-match"] = etag;
    const request: S3Request = { method: "GET", key, headers, act: "read" };
    const answer = await get(client, request);
    if (at > 0 && answer.status !== 206) {
      throw archiveFailure(
        `Cannot ${client.describe(request)}: the server does not continue where it broke off.`,
      );
    }
    total ??= Number(answer.headers.get("content-length") ?? Number.NaN);
    if (!Number.isSafeInteger(total)) {
      throw archiveFailure(`Cannot ${client.describe(request)}: the server does not tell its size.`);
    }
    etag ??= answer.headers.get("etag") ?? undefined;
    const before = at;
    try {
      for await (const chunk of bodyOf(answer)) {
        at += chunk.length;
        yield chunk;
      }
      if (at < total) throw new Error("the connection was closed too early");
      if (total === 0) return;
    } catch (error) {
      failures = at > before ? 1 : failures + 1;
      if (failures >= client.patience.attempts) {
        throw archiveFailure(`Cannot ${client.describe(request)}: ${reasonOf(error)}.`, error);
      }
      await pause(client.patience.pauseMs * 2 ** (failures - 1));
    }
  }
}

/** A part of the object; fewer bytes where it ends before. */
export async function downloadRange(
  client: S3Client,
  key: string,
  start: number,
  end: number,
): Promise<Uint8Array> {
  if (end <= start) return new Uint8Array();
  const headers = { range: `bytes=${start}-${end - 1}` };
  const request: S3Request = { method: "GET", key, headers, act: "read" };
  let cause: unknown;
  for (let attempt = 1; attempt <= client.patience.attempts; attempt++) {
    const answer = await client.send(request);
    if (!(answer instanceof Response)) {
      if (answer.status === 416) return new Uint8Array();
      throw isMissing(answer)
        ? new ArchiveMissing(placeText(client), relative(client, key))
        : client.refused(request, answer);
    }
    try {
      const bytes = new Uint8Array(await answer.arrayBuffer());
      return answer.status === 206 ? bytes : bytes.subarray(start, end);
    } catch (error) {
      cause = error;
    }
  }
  throw archiveFailure(`Cannot ${client.describe(request)}: ${reasonOf(cause)}.`, cause);
}

async function get(client: S3Client, request: S3Request): Promise<Response> {
  const answer = await client.send(request);
  if (answer instanceof Response) return answer;
  if (isMissing(answer)) throw new ArchiveMissing(placeText(client), relative(client, request.key));
  throw client.refused(request, answer);
}

function isMissing({ status, code }: { status: number; code: string }): boolean {
  return status === 404 && code !== "NoSuchBucket";
}

export function placeText({ place }: S3Client): string {
  return `s3://${place.bucket}/${place.prefix}`.replace(/\/$/, "");
}

function relative({ place }: S3Client, key: string): string {
  return key.slice(place.prefix.length);
}

async function* bodyOf(answer: Response): AsyncGenerator<Uint8Array> {
  if (answer.body !== null) yield* answer.body as unknown as AsyncIterable<Uint8Array>;
}
