import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

const named = 'app."Odd Name"';

async function imageOf(policy: string, values: Record<string, string | null>): Promise<unknown> {
  const [row] = await database.sql<{ it: string }[]>`
    select audit._oversize_image(${named}, ${policy},
      ${Object.keys(values)}::text[], ${Object.values(values) as string[]}::text[])::text as it`;
  return JSON.parse(row?.it ?? "");
}

const digest = (text: string) => ({
  digest: `sha256:${createHash("sha256").update(text).digest("hex")}`,
  bytes: Buffer.byteLength(text),
});

describe("_oversize_image by digest", () => {
  it("keeps what is a megabyte at most, and NULL apart", async () => {
    const values = { id: "7", none: null, empty: "", word: "null", large: "x".repeat(1_000_000) };
    expect(await imageOf("digest", values)).toEqual(values);
  });

  it("has a digest and the size for each value that is larger, by its bytes", async () => {
    const [ascii, wide] = ["x".repeat(1_000_001), "ü".repeat(500_001)];
    expect(await imageOf("digest", { ascii, wide, id: "7" })).toEqual({
      ascii: digest(ascii),
      wide: digest(wide),
      id: "7",
    });
  });

  it("tells two values apart that differ in their last byte", async () => {
    const long = "x".repeat(1_000_000);
    const image = (await imageOf("digest", { a: `${long}1`, b: `${long}2` })) as Record<string, unknown>;
    expect(image.a).not.toEqual(image.b);
  });
});

describe("_oversize_image where the write is to fail", () => {
  it("is an error of ours that names table, sizes, the largest column, and both ways out", async () => {
    const values = {
      id: "7",
      none: null,
      "Body Text": "x".repeat(3 * 1024 ** 2),
      note: "y".repeat(1024),
    };
    await expect(imageOf("fail", values)).rejects.toMatchObject({
      code: "UA006",
      message: `audit: a row of ${named} is too large to be recorded: 3073 kB in all, 3072 kB of them in column Body Text`,
      detail: "One recorded row can hold 238 MB of text.",
      hint: `Leave the column out (audit enable ${named} --exclude "Body Text"), or keep a digest of what is too large (audit enable ${named} --oversize digest).`,
    });
  });
});
