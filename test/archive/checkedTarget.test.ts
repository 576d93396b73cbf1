import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { checkedTarget } from "../../src/archive/checkedTarget.ts";
import type { ArchivedFile } from "../../src/archive/manifest.ts";
import type { Target } from "../../src/archive/target.ts";

const written = Buffer.from("what was written, and nothing else");

/** A place where one file lies, that counts how often it is fetched. */
function placeWith(bytes: Buffer) {
  const fetched = { whole: 0, parts: 0 };
  const target: Target = {
    text: "a place",
    write: async () => {},
    read: async function* () {
      fetched.whole++;
      yield bytes.subarray(0, 5);
      yield bytes.subarray(5);
    },
    readRange: async (_, start, end) => {
      fetched.parts++;
      return bytes.subarray(start, end);
    },
    list: async function* () {},
    remove: async () => {},
  };
  return { target, fetched };
}

function file(size: number): ArchivedFile {
  return {
    ...{ path: "users", relation: 1, month: "2026-11", format: "parquet", compression: "gzip", changes: 1 },
    ...{ bytes: size, sha256: createHash("sha256").update(written).digest("hex"), content: "" },
    ...{ firstId: "1", lastId: "1", firstAt: "", lastAt: "", firstBegan: null },
  };
}

it("gives out parts of a file that is what was written, fetched once", async () => {
  const { target, fetched } = placeWith(written);
  const checked = checkedTarget(target, [file(written.length)]);
  expect(Buffer.from(await checked.readRange("users", 0, 4)).toString()).toBe("what");
  expect(Buffer.from(await checked.readRange("users", 5, 8)).toString()).toBe("was");
  expect(fetched).toEqual({ whole: 1, parts: 0 });
});

it.each([
  [
    "a bit is another",
    Buffer.from(written).fill("W", 0, 1),
    /^The archived file users is not the one that was written\.$/,
  ],
  [
    "its end is missing",
    written.subarray(0, 20),
    /^The archived file users has 20 bytes; 34 were written\.$/,
  ],
])("gives out nothing of a file where %s", async (_, bytes, message) => {
  const { target } = placeWith(bytes);
  const checked = checkedTarget(target, [file(written.length)]);
  await expect(checked.readRange("users", 5, 8)).rejects.toThrow(message);
  await expect(checked.readRange("users", 5, 8)).rejects.toThrow(message);
});

it("passes by what is none of the files", async () => {
  const { target, fetched } = placeWith(written);
  expect(Buffer.from(await checkedTarget(target, []).readRange("other", 0, 4)).toString()).toBe("what");
  expect(fetched).toEqual({ whole: 0, parts: 1 });
});
