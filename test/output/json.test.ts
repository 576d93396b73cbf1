import { describe, expect, it } from "vitest";
import { changeJson, jsonDocument, jsonLine, streamJson } from "../../src/output/json.ts";
import type { Change } from "../../src/types.ts";

async function joined(chunks: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const chunk of chunks) text += chunk;
  return text;
}

describe("jsonDocument", () => {
  it("puts the version first, then the extra fields, then one item per line", () => {
    expect(jsonDocument([{ id: "1" }, { id: "2" }], { at: "now" })).toMatchInlineSnapshot(`
      "{"version":1,"at":"now","items":[
      {"id":"1"},
      {"id":"2"}
      ]}
      "
    `);
  });

  it("has an empty list rather than nothing", () => {
    expect(jsonDocument([])).toBe('{"version":1,"items":[]}\n');
  });
});

describe("jsonLine", () => {
  it("writes bigint as text", () => {
    expect(jsonLine({ id: 9223372036854775807n })).toBe('{"id":"9223372036854775807"}');
  });

  it.each(["\x1b", "\x7f", "\x9b31m", "\u202e", "\u2028", "\u200b", "\u{e0041}", "\n", "\ud800"])(
    "lets %j reach no terminal and comes back the same",
    (text) => {
      const line = jsonLine({ text });
      expect(line).toMatch(/^[\x20-\x7e]+$/);
      expect(JSON.parse(line)).toEqual({ text });
    },
  );

  it("leaves emoji and joined letters whole", () => {
    expect(jsonLine("👩‍👩‍👧 ❤\ufe0f \u0644\u200d")).toBe('"👩‍👩‍👧 ❤\ufe0f \u0644\u200d"');
  });

  it("keeps a column called __proto__", () => {
    expect(jsonLine(JSON.parse('{"__proto__":1}'))).toBe('{"__proto__":1}');
  });
});

describe("streamJson", () => {
  it.each([0, 1, 2, 5000])("writes the same document as jsonDocument for %d items", async (count) => {
    const items = Array.from({ length: count }, (_, id) => ({ id, text: "x".repeat(50) }));
    expect(await joined(streamJson(items, { zone: "UTC" }))).toBe(jsonDocument(items, { zone: "UTC" }));
  });

  it("lets the first item go before the second is asked for", async () => {
    let asked = 0;
    async function* items() {
      for (;;) yield ++asked;
    }
    const chunks = streamJson(items());
    expect((await chunks.next()).value).toBe('{"version":1,"items":[\n1');
    expect(asked).toBe(1);
    const second = (await chunks.next()).value ?? "";
    expect(second.length).toBeGreaterThan(60_000);
    expect(second.length).toBeLessThan(70_000);
    await chunks.return();
  });

  it("leaves half an answer unparsable", async () => {
    async function* items() {
      yield 1;
      throw new Error("connection lost");
    }
    let text = "";
    await expect(async () => {
      for await (const chunk of streamJson(items())) text += chunk;
    }).rejects.toThrow("connection lost");
    expect(() => JSON.parse(text)).toThrow();
  });
});

describe("changeJson", () => {
  it("has exactly the documented keys, in order", () => {
    const change: Change = {
      id: "9007199254740993",
      tx: "812",
      at: "2026-11-22T10:00:00.123456+00:00",
      schema: "public",
      table: "users",
      op: "update",
      key: "9",
      oldKey: "7",
      old: { id: "7" },
      new: { id: "9" },
      actor: "ada",
      dbUser: "shop",
      role: null,
      application: "psql",
      clientAddr: "::1",
      context: { reason: "typo" },
    };
    expect(jsonLine(changeJson(change))).toMatchInlineSnapshot(
      `"{"id":"9007199254740993","tx":"812","at":"2026-11-22T10:00:00.123456+00:00","schema":"public","table":"users","op":"update","key":"9","old_key":"7","old":{"id":"7"},"new":{"id":"9"},"actor":"ada","db_user":"shop","role":null,"application":"psql","client_addr":"::1","context":{"reason":"typo"}}"`,
    );
  });
});
