import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

async function imageOf(values: Record<string, string | null>): Promise<unknown> {
  const [row] = await database.sql<{ it: string }[]>`
    select audit._digest_image(${Object.keys(values)}::text[], ${Object.values(values) as string[]}::text[])::text as it`;
  return JSON.parse(row?.it ?? "");
}

const digest = (text: string) => ({
  digest: `sha256:${createHash("sha256").update(text).digest("hex")}`,
  bytes: Buffer.byteLength(text),
});

describe("_digest_image", () => {
  it("keeps what is a megabyte at most, and NULL apart", async () => {
    const values = { id: "7", none: null, empty: "", word: "null", large: "x".repeat(1_000_000) };
    expect(await imageOf(values)).toEqual(values);
  });

  it("has a digest and the size for each value that is larger, by its bytes", async () => {
    const [ascii, wide] = ["x".repeat(1_000_001), "ü".repeat(500_001)];
    expect(await imageOf({ ascii, wide, id: "7" })).toEqual({
      ascii: digest(ascii),
      wide: digest(wide),
      id: "7",
    });
  });

  it("tells two values apart that differ in their last byte", async () => {
    const long = "x".repeat(1_000_000);
    const image = (await imageOf({ a: `${long}1`, b: `${long}2` })) as Record<string, unknown>;
    expect(image.a).not.toEqual(image.b);
  });
});
