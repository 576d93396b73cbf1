import { beforeAll, describe, expect, it } from "vitest";
import { type OutputFormat, outputFormats } from "../../src/commands/options.ts";
import { safeText } from "../../src/core/safe.ts";
import { main } from "../../src/main.ts";
import { type FakeIoOptions, fakeIo } from "../helpers/fakeIo.ts";
import { parseCsv } from "../helpers/parseCsv.ts";
import { type BinResult, runBin, runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

/** What would command a terminal, a spreadsheet, a browser or a parser if it got there as it is. */
const payloads: readonly string[] = [
  "\x1b[2J\x1b[H",
  "\x1b[31mred\x1b[0m",
  "\x1b[?1049h",
  "\x1b[6n",
  "\x1b[8;1;1t",
  "\x1bc",
  "\x1b]0;title\x07",
  "\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\",
  "\x1b]52;c;ZWNobyBoaQ==\x07",
  "\x1bP+q544e\x1b\\",
  "\x1b_Gi=1;\x1b\\",
  "\x9b2J",
  "\x9d0;title\x9c",
  "\x90q\x9c",
  "\x85next",
  "\x07\x08\x0b\x0c\x0e\x0f",
  "\x7f\x7f\x7f",
  "\x01\x02\x03\x04",
  "\u202eevil\u202c",
  "\u2066isolated\u2069",
  "\u200eltr\u200f",
  "\u061c",
  "zero\u200bwidth\u2060",
  "\ufeffmark",
  "\u2028line\u2029paragraph",
  "\u{e0041}\u{e0042}",
  "over\rwritten",
  "\r",
  "\n",
  "two\nlines",
  "two\r\nlines",
  "\ttab\t",
  "=1+1",
  "=cmd|' /C calc'!A0",
  "+1",
  "-1",
  "@SUM(A1:A9)",
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "&lt;b&gt; &amp;",
  "a|b | c",
  "`code` **bold** _it_ ~~gone~~",
  "![x](https://example.org/x.png)",
  "back\\slash\\|\\",
  '"quoted"',
  'a"b,c"d,',
  " blanks ",
  "",
  "null",
  "\\N",
  "\\.",
  "日本語 e\u0301 👩‍👩‍👧 ﷽",
  "$(rm -rf /)",
];

/** A column's name may be no better. */
const title = 'odd|"name",\x1b[2J\n<b>';

/** By id; the last two are NULL and a long text. */
const values: readonly (string | null)[] = [...payloads, null, `long ${"x".repeat(200)}\x1b[2J`];

beforeAll(async () => {
  const { sql, url } = database;
  await sql`create table hostile (id int primary key, ${sql.unsafe(`"${title.replaceAll('"', '""')}" text`)})`;
  expect(await runCli(["enable", "hostile", "--database-url", url])).toMatchObject({ code: 0 });
  await sql`insert into hostile select ordinality, value
    from unnest(${sql.array([...values] as string[])}::text[]) with ordinality as list (value, ordinality)`;
});

async function atTime(args: readonly string[], world: FakeIoOptions = {}) {
  const line = ["at-time", "now", "hostile", "--tz", "UTC", "--database-url", database.url, ...args];
  const { code, stdout, stderr } = await runCli(line, world);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  return { stdout, stderr };
}

const expectedItems = values.map((value, index) => ({ id: String(index + 1), [title]: value }));

/** All that a terminal could obey or hide, except ends of lines. */
const obeyed =
  /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/u;

describe("piped", () => {
  it("ndjson parses back to the exact values, line by line", async () => {
    const { stdout } = await atTime(["-o", "ndjson"]);
    const lines = stdout.split("\n");
    expect(lines.pop()).toBe("");
    expect(lines.map((line) => JSON.parse(line))).toEqual(expectedItems);
  });

  it("json parses back to the exact values", async () => {
    const { stdout } = await atTime(["-o", "json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      schema: "public",
      table: "hostile",
      unknown: [],
      items: expectedItems,
    });
  });

  it("csv parses back to the exact values", async () => {
    const { stdout } = await atTime(["-o", "csv"]);
    expect(parseCsv(stdout)).toEqual([
      ["id", title],
      ...values.map((value, index) => [String(index + 1), value]),
    ]);
  });

  it("csv is what COPY of the same rows gives back", async () => {
    const { sql } = database;
    const { stdout } = await atTime(["-o", "csv"]);
    await sql.begin(async (transaction) => {
      await transaction`create temporary table copied (id int, value text) on commit drop`;
      const stream = await transaction`copy copied from stdin (format csv, header)`.writable();
      await new Promise<void>((resolve, reject) => {
        stream.on("error", reject);
        stream.on("finish", () => resolve());
        stream.end(stdout);
      });
      const rows = await transaction<{ value: string | null }[]>`select value from copied order by id`;
      expect(rows.map(({ value }) => value)).toEqual(values);
    });
  });

  it("markdown keeps every value in its cell", async () => {
    const { stdout } = await atTime(["-o", "markdown"]);
    expect(stdout).not.toMatch(obeyed);
    expect(stdout).not.toMatch(/[<>]/);
    const lines = stdout.split("\n");
    expect(lines.pop()).toBe("");
    const cells = lines.map((line) => line.slice(2, -2).split(" | "));
    expect(cells.map((row) => row.length)).toEqual(Array(values.length + 2).fill(2));
    const shown = cells.slice(2).map(([, cell]) => (cell === "*null*" ? null : plainOf(cell ?? "")));
    expect(shown).toEqual(values.map((value) => (value === null ? null : safeText(value))));
  });

  it("the table shows every value on its line, whole", async () => {
    const { stdout } = await atTime(["-o", "table"]);
    expect(stdout).not.toMatch(obeyed);
    const lines = stdout.split("\n");
    expect(lines).toHaveLength(values.length + 2);
    expect(lines[1]).toBe("1   \\x1b[2J\\x1b[H");
    expect(lines.at(-2)).toBe(`${values.length}  ${safeText(values.at(-1) ?? "")}`);
  });
});

/** What a reader sees of a cell of Markdown. */
function plainOf(cell: string): string {
  return cell
    .replace(/\\([!-/:-@[-`{-~])/g, "$1")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

describe("on a terminal", () => {
  const world = { outIsTTY: true, errIsTTY: true, width: 60, env: { NO_COLOR: "1" } };

  it.each<[string, string[]]>([
    ["the form for people", []],
    ["the wide form for people", ["--wide"]],
    ...outputFormats.map((format): [string, string[]] => [format, ["-o", format]]),
  ])("nothing of the values' own reaches it in %s", async (_, args) => {
    const { stdout, stderr } = await atTime(args, world);
    expect(stdout.replaceAll("\r\n", "\n")).not.toMatch(obeyed);
    expect(stderr).not.toMatch(obeyed);
  });

  it("csv shows what would be obeyed, and is whole again when it is piped", async () => {
    const { stdout } = await atTime(["-o", "csv"], world);
    expect(parseCsv(stdout)).toEqual([
      ["id", safeText(title)],
      ...values.map((value, index) => [String(index + 1), value === null ? null : safeText(value)]),
    ]);
  });

  it("colours are ours: without them the text is the same", async () => {
    const plain = await atTime([], world);
    const dressed = await atTime([], { ...world, env: {} });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: our own colour codes
    const colours = /\x1b\[(?:1|2|22)m/g;
    expect(dressed.stdout).toMatch(colours);
    expect(dressed.stdout.replace(colours, "")).toBe(plain.stdout);
  });

  it("tables fit it unless they are to be wide", async () => {
    const fitted = (await atTime([], world)).stdout.split("\n");
    const wide = (await atTime(["--wide"], world)).stdout.split("\n");
    expect(Math.max(...fitted.map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(wide.at(-2)).toBe(`${values.length}  ${safeText(values.at(-1) ?? "")}`);
  });
});

describe("a reader who quits the pager", () => {
  it("ends the query at once, quietly, with code 0", async () => {
    const { sql, url } = database;
    const io = fakeIo({ outIsTTY: true, hasPagers: true });
    const holder = await sql.reserve();
    await holder`begin`;
    await holder`lock table hostile`;
    const running = main(["at-time", "now", "hostile", "--database-url", url], io);
    const waiting = async () => {
      const rows = await sql`
        select from pg_stat_activity
        where datname = current_database() and application_name = 'audit' and wait_event_type = 'Lock'`;
      return rows.length;
    };
    await expect.poll(waiting, { timeout: 20_000 }).toBe(1);
    io.quitPager();
    expect(await running).toBe(0);
    expect(io.stdout).toBe("");
    expect(io.stderr).not.toMatch(/cancelling|error/);
    await expect.poll(waiting).toBe(0);
    await holder`rollback`;
    holder.release();
  });
});

describe("bin", () => {
  const run = (format: OutputFormat): Promise<BinResult> =>
    runBin(["at-time", "now", "hostile", "-o", format], { env: { DATABASE_URL: database.url, TZ: "UTC" } });

  it.each(outputFormats)("prints %s to a pipe as it does here", async (format) => {
    const { code, stdout } = await run(format);
    const here = (await atTime(["-o", format])).stdout;
    const settled = (text: string) => text.replace(/"at":\{[^}]*\}/, "");
    expect({ code, stdout: settled(stdout) }).toEqual({ code: 0, stdout: settled(here) });
  });
});
