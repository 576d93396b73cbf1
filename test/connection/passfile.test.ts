import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPassword, readPassfile } from "../../src/connection/passfile.ts";

const target = { host: "db.example.com", port: 5432, database: "app", user: "ann" };

describe("findPassword", () => {
  it.each([
    ["db.example.com:5432:app:ann:secret", "secret"],
    ["*:*:*:*:secret", "secret"],
    ["*:5433:*:*:wrong\n*:5432:*:*:right", "right"],
    ["*:*:*:*:first\ndb.example.com:5432:app:ann:second", "first"],
    ["# *:*:*:*:comment\n\n*:*:*:*:secret\n", "secret"],
    ["*:*:*:ann:with\\:colon", "with:colon"],
    ["*:*:*:ann:with\\\\backslash", "with\\backslash"],
    ["*:*:*:ann:ends:here", "ends"],
    ["*:*:*:*:secret\r\n", "secret"],
    ["too:few:fields", undefined],
    ["other:*:*:*:secret", undefined],
    ["*:*:APP:*:secret", undefined],
    ["", undefined],
  ])("finds in %j: %s", (text, expected) => {
    expect(findPassword(text, target)).toBe(expected);
  });

  it("matches fields that hold colons and backslashes through their escapes", () => {
    const odd = { host: "::1", port: 5432, database: "a\\b", user: "an:n" };
    expect(findPassword("\\:\\:1:5432:a\\\\b:an\\:n:secret", odd)).toBe("secret");
  });

  it("does not take an escaped star for any value", () => {
    expect(findPassword("\\*:*:*:*:secret", target)).toBeUndefined();
  });

  it("knows the default socket directory as localhost, any other by its path", () => {
    const socket = (host: string) => findPassword("localhost:*:*:*:secret", { ...target, host });
    expect(socket("/var/run/postgresql")).toBe("secret");
    expect(socket("/srv/socket")).toBeUndefined();
    expect(findPassword("/srv/socket:*:*:*:secret", { ...target, host: "/srv/socket" })).toBe("secret");
  });
});

describe("readPassfile", () => {
  let directory = "";
  let path = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "pgtrail-passfile-"));
    path = join(directory, "pgpass");
    await writeFile(path, "*:*:*:*:secret\n");
  });
  afterAll(() => rm(directory, { recursive: true }));

  it("reads a file that is its owner's alone", async () => {
    await chmod(path, 0o600);
    expect(await readPassfile(path)).toEqual({ text: "*:*:*:*:secret\n" });
  });

  it.each([0o640, 0o604, 0o644])("ignores, with a warning, a file of mode %o", async (mode) => {
    await chmod(path, mode);
    const { text, warning } = await readPassfile(path);
    expect(text).toBeUndefined();
    expect(warning).toContain(`"${path}"`);
    expect(warning).toContain("chmod 600");
  });

  it("says nothing of a file that is not there", async () => {
    expect(await readPassfile(join(directory, "none"))).toEqual({});
  });

  it("warns of a directory in its place", async () => {
    expect((await readPassfile(directory)).warning).toContain("not a plain file");
  });
});
