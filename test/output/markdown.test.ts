import { expect, it } from "vitest";
import type { Row } from "../../src/output/columns.ts";
import { streamMarkdown } from "../../src/output/markdown.ts";

async function markdown(titles: readonly string[], batches: readonly (readonly Row[])[]) {
  let text = "";
  const columns = titles.map((title, index) => ({
    title,
    ...(index === 1 ? { align: "right" as const } : {}),
  }));
  for await (const chunk of streamMarkdown(columns, batches)) text += chunk;
  return text;
}

it("is a table of GitHub's", async () => {
  expect(await markdown(["name", "changes"], [[["users", "12"]], [["orders", "3"]]])).toBe(
    "| name | changes |\n| --- | --: |\n| users | 12 |\n| orders | 3 |\n",
  );
});

it("has its header though there are no rows", async () => {
  expect(await markdown(["name"], [])).toBe("| name |\n| --- |\n");
});

it("tells NULL from the text null", async () => {
  expect(await markdown(["a"], [[[null], ["null"], ["*null*"], [""]]])).toBe(
    "| a |\n| --- |\n| *null* |\n| null |\n| \\*null\\* |\n|  |\n",
  );
});

it.each([
  ["a|b", "a\\|b"],
  ["a\\|b", "a\\\\\\|b"],
  ["a\\", "a\\\\"],
  ["`rm -rf`", "\\`rm -rf\\`"],
  ["two\nlines", "two\\\\nlines"],
  ["two\r\nlines", "two\\\\r\\\\nlines"],
  ["a\u2028b", "a\\\\u2028b"],
  ["<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"],
  ["<!-- hidden", "&lt;\\!-- hidden"],
  ["&lt;b&gt;", "&amp;lt;b&amp;gt;"],
  ["![x](https://example.org/x.png)", "\\!\\[x\\](https://example.org/x.png)"],
  ["**bold** _it_ ~~gone~~", "\\*\\*bold\\*\\* \\_it\\_ \\~\\~gone\\~\\~"],
  ["$x^2$", "\\$x^2\\$"],
  ["\x1b[2J", "\\\\x1b\\[2J"],
  ["\x1b]0;title\x07", "\\\\x1b\\]0;title\\\\x07"],
  ["\u202eevil", "\\\\u202eevil"],
])("keeps %j in its cell", async (value, shown) => {
  expect(await markdown(["a"], [[[value]]])).toBe(`| a |\n| --- |\n| ${shown} |\n`);
  expect(await markdown([value], [])).toBe(`| ${shown} |\n| --- |\n`);
});
