import { archiveFailure } from "../failure.ts";
import type { S3Client, S3Request } from "./request.ts";
import { elementOf, escaped } from "./xml.ts";

/** Larger objects go in parts of this size, which is what is kept in memory to be sent again. */
export const PART_BYTES = 8 << 20;

/** Writes the object: in one request, or in parts that become the object together or not at all. */
export async function uploadObject(
  client: S3Client,
  key: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  const parts = inParts(chunks)[Symbol.asyncIterator]();
  const first = await parts.next();
  const body = first.done ? new Uint8Array() : first.value;
  if (body.length < PART_BYTES) return putObject(client, key, body);
  const begin: S3Request = { method: "POST", key, query: { uploads: "" }, act: "write" };
  const uploadId = elementOf(await client.sendForText(begin), "UploadId");
  if (uploadId === undefined) {
    throw archiveFailure(`Cannot ${client.describe(begin)}: the server gave the upload no id.`);
  }
  try {
    const etags: string[] = [];
    let size = 0;
    for (let part = first; !part.done; part = await parts.next()) {
      etags.push(await uploadPart(client, key, uploadId, etags.length + 1, part.value));
      size += part.value.length;
    }
    await complete(client, key, uploadId, etags, size);
  } catch (error) {
    // The parts cost money until they are given up; that they could not be must not hide why.
    await client.send({ method: "DELETE", key, query: { uploadId }, act: "give up" }).catch(() => {});
    throw error;
  } finally {
    await parts.return?.(undefined);
  }
}

async function putObject(client: S3Client, key: string, body: Uint8Array): Promise<void> {
  const request: S3Request = { method: "PUT", key, body, act: "write" };
  await client.sendForText(request);
}

async function uploadPart(
  client: S3Client,
  key: string,
  uploadId: string,
  number: number,
  body: Uint8Array,
): Promise<string> {
  const query = { partNumber: String(number), uploadId };
  const request: S3Request = { method: "PUT", key, query, body, act: "write" };
  const answer = client.accepted(request, await client.send(request));
  await answer.arrayBuffer().catch(() => {});
  const etag = answer.headers.get("etag");
  if (etag === null) {
    throw archiveFailure(`Cannot ${client.describe(request)}: the server gave part ${number} no ETag.`);
  }
  return etag;
}

/** Makes the parts the object. A server may say 200 at once and its "no" in the body. */
async function complete(
  client: S3Client,
  key: string,
  uploadId: string,
  etags: readonly string[],
  size: number,
): Promise<void> {
  const parts = etags.map(
    (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`,
  );
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`);
  const headers = { "content-type": "application/xml" };
  const request: S3Request = { method: "POST", key, query: { uploadId }, headers, body, act: "write" };
  const answer = await client.send(request);
  const refused = answer instanceof Response ? await refusalIn(answer) : answer;
  if (refused === undefined) return;
  // Asked a second time, because the first answer was lost, it no longer knows an upload that it has completed.
  if (refused.code === "NoSuchUpload" && (await sizeOf(client, key)) === size) return;
  throw client.refused(request, refused);
}

async function refusalIn(
  answer: Response,
): Promise<{ status: number; code: string; message: string } | undefined> {
  const text = await answer.text();
  if (elementOf(text, "ETag") !== undefined) return undefined;
  const code = elementOf(text, "Code") ?? "no ETag";
  return { status: answer.status, code, message: elementOf(text, "Message") ?? "" };
}

async function sizeOf(client: S3Client, key: string): Promise<number | undefined> {
  const answer = await client.send({ method: "HEAD", key, act: "read" });
  return answer instanceof Response ? Number(answer.headers.get("content-length")) : undefined;
}

/** The chunks as parts of equal size, but for the last. */
async function* inParts(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    held.push(chunk);
    bytes += chunk.length;
    while (bytes >= PART_BYTES) {
      const all = Buffer.concat(held);
      yield all.subarray(0, PART_BYTES);
      held = [all.subarray(PART_BYTES)];
      bytes = all.length - PART_BYTES;
    }
  }
  if (bytes > 0) yield Buffer.concat(held);
}
