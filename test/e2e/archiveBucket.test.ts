import { afterAll, beforeAll, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useOwnServer } from "../helpers/ownServer.ts";
import { passTime } from "../helpers/passTime.ts";
import { runCli } from "../helpers/runCli.ts";
import { type S3Server, startS3 } from "../helpers/s3Server.ts";

// A segment closes when no older transaction runs on the whole server: other tests' would come in between.
const server = useOwnServer();
const database = server.useDatabase();
const day = 24;
const target = "s3://archive/shop";
let s3: S3Server;
let audit: ReturnType<typeof auditOf>;

beforeAll(async () => {
  s3 = await startS3();
  audit = auditOf(database, { env: s3.env });
  await database.sql.unsafe("create table users (id int primary key, name text)");
  await audit("enable", "users", "--retain", "10d");
  await database.sql.unsafe("insert into users select n, 'name ' || n from generate_series(1, 500) as n");
  await database.sql.unsafe("update users set name = upper(name) where id <= 100");
});
afterAll(() => s3.stop());

it("a bucket takes what prune removes, and answers for it", async () => {
  const [now] = await database.sql<{ at: string }[]>`select clock_timestamp()::text as at`;
  const past = await audit.items("at-time", now?.at ?? "", "users");
  const life = await audit.items("history", "users", "7");
  await database.sql.unsafe("delete from users where id > 400");
  await audit("tag", "later");
  const later = await audit.items("at-time", "tag:later", "users");
  await passTime(database.sql, 40 * day);

  const acts = await audit.items<{ act: string; reason: string }>("prune", "--archive", target);
  expect(acts.map(({ act }) => act)).toEqual(["rotate", "close", "archive", "drop", "keep"]);
  expect(acts[3]?.reason).toMatch(/; archived in s3:\/\/archive\/shop$/);
  expect(await audit.items("history", "users", "7")).toEqual([]);

  const cold = await audit.items<{ at: string }>("history", "users", "7", "--archive", target);
  const told = (items: readonly object[]) => items.map((item) => ({ ...item, at: undefined }));
  expect(told(cold)).toEqual(told(life));
  const [moved] = await database.sql<{ at: string }[]>`
    select (${now?.at ?? ""}::text::timestamptz - interval '${database.sql.unsafe(String(40 * day))} hours')::text as at`;
  expect(await audit.items("at-time", moved?.at ?? "", "users", "--archive", target)).toEqual(past);
  expect(await audit.items("at-time", "tag:later", "users", "--archive", target)).toEqual(later);
});

it("list and verify read it, and a byte that was changed is found", async () => {
  const listed = await runCli(["archive", "list", target, "--json"], { env: s3.env });
  expect(JSON.parse(listed.stdout)).toMatchObject({ items: [{ table: "users", changes: "700" }] });
  expect((await audit.run(["archive", "verify", target])).code).toBe(0);

  s3.disturb((incoming, outgoing) => {
    if (incoming.method !== "GET" || !incoming.url?.includes(".parquet")) return false;
    outgoing.writeHead(200, { "content-type": "application/octet-stream" });
    outgoing.end("PAR1 is not all of it");
    return true;
  });
  const { code, stdout } = await audit.run(["archive", "verify", target]);
  expect(code).toBe(1);
  expect(stdout).toContain("segment-0000");
  const { code: refused, stderr } = await audit.run(["history", "users", "7", "--archive", target]);
  expect(refused).toBe(4);
  expect(stderr).toContain(".parquet");
  s3.disturb(undefined);
});

it("says what keeps it from a bucket, and no secret", async () => {
  const env = { ...s3.env, AWS_SECRET_ACCESS_KEY: "hush-hush" };
  const denied = await runCli(["archive", "list", target], { env });
  expect(denied).toMatchObject({ code: 4, stdout: "" });
  expect(denied.stderr).toMatch(/archive/);
  expect(denied.stderr).not.toContain("hush");
  const missing = await audit.run(["archive", target], { env: { ...s3.env, AWS_ACCESS_KEY_ID: "" } });
  expect(missing.code).toBe(4);
  expect(missing.stderr).toContain("AWS_ACCESS_KEY_ID");
});

it("brings it back into the database", async () => {
  await audit("archive", "restore", target);
  expect(await audit.items("history", "users", "7")).toHaveLength(2);
});
