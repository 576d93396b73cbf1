import { describe, expect, it } from "vitest";
import { outputFormats } from "../../src/commands/options.ts";
import { ClosedPipe } from "../../src/io.ts";
import { type Answer, writeAnswer } from "../../src/output/answer.ts";
import { choosePager } from "../../src/output/pager.ts";
import { fakeIo } from "../helpers/fakeIo.ts";

const asked = { pager: true };

describe("choosePager", () => {
  const chosen = (env: Readonly<Record<string, string>>) =>
    choosePager("text", asked, { outIsTTY: true, env });

  it.each<[Record<string, string>, string | undefined]>([
    [{}, "less"],
    [{ PAGER: "more" }, "more"],
    [{ PAGER: "more", AUDIT_PAGER: "less -S" }, "less -S"],
    [{ PAGER: "more", AUDIT_PAGER: "" }, undefined],
    [{ PAGER: "more", AUDIT_PAGER: "cat" }, undefined],
    [{ PAGER: "" }, undefined],
    [{ PAGER: " cat " }, undefined],
    [{ PAGER: "cat -v" }, "cat -v"],
    [{ TERM: "dumb", PAGER: "more" }, undefined],
    [{ TERM: "xterm" }, "less"],
  ])("in %j is %j", (env, command) => {
    expect(chosen(env)).toBe(command);
  });

  it("is none off a terminal, with --no-pager, and where nobody said there may be one", () => {
    expect(choosePager("text", asked, { outIsTTY: false, env: {} })).toBeUndefined();
    expect(choosePager("text", { pager: false }, { outIsTTY: true, env: {} })).toBeUndefined();
    expect(choosePager("text", {}, { outIsTTY: true, env: {} })).toBeUndefined();
  });

  it("is for people's forms only", () => {
    const paged = outputFormats.filter((form) => choosePager(form, asked, { outIsTTY: true, env: {} }));
    expect(paged).toEqual(["table"]);
  });
});

describe("an answer on a terminal", () => {
  const world = { outIsTTY: true, errIsTTY: true, hasPagers: true };
  const answer: Answer<string> = {
    batches: [["a"], ["b"]],
    extra: {},
    json: (item) => item,
    columns: [{ title: "x" }],
    row: (item) => [item],
  };

  it("goes through the pager, which is left open for what else the command prints", async () => {
    const io = fakeIo({ ...world, env: { PAGER: "more" } });
    await writeAnswer(answer, asked, io);
    expect(io.paged).toEqual({ command: "more", closed: false });
    expect(io.stdout).toContain("a\nb\n");
  });

  it.each(["json", "ndjson", "csv", "markdown"] as const)("opens none as %s", async (output) => {
    const io = fakeIo(world);
    await writeAnswer(answer, { ...asked, output }, io);
    expect(io.paged).toBeUndefined();
  });

  it("opens the pager with the first piece, not while the server is still at work", async () => {
    const io = fakeIo(world);
    async function* batches() {
      expect(io.paged).toBeUndefined();
      yield ["a"];
      expect(io.paged).toBeDefined();
      yield ["b"];
    }
    expect(await writeAnswer({ ...answer, batches: batches() }, asked, io)).toBe(2);
  });

  it("opens none for nothing", async () => {
    const io = fakeIo(world);
    await writeAnswer({ ...answer, batches: [], text: (item) => item }, asked, io);
    expect(io.paged).toBeUndefined();
  });

  it("is written plainly where no pager can be started, and tried once", async () => {
    let tries = 0;
    const io = fakeIo(world);
    const open = async () => {
      tries++;
      return false;
    };
    await writeAnswer(answer, asked, { ...io, pager: { ...io.pager, open } });
    expect(io.stdout).toContain("a\nb\n");
    expect(tries).toBe(1);
  });

  it("reads no further once the reader has quit", async () => {
    const io = fakeIo(world);
    const read: string[] = [];
    async function* batches() {
      for (const item of ["a", "b", "c"]) {
        read.push(item);
        yield [item];
        io.quitPager();
      }
    }
    await expect(writeAnswer({ ...answer, batches: batches() }, asked, io)).rejects.toThrow(ClosedPipe);
    expect(read).toEqual(["a", "b"]);
  });
});
