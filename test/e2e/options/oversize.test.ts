import { createHash } from "node:crypto";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { auditOf } from "../../helpers/auditOf.ts";
import { useDatabase } from "../../helpers/useDatabase.ts";
import { type Change, clock } from "./capture.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);

/** A row whose image would be of 270 MiB, where one can hold 256: the bytea takes twice its size. */
const large = "repeat('x', 62000000), convert_to(repeat('y', 110000000), 'UTF8')";

const sha256 = (part: string, count: number, before = "") => {
  const hash = createHash("sha256").update(before);
  const piece = part.repeat(1_000_000 / part.length);
  for (let done = 0; done < count; done += 1_000_000) hash.update(piece);
  return `sha256:${hash.digest("hex")}`;
};
const digests = {
  body: { digest: sha256("x", 62_000_000), bytes: 62_000_000 },
  data: { digest: sha256("79", 220_000_000, "\\x"), bytes: 220_000_002 },
};

beforeAll(async () => {
  if (between) return;
  await database.sql.unsafe(`
    create table big (id int primary key, body text, data bytea, note text);
    insert into big values (1, ${large}, 'one'), (2, 'small', '\\x02', 'two')`);
});

/** What is there, without the large values themselves. */
const sizes = (source: string) =>
  database.sql.unsafe(
    `select id, length(body) as body, length(data) as data, note from ${source} as big order by id`,
  );

/** Half a minute each, and the oldest and the newest server tell all: what is built on changed between none of them. */
const between = [16, 17].includes(inject("postgresMajor"));

describe.skipIf(between)("a row too large to be recorded", () => {
  it.each([
    ["INSERT", `insert into big values (3, ${large}, 'three')`],
    ["UPDATE", "update big set body = 'a', data = '\\x01', note = 'gone' where id = 1"],
    ["DELETE", "delete from big where id = 1"],
    ["TRUNCATE", "truncate big"],
  ])("makes its %s fail, with the cause, the table and the way out", async (_, statement) => {
    await audit("enable", "big");
    const before = await sizes("big");
    await expect(database.sql.unsafe(statement)).rejects.toMatchObject({
      code: "54000",
      message: expect.stringMatching(/^total size of jsonb object elements exceeds the maximum/),
      where: expect.stringMatching(
        /audit: the change of public\.big could not be recorded.*audit enable public\.big --exclude <column> or --oversize digest/,
      ),
    });
    expect(await sizes("big")).toEqual(before);
    expect(await audit.items("history", "big")).toEqual([]);
  });
});

describe.skipIf(between)("with --oversize digest, a row too large to be recorded", () => {
  const at: Record<string, string> = {};

  it("is written, and the sha256 of its large values is kept", async () => {
    await audit("enable", "big", "--oversize", "digest");
    at.start = await clock(database.sql);
    await database.sql.unsafe(`insert into big values (3, ${large}, 'three')`);
    await database.sql.unsafe("update big set note = 'touched' where id = 3");
    at.inserted = await clock(database.sql);
    await database.sql.unsafe("update big set body = 'a', data = '\\x01', note = 'smaller' where id = 1");
    at.updated = await clock(database.sql);
    await database.sql.unsafe("delete from big where id = 3");
    expect(await audit.items<Change>("history", "big")).toMatchObject([
      { op: "insert", key: "3", old: null, new: { id: "3", ...digests, note: "three" } },
      { op: "update", key: "3", old: { note: "three" }, new: { note: "touched" } },
      {
        op: "update",
        key: "1",
        old: { ...digests, note: "one" },
        new: { body: "a", data: "\\x01", note: "smaller" },
      },
      { op: "delete", key: "3", old: { id: "3", ...digests, note: "touched" }, new: null },
    ]);
    expect((await audit("history", "big", "3")).stdout).toContain(digests.data.digest);
  });

  it("is an error where its past values would have to be shown, and never a wrong value", async () => {
    const changes = await audit.items<Change>("history", "big");
    const [updated, deleted] = [changes[2], changes[3]].map((change) => change?.id);
    for (const [instant, change] of [
      [at.start, updated],
      [at.inserted, updated],
      [at.updated, deleted],
    ]) {
      await expect(sizes(`audit.at(null::big, '${instant}')`)).rejects.toMatchObject({
        code: "UA007",
        message: expect.stringMatching(
          /^the value that column (body|data) of public\.big had then is not known/,
        ),
      });
      const { code, stdout, stderr } = await audit.run(["at-time", instant ?? "", "big"]);
      expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
      expect(stderr).toContain(`change ${change} kept but a digest of it`);
      expect(stderr).toContain("--oversize digest");
    }
  });

  it("leaves the past of other rows, and of times at which it is not needed, as they were", async () => {
    expect(await audit.items("at-time", at.updated ?? "", "big", "1")).toEqual([
      { id: "1", body: "a", data: "\\x01", note: "smaller" },
    ]);
    expect(await audit.items("at-time", at.inserted ?? "", "big", "2")).toEqual([
      { id: "2", body: "small", data: "\\x02", note: "two" },
    ]);
    expect(await audit.items("at-time", at.start ?? "", "big", "3")).toEqual([]);
  });

  it("stays an error when the option is taken back, and when the columns have other names", async () => {
    await audit("enable", "big", "--oversize", "fail");
    await database.sql.unsafe("alter table big rename body to content");
    const { code, stderr } = await audit.run(["at-time", at.updated ?? "", "big", "3"]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/column (content|data) of public\.big/);
    await database.sql.unsafe("alter table big rename content to body");
  });

  it("is kept so by TRUNCATE, too", async () => {
    await audit("enable", "big", "--oversize", "digest");
    await database.sql.unsafe(`
      set local session_replication_role = replica;
      insert into big values (4, ${large}, 'four')`);
    const before = await clock(database.sql);
    await database.sql.unsafe("truncate big");
    expect(await audit.items<Change>("history", "big", "4")).toMatchObject([
      { op: "truncate", old: { id: "4", ...digests, note: "four" } },
    ]);
    expect((await audit.run(["at-time", before, "big"])).code).toBe(3);
    expect(await audit.items("at-time", "now", "big")).toEqual([]);
  });
});
