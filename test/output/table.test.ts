import { describe, expect, it } from "vitest";
import type { Column, Look, Row } from "../../src/output/columns.ts";
import { streamTable } from "../../src/output/stream.ts";
import { createStyle } from "../../src/output/style.ts";
import { remarkedTable, tableText } from "../../src/output/table.ts";

const plain = createStyle(false);
const color = createStyle(true);

const columns: readonly Column[] = [
  { title: "name" },
  { title: "changes", align: "right" },
  { title: "note" },
];
const rows: readonly Row[] = [
  ["users", "1,203,344", "excluding hair_color, because nobody needs to know what it was before"],
  ["日本語", "7", { text: "e\u0301\x1b[2J", paint: color.red }],
  [null, "0", ""],
];

async function streamed(batches: readonly (readonly Row[])[], look: Look, head = columns): Promise<string> {
  let text = "";
  for await (const chunk of streamTable(head, batches, look)) text += chunk;
  return text;
}

describe("tableText", () => {
  it("fits the terminal, the widest column giving way", async () => {
    expect(await tableText(columns, rows, { style: plain, width: 50 })).toMatchInlineSnapshot(`
      "name      changes  note
      users   1,203,344  excluding hair_color, because …
      日本語          7  [31mé\\x1b[2J[39m
      null            0
      "
    `);
  });

  it("has a bold header and painted cells with colour on", async () => {
    expect(await tableText(columns, rows, { style: color, width: 40 })).toMatchInlineSnapshot(`
      "[1mname[22m      [1mchanges[22m  [1mnote[22m
      users   1,203,344  excluding hair_color…
      日本語          7  [31mé\\x1b[2J[39m
      [2mnull[22m            0
      "
    `);
  });

  it("truncates nothing when stdout is no terminal", async () => {
    expect(await tableText(columns, rows, { style: plain, width: undefined })).toMatchInlineSnapshot(`
      "name      changes  note
      users   1,203,344  excluding hair_color, because nobody needs to know what it was before
      日本語          7  [31mé\\x1b[2J[39m
      null            0
      "
    `);
  });

  it("never cuts a number, however narrow the terminal", async () => {
    const text = await tableText(columns, rows, { style: plain, width: 10 });
    expect(text).toContain("1,203,344");
  });

  it("shows the header of an empty table", async () => {
    expect(await tableText(columns, [], { style: plain, width: 80 })).toBe("name  changes  note\n");
    expect(await tableText(columns, [], { style: plain, width: undefined })).toBe("name  changes  note\n");
  });

  it("keeps every cell on its line", async () => {
    const text = await tableText(columns, [["a\nb", "1", "c\r\td"]], { style: plain, width: 80 });
    expect(text.split("\n")).toHaveLength(3);
    expect(text).toContain("a\\nb");
  });
});

describe("streamTable", () => {
  it.each([30, 50, 80, 200, undefined])("looks the same as tableText at width %s", async (width) => {
    const uncolored = rows.map((row) =>
      row.map((cell) => (typeof cell === "object" && cell ? cell.text : cell)),
    );
    for (const style of [plain, color]) {
      expect(await streamed([uncolored], { style, width })).toBe(
        await tableText(columns, uncolored, { style, width }),
      );
    }
  });

  it("takes its widths from the first batch and lets later cells use what the line has left", async () => {
    const head: readonly Column[] = [{ title: "id", align: "right" }, { title: "name" }, { title: "city" }];
    const batches: Row[][] = [
      [],
      [["1", "Ada", "Rome"]],
      [["1000", "Ada Lovelace", "Rome"]],
      [["2", "Bob", "x".repeat(50)]],
    ];
    expect(await streamed(batches, { style: plain, width: 30 }, head)).toMatchInlineSnapshot(`
      "id  name  city
       1  Ada   Rome
      1000  Ada Lovelace  Rome
       2  Bob   xxxxxxxxxxxxxxxxxxx…
      "
    `);
  });

  it("is not blown up by one long value off a terminal", async () => {
    const text = await streamed([[["x".repeat(100_000), "1", ""], ...Array(50).fill(["a", "2", ""])]], {
      style: plain,
      width: undefined,
    });
    expect(text.length).toBeLessThan(110_000);
    expect(text).toContain("x".repeat(100_000));
  });

  it("shows the header of an empty answer, once", async () => {
    expect(await streamed([[], []], { style: plain, width: 80 })).toBe("name  changes  note\n");
  });

  it("takes linear time", async () => {
    const batch: Row[] = Array.from({ length: 1000 }, (_, id) => [`user ${id}`, "1", "é"]);
    const started = performance.now();
    const text = await streamed(Array(50).fill(batch), { style: plain, width: 80 });
    expect(text.split("\n")).toHaveLength(50_002);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe("remarkedTable", () => {
  const look = { style: plain, width: 40 };
  const short: readonly Row[] = [["users"], ["orders"]];
  const remarks = (...texts: string[]) => ({ title: "why", texts });

  it("ends each line with its remark where there is room", async () => {
    expect(await remarkedTable([{ title: "name" }], short, remarks("", "late"), look)).toBe(
      "name    why\nusers\norders  late\n",
    );
  });

  it("puts remarks below their lines, whole and escaped, where there is none", async () => {
    const long = `${"because ".repeat(5)}\x1b[2J`;
    expect(await remarkedTable([{ title: "name" }], short, remarks(long, ""), look)).toBe(
      `name\nusers\n    ${"because ".repeat(5)}\\x1b[2J\norders\n`,
    );
    expect(
      await remarkedTable([{ title: "name" }], short, remarks(long, ""), { ...look, width: undefined }),
    ).toContain(`users   ${"because ".repeat(5)}\\x1b[2J\n`);
  });

  it("has no place for remarks where there are none", async () => {
    expect(await remarkedTable([{ title: "name" }], short, remarks("", ""), look)).toBe(
      "name\nusers\norders\n",
    );
  });
});
