import type { Target } from "../target.ts";
import { downloadObject, downloadRange, placeText } from "./download.ts";
import type { S3Place } from "./place.ts";
import { PATIENCE, S3Client, type S3Patience, type S3Request } from "./request.ts";
import { uploadObject } from "./upload.ts";
import { elementOf, elementsOf } from "./xml.ts";

/** An archive in a bucket of S3, or of what speaks like it. */
export function s3Target(place: S3Place, patience: S3Patience = PATIENCE): Target {
  const client = new S3Client(place, patience);
  const keyOf = (path: string): string => place.prefix + path;
  return {
    text: placeText(client),
    write: (path, chunks) => uploadObject(client, keyOf(path), chunks),
    read: (path) => downloadObject(client, keyOf(path)),
    readRange: (path, start, end) => downloadRange(client, keyOf(path), start, end),
    list: (prefix) => listObjects(client, keyOf(prefix)),
    async remove(path) {
      const request: S3Request = { method: "DELETE", key: keyOf(path), act: "remove" };
      const answer = await client.send(request);
      if (answer instanceof Response || (answer.status === 404 && answer.code !== "NoSuchBucket")) return;
      throw client.refused(request, answer);
    },
  };
}

async function* listObjects(
  client: S3Client,
  prefix: string,
): AsyncGenerator<{ path: string; bytes: number }> {
  let token: string | undefined;
  do {
    const query: Record<string, string> = { "list-type": "2", prefix, "encoding-type": "url" };
    if (token !== undefined) query["continuation-token"] = token;
    const xml = await client.sendForText({ method: "GET", key: "", query, act: "list" });
    // Only a server that says so has encoded the keys.
    const encoded = elementOf(xml, "EncodingType") === "url";
    for (const object of elementsOf(xml, "Contents")) {
      const key = elementOf(object, "Key") ?? "";
      const name = encoded ? decodeURIComponent(key.replaceAll("+", " ")) : key;
      yield { path: name.slice(client.place.prefix.length), bytes: Number(elementOf(object, "Size")) };
    }
    token = elementOf(xml, "IsTruncated") === "true" ? elementOf(xml, "NextContinuationToken") : undefined;
  } while (token !== undefined);
}
