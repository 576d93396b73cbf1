import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { checkFile } from "../../src/archive/checkFile.ts";
import { ArchiveMissing } from "../../src/archive/failure.ts";
import { single, wholeObject } from "../../src/archive/manifest.ts";
import { readFiles } from "../../src/archive/readFiles.ts";
import { readPlace } from "../../src/archive/s3/place.ts";
import { s3Target } from "../../src/archive/s3/s3Target.ts";
import { PART_BYTES } from "../../src/archive/s3/upload.ts";
import { openTarget, type Target } from "../../src/archive/target.ts";
import { writeSegment } from "../../src/archive/writeSegment.ts";
import { type S3Server, startS3 } from "../helpers/s3Server.ts";
import { batched, context, gathered, plainChange } from "./changes.ts";

// Two cores for everything: a busy machine is no failure.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: S3Server;
let target: Target;

beforeAll(async () => {
  server = await startS3();
  const patience = { attempts: 4, pauseMs: 5, silenceMs: 4_000 };
  target = s3Target(readPlace(`s3://${server.bucket}/logs/shop`, server.env), patience);
});
afterEach(() => server.disturb(undefined));
afterAll(() => server.stop());

const odd = "table=public.%22a%20b%22/month=2026-11/größe+1 (x)!*.ndjson";
const large = randomBytes(PART_BYTES * 2 + 12_345);

async function* inPieces(bytes: Uint8Array, size = 100_000): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function listed(prefix: string): Promise<{ path: string; bytes: number }[]> {
  const found: { path: string; bytes: number }[] = [];
  for await (const object of target.list(prefix)) found.push(object);
  return found;
}

async function failureOf(work: Promise<unknown>): Promise<Error & { exitCode?: number }> {
  return work.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: Error) => error,
  );
}

describe("a bucket", () => {
  it("keeps objects under any name, and gives back the whole or a part", async () => {
    await target.write(odd, single(Buffer.from("0123456789")));
    expect((await wholeObject(target, odd)).toString()).toBe("0123456789");
    expect(Buffer.from(await target.readRange(odd, 2, 5)).toString()).toBe("234");
    expect(Buffer.from(await target.readRange(odd, 8, 50)).toString()).toBe("89");
    expect(await target.readRange(odd, 10, 20)).toHaveLength(0);
    expect(await listed("table=")).toEqual([{ path: odd, bytes: 10 }]);
    await target.remove(odd);
    await target.remove(odd);
    expect(await listed("table=")).toEqual([]);
    await expect(wholeObject(target, odd)).rejects.toThrow(ArchiveMissing);
    await expect(target.readRange(odd, 0, 1)).rejects.toThrow(
      /^There is no table=.* in s3:\/\/archive\/logs\/shop\.$/,
    );
  });

  it("takes a large object in parts", async () => {
    server.seen.length = 0;
    await target.write("large", inPieces(large));
    expect(server.seen.filter((line) => line.includes("partNumber="))).toHaveLength(3);
    expect(large.equals(await wholeObject(target, "large"))).toBe(true);
  });

  it("takes an empty object", async () => {
    await target.write("empty", single(new Uint8Array()));
    expect(await wholeObject(target, "empty")).toHaveLength(0);
  });

  it("lists what is under its own prefix only", async () => {
    for (let number = 0; number < 12; number++)
      await target.write(`many/${number}`, single(Buffer.from("x")));
    await openTarget("s3://archive/logs/shop2", server.env).write("many/other", single(Buffer.from("x")));
    expect((await listed("many/")).map(({ path }) => path).sort()).toEqual(
      Array.from({ length: 12 }, (_, number) => `many/${number}`).sort(),
    );
  });

  it("is asked on while a list goes on, with the token it gave", async () => {
    const tokens: (string | null)[] = [];
    server.disturb((incoming, outgoing) => {
      const token = new URL(incoming.url ?? "", "http://any").searchParams.get("continuation-token");
      tokens.push(token);
      const object = (key: string) => `<Contents><Key>logs/shop/${key}</Key><Size>7</Size></Contents>`;
      const page =
        token === null
          ? `<IsTruncated>true</IsTruncated><NextContinuationToken>a+b/=&amp;</NextContinuationToken>${object("x&lt;1")}`
          : `<IsTruncated>false</IsTruncated>${object("y")}${object("z")}`;
      outgoing.writeHead(200).end(`<ListBucketResult>${page}</ListBucketResult>`);
      return true;
    });
    expect(await listed("")).toEqual([
      { path: "x<1", bytes: 7 },
      { path: "y", bytes: 7 },
      { path: "z", bytes: 7 },
    ]);
    expect(tokens).toEqual([null, "a+b/=&"]);
  });

  it("holds a segment that is found well and read back", async () => {
    const changes = Array.from({ length: 50 }, (_, id) => plainChange({ 0: String(id), 7: `k${id % 9}` }));
    const files = await writeSegment(target, batched(changes), { ...context, format: "parquet" });
    expect(await gathered(readFiles(target, files, {}))).toEqual(changes);
    for (const file of files) expect(await checkFile(target, file)).toEqual([]);
  });
});

describe("a server that fails for a while", () => {
  it("is asked again after a fault of its own, for every kind of request", async () => {
    let failing = 0;
    server.disturb((incoming, outgoing) => {
      if (failing++ % 3 === 2) return false;
      incoming.resume();
      outgoing.writeHead(failing % 2 === 0 ? 503 : 500).end("<Error><Code>InternalError</Code></Error>");
      return true;
    });
    await target.write("patient", inPieces(large));
    expect(large.equals(await wholeObject(target, "patient"))).toBe(true);
    expect(Buffer.from(await target.readRange("patient", 5, 9)).equals(large.subarray(5, 9))).toBe(true);
    expect(await listed("patient")).toEqual([{ path: "patient", bytes: large.length }]);
    await target.remove("patient");
  });

  it("is sent a part again when the connection is cut in the middle of it", async () => {
    let cuts = 0;
    server.disturb((incoming) => {
      if (!incoming.url?.includes("partNumber=2") || cuts === 2) return false;
      cuts++;
      incoming.once("data", () => incoming.socket.destroy());
      return true;
    });
    await target.write("cut", inPieces(large));
    expect(cuts).toBe(2);
    expect(large.equals(await wholeObject(target, "cut"))).toBe(true);
  });

  it("is asked for the rest when it stops in the middle of an object", async () => {
    await target.write("stops", inPieces(large));
    let cuts = 0;
    server.disturb((incoming, outgoing) => {
      if (incoming.method !== "GET" || cuts === 2) return false;
      const start = Number(/bytes=(\d+)-/.exec(String(incoming.headers.range))?.[1] ?? 0);
      cuts++;
      const rest = large.subarray(start);
      const status = start === 0 ? 200 : 206;
      outgoing.writeHead(status, { "content-length": rest.length });
      outgoing.write(rest.subarray(0, 70_000), () => setTimeout(() => outgoing.destroy(), 20));
      return true;
    });
    expect(large.equals(await wholeObject(target, "stops"))).toBe(true);
    expect(cuts).toBe(2);
  });

  it("is asked again when it does not answer in time", async () => {
    let silent = 0;
    server.disturb((incoming) => {
      incoming.resume();
      return silent++ === 0;
    });
    await target.write("slow", single(Buffer.from("x")));
    expect(silent).toBeGreaterThan(1);
  });
});

describe("a server that fails for good", () => {
  it("leaves the former object whole, and is told with bucket and key and no credential", async () => {
    await target.write("former", single(Buffer.from("former")));
    server.disturb((incoming, outgoing) => {
      if (incoming.method !== "PUT" || !incoming.url?.includes("partNumber=3")) return false;
      incoming.resume();
      outgoing.writeHead(500).end();
      return true;
    });
    server.seen.length = 0;
    const error = await failureOf(target.write("former", inPieces(large)));
    expect(error.message).toBe(
      "Cannot write logs/shop/former in bucket archive: it answered 500 Internal Server Error, 4 times in a row.",
    );
    expect(error.exitCode).toBe(4);
    expect(JSON.stringify(error) + error.message).not.toContain("S3RVER");
    expect(server.seen.at(-1)).toMatch(/^DELETE .*uploadId=/);
    server.disturb(undefined);
    expect((await wholeObject(target, "former")).toString()).toBe("former");
  });

  it("writes nothing when what is to be written fails", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield large;
      throw new Error("the source broke");
    }
    await expect(target.write("source", broken())).rejects.toThrow("the source broke");
    expect(await listed("source")).toEqual([]);
  });

  it("is believed when its 200 holds a no", async () => {
    server.disturb((incoming, outgoing) => {
      if (incoming.method !== "POST" || !incoming.url?.includes("uploadId=")) return false;
      incoming.resume();
      outgoing.writeHead(200).end("<Error><Code>EntityTooSmall</Code><Message>no</Message></Error>");
      return true;
    });
    const error = await failureOf(target.write("no", inPieces(large)));
    expect(error.message).toBe(
      'Cannot write logs/shop/no in bucket archive: the server answered 200 EntityTooSmall, "no".',
    );
  });

  it("refuses a wrong secret, which is said once", async () => {
    const env = { ...server.env, AWS_SECRET_ACCESS_KEY: "wrong-secret" };
    server.seen.length = 0;
    const error = await failureOf(
      openTarget(`s3://${server.bucket}`, env).write("x", single(Buffer.from("x"))),
    );
    expect(error.message).toMatch(
      /^Cannot write x in bucket archive: the server answered 403 SignatureDoesNotMatch/,
    );
    expect(error.message).not.toContain("wrong-secret");
    expect(server.seen).toHaveLength(1);
  });

  it("is named where it is not there", async () => {
    const env = { ...server.env, AWS_ENDPOINT_URL_S3: "http://127.0.0.1:9" };
    const quick = s3Target(readPlace("s3://archive", env), { attempts: 2, pauseMs: 1, silenceMs: 500 });
    const error = await failureOf(quick.write("x", single(Buffer.from("x"))));
    expect(error.message).toMatch(/^Cannot write x in bucket archive: .+, 2 times in a row\.$/);
  });

  it("is told of a bucket it does not have", async () => {
    const error = await failureOf(wholeObject(openTarget("s3://nowhere", server.env), "x"));
    expect(error.message).toMatch(/^Cannot read x in bucket nowhere: the server answered 404 NoSuchBucket/);
  });
});

describe("the address of a bucket", () => {
  const credentials = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };

  it.each([
    ["s3://logs", {}, "https://logs.s3.us-east-1.amazonaws.com/", ""],
    ["s3://logs/a/b/", { AWS_REGION: "eu-central-1" }, "https://logs.s3.eu-central-1.amazonaws.com/", "a/b/"],
    ["s3://my.logs", { AWS_DEFAULT_REGION: "eu-west-1" }, "https://s3.eu-west-1.amazonaws.com/my.logs/", ""],
    ["s3://logs", { AWS_ENDPOINT_URL: "http://minio:9000" }, "http://minio:9000/logs/", ""],
    [
      "s3://logs",
      { AWS_ENDPOINT_URL: "http://other", AWS_ENDPOINT_URL_S3: "https://logs.s3.example.com/" },
      "https://logs.s3.example.com/",
      "",
    ],
  ])("%s with %j", (text, env, base, prefix) => {
    expect(readPlace(text, { ...credentials, ...env })).toMatchObject({ base, prefix });
  });

  it.each([
    ["s3://", {}, "s3:// does not name an S3 bucket.", 2],
    ["s3://logs/../x", {}, "s3://logs/../x has a prefix with empty or dotted parts.", 2],
    ["s3://logs", { AWS_ENDPOINT_URL: "minio" }, "The S3 endpoint in AWS_ENDPOINT_URL is no address.", 2],
    [
      "s3://logs",
      { AWS_SECRET_ACCESS_KEY: "" },
      "AWS_SECRET_ACCESS_KEY is not set, which s3://logs needs.",
      4,
    ],
  ])("%s with %j is refused", (text, env, message, exitCode) => {
    expect(() => readPlace(text, { ...credentials, ...env })).toThrow(
      expect.objectContaining({ message, exitCode }),
    );
  });
});
