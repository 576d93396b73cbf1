import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createProgram } from "../../src/program.ts";
import { fakeIo } from "../helpers/fakeIo.ts";
import { runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase();

const page = new URL("../../docs/json.md", import.meta.url);

/** One command line of the page with the document it is shown to print. */
interface Example {
  readonly line: string;
  readonly document: string;
}

const pattern = /```sh\n(audit .*)\n```\n\n```json\n([^`]*)```/g;

const examples: Example[] = [...readFileSync(page, "utf8").matchAll(pattern)].map(
  ([, line = "", document = ""]) => ({ line, document }),
);

/** UPDATE_JSON_DOCS=1 writes what the commands print into the page; read the difference. */
const updating = Boolean(process.env.UPDATE_JSON_DOCS);
const printed = new Map<string, Example>();

beforeAll(async () => {
  await database.sql.unsafe(`
    create table users (id int primary key, name text, phone text, active boolean);
    create table orders (id int primary key, user_id int, total numeric)`);
});

/** What the page calls /mnt/archive. */
let archive: string;

beforeAll(async () => {
  archive = await mkdtemp(join(tmpdir(), "pgtrail-json-"));
});
afterAll(() => rm(archive, { recursive: true, force: true }));

/** Closes the segment that is written to, as soon as no test beside this one has an older transaction. */
async function closeSegment(): Promise<void> {
  await database.sql`select audit._open_segment(id) from audit.retention where name = 'forever'`;
  await database.sql`update audit.segment set closing_xid = pg_current_xact_id() where state = 'closing'`;
  for (let tries = 0; ; tries++) {
    try {
      await database.sql`select audit._close_segment(id) from audit.segment where state = 'closing'`;
      return;
    } catch (error) {
      if (tries === 300) throw error;
      await sleep(100);
    }
  }
}

/** What happened by the time a command is run: before tags there are rows, after tags they change. */
async function live(before: string): Promise<void> {
  if (before.startsWith("audit archive /")) await closeSegment();
  if (before.startsWith("audit check"))
    await database.sql`alter table orders disable trigger "00_audit_update_2"`;
  if (before.startsWith("audit tag ")) {
    await database.sql.begin(async (sql) => {
      await sql`select set_config('audit.actor', 'signup', true)`;
      await sql`insert into users values (42, 'Ada', '555-1', true), (43, 'Bob', null, false)`;
      await sql`insert into orders values (1, 42, 9.50), (2, 43, 20)`;
    });
  }
  if (before.startsWith("audit tags")) {
    await database.sql.begin(async (sql) => {
      await sql`select set_config('audit.actor', 'support:ines', true)`;
      await sql`select set_config('audit.context', '{"reason": "ticket 812", "request": {"id": 7}}', true)`;
      await sql`update users set name = 'Ada L.', phone = '555-2' where id = 42`;
      await sql`delete from users where id = 43`;
      await sql`insert into users values (44, 'Cy', null, true)`;
    });
  }
}

/** The numbers of the page are those of the database it was printed from. */
async function withNumbers(line: string): Promise<string> {
  if (!/(change:|tx:|--tx )\d/.test(line)) return line;
  const [newest] = await database.sql<{ tx: string; id: string }[]>`
    select xid::text as tx, min(id)::text as id from audit.change group by xid order by xid desc limit 1`;
  return line.replace(/(tx:|--tx )\d+/, `$1${newest?.tx}`).replace(/change:\d+/, `change:${newest?.id}`);
}

function argumentsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "").slice(1);
}

/** Names and types, in place of values; of a list what its members have in common and each alone, merged. */
function shapeOf(value: unknown): unknown {
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? [] : [value.map(shapeOf).reduce(merge)];
  if (typeof value !== "object") return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]));
}

function merge(one: unknown, other: unknown): unknown {
  if (one === "null") return other;
  if (other === "null") return one;
  if (Array.isArray(one) && Array.isArray(other)) return [...one, ...other].slice(0, 1);
  if (typeof one === "object" && one && typeof other === "object" && other) {
    const names = new Set([...Object.keys(one), ...Object.keys(other)]);
    const fields = (side: object, name: string) => (side as Record<string, unknown>)[name] ?? "null";
    return Object.fromEntries(
      [...names].map((name) => [name, merge(fields(one, name), fields(other, name))]),
    );
  }
  return one;
}

describe("docs/json.md", () => {
  it("shows the answer of every command that has --json", () => {
    const commands = createProgram(fakeIo()).commands.flatMap((command) =>
      command.options.some(({ long }) => long === "--json") || command.commands.length > 0
        ? [command.name()]
        : [],
    );
    const shown = new Set(examples.map(({ line }) => line.split(" ")[1]));
    // The one starts a server, the other does not end.
    expect(commands.filter((name) => !shown.has(name) && !["demo", "shell"].includes(name))).toEqual([]);
  });

  it.each(examples)("tells the fields of $line", async ({ line, document }) => {
    await live(line);
    const numbered = await withNumbers(line);
    const args = argumentsOf(
      numbered.replace("--confirm shop", `--confirm ${database.name}`).replace("/mnt/archive", archive),
    );
    const url = line.startsWith("audit archive list") ? [] : ["--database-url", database.url];
    const { stdout, stderr, code } = await runCli(
      [...args, ...url, "--tz", "UTC"].filter(
        (arg, index, all) => takesZone(args[0]) || !(arg === "--tz" || all[index - 1] === "--tz"),
      ),
    );
    expect([0, 1], stderr).toContain(code);
    const answer: unknown = JSON.parse(stdout);
    printed.set(line, {
      line: numbered,
      document: stdout.replaceAll(database.name, "shop").replaceAll(archive, "/mnt/archive"),
    });
    if (updating) return;
    const documented: unknown = JSON.parse(document);
    expect(shapeOf(answer)).toEqual(merge(shapeOf(documented), shapeOf(documented)));
    expect(answer).toMatchObject({ version: 1, items: expect.any(Array) });
  });

  it.runIf(updating)("is written anew (with UPDATE_JSON_DOCS=1 only)", () => {
    const text = readFileSync(page, "utf8").replace(
      pattern,
      (_, line: string) =>
        `\`\`\`sh\n${printed.get(line)?.line}\n\`\`\`\n\n\`\`\`json\n${printed.get(line)?.document}\`\`\``,
    );
    writeFileSync(page, text);
  });
});

function takesZone(command: string | undefined): boolean {
  const found = createProgram(fakeIo()).commands.find((known) => known.name() === command);
  return found?.options.some(({ long }) => long === "--tz") ?? false;
}
