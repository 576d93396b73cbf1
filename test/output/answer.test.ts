import { describe, expect, it } from "vitest";
import { type OutputOptions, outputFormats } from "../../src/commands/options.ts";
import { type Answer, writeAnswer } from "../../src/output/answer.ts";
import { type FakeIoOptions, fakeIo } from "../helpers/fakeIo.ts";

interface User {
  readonly id: number;
  readonly name: string | null;
}

const users: readonly User[] = [
  { id: 1, name: "Ada" },
  { id: 2, name: null },
  { id: 3, name: `long ${"x".repeat(100)}` },
];

const answer: Answer<User> = {
  batches: [users.slice(0, 2), [], users.slice(2)],
  extra: { table: "users" },
  json: (user) => user,
  columns: [{ title: "id", align: "right" }, { title: "name" }],
  row: ({ id, name }) => [String(id), name],
};

const told: Answer<User> = { ...answer, text: ({ id }, { width }) => `user ${id} in ${width}\n` };

async function written<T>(of: Answer<T>, options: OutputOptions = {}, world: FakeIoOptions = {}) {
  const io = fakeIo(world);
  const count = await writeAnswer(of, options, io);
  return { count, stdout: io.stdout, stderr: io.stderr };
}

const long = users[2]?.name ?? "";

describe("writeAnswer", () => {
  it("gives people the text where there is one, else the table", async () => {
    expect((await written(told)).stdout).toBe(
      "user 1 in undefined\nuser 2 in undefined\nuser 3 in undefined\n",
    );
    expect((await written(answer)).stdout).toBe(`id  name\n 1  Ada\n 2  null\n 3  ${long}\n`);
  });

  it("gives the table with -o table, whatever there is for people", async () => {
    expect((await written(told, { output: "table" })).stdout).toBe((await written(answer)).stdout);
  });

  it("gives one document with --json and with -o json", async () => {
    const { stdout } = await written(told, { json: true });
    expect(JSON.parse(stdout)).toEqual({ version: 1, table: "users", items: users });
    expect((await written(told, { output: "json" })).stdout).toBe(stdout);
    expect((await written(told, { output: "json", json: true })).stdout).toBe(stdout);
  });

  it("gives one item per line with -o ndjson, and nothing else", async () => {
    const { stdout } = await written(told, { output: "ndjson" });
    const lines = stdout.split("\n");
    expect(lines.pop()).toBe("");
    expect(lines.map((line) => JSON.parse(line))).toEqual(users);
    expect((await written({ ...told, batches: [] }, { output: "ndjson" })).stdout).toBe("");
  });

  it("keeps ndjson a line per item, whatever the item holds", async () => {
    const items = ["\n", "\r\n", "\u2028", "\x1b[2J", '"', "\x85", "\u202e"];
    const { stdout } = await written<string>(
      { batches: [items], extra: {}, json: (item) => item, columns: [], row: () => [] },
      { output: "ndjson" },
    );
    expect(stdout).toMatch(/^[\x20-\x7e\n]*$/);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual(items);
  });

  it("gives CSV and Markdown of the flat form", async () => {
    expect((await written(told, { output: "csv" })).stdout).toBe(`id,name\r\n1,Ada\r\n2,\r\n3,${long}\r\n`);
    expect((await written(told, { output: "markdown" })).stdout).toBe(
      `| id | name |\n| --: | --- |\n| 1 | Ada |\n| 2 | *null* |\n| 3 | ${long} |\n`,
    );
  });

  it.each([undefined, ...outputFormats])("counts the items of an answer as %s", async (output) => {
    expect((await written(told, { output })).count).toBe(3);
    expect((await written({ ...told, batches: [] }, { output })).count).toBe(0);
  });

  it.each(outputFormats)("writes %s batch by batch, the first one at once", async (output) => {
    const events: string[] = [];
    async function* batches() {
      for (const user of users) {
        events.push(`read ${user.id}`);
        yield [user];
      }
    }
    await written({ ...answer, batches: batches() }, { output }, { onOut: () => events.push("write") });
    expect(events.slice(0, 3)).toEqual(["read 1", "write", "read 2"]);
  });

  it.each(outputFormats)("leaves %s unfinished when reading fails", async (output) => {
    async function* batches() {
      yield users;
      throw new Error("the server is gone");
    }
    await expect(written({ ...answer, batches: batches() }, { output })).rejects.toThrow(
      "the server is gone",
    );
  });

  describe("on a terminal", () => {
    const world = { outIsTTY: true, width: 20, env: { NO_COLOR: "1" } };

    it("fits tables and texts to its width", async () => {
      expect((await written(answer, {}, world)).stdout).toBe(
        `id  name\n 1  Ada\n 2  null\n 3  ${long.slice(0, 15)}…\n`,
      );
      expect((await written(told, {}, world)).stdout).toContain("user 1 in 20\n");
    });

    it("truncates nothing with --wide, and is dressed all the same", async () => {
      expect((await written(answer, { wide: true }, world)).stdout).toBe((await written(answer)).stdout);
      expect((await written(told, { wide: true }, world)).stdout).toContain("user 1 in Infinity\n");
      expect((await written(told, { wide: true })).stdout).toContain("user 1 in undefined\n");
      expect((await written(answer, { wide: true }, { ...world, env: {} })).stdout).toContain("\x1b[1mname");
    });
  });
});
