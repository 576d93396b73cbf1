import fc from "fast-check";
import { expect, it } from "vitest";
import type { Row } from "../../src/output/columns.ts";
import { streamCsv } from "../../src/output/csv.ts";
import { createStyle } from "../../src/output/style.ts";
import { parseCsv } from "../helpers/parseCsv.ts";

async function csv(titles: readonly string[], batches: readonly (readonly Row[])[], onTerminal = false) {
  let text = "";
  const columns = titles.map((title) => ({ title }));
  for await (const chunk of streamCsv(columns, batches, { onTerminal })) text += chunk;
  return text;
}

it("has a header line and CRLF, and quotes what has to be", async () => {
  const rows: Row[] = [
    ["1", "plain", 'say "hi"'],
    ["2", "a,b", "two\nlines\r\n"],
    ["3", " blank", "\\."],
  ];
  expect(await csv(["id", "a,b", 'c"'], [rows])).toBe(
    'id,"a,b","c"""\r\n1,plain,"say ""hi"""\r\n2,"a,b","two\nlines\r\n"\r\n3," blank","\\."\r\n',
  );
});

it("tells NULL, the empty text and the text null apart", async () => {
  expect(await csv(["a", "b", "c"], [[[null, "", "null"]]])).toBe('a,b,c\r\n,"",null\r\n');
});

it("leaves what a spreadsheet would take for a formula as it is", async () => {
  const formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"];
  expect(await csv(["f"], [formulas.map((text) => [text])])).toBe(`f\r\n${formulas.join("\r\n")}\r\n`);
});

it("has its header though there are no rows, and no colours", async () => {
  expect(await csv(["a"], [])).toBe("a\r\n");
  expect(await csv(["a"], [[], []])).toBe("a\r\n");
  expect(await csv(["a"], [[[{ text: "x", paint: createStyle(true).red }]]])).toBe("a\r\nx\r\n");
});

it("writes out what a terminal would obey, on a terminal only", async () => {
  const row: Row = ["\x1b[2J\x9b1m", "a\r\nb", "\u202e"];
  expect(await csv(["\x07"], [[row]], true)).toBe("\\x07\r\n\\x1b[2J\\x9b1m,a\\r\\nb,\\u202e\r\n");
  expect(parseCsv(await csv(["\x07"], [[row]]))).toEqual([["\x07"], row]);
});

it("comes back from a parser exactly as it was", { timeout: 60_000 }, async () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom('"', ",", "\r", "\n", " ", "\\", ".", "\ufeff", "=", "a") }),
  );
  const width = 3;
  const short = { maxLength: 4 };
  const line = fc.array(fc.option(text), { minLength: width, maxLength: width });
  const titles = fc.array(text, { minLength: width, maxLength: width });
  await fc.assert(
    fc.asyncProperty(titles, fc.array(fc.array(line, short), short), async (head, batches) => {
      expect(parseCsv(await csv(head, batches))).toEqual([head, ...batches.flat()]);
    }),
  );
});
