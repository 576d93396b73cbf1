import { InvalidArgumentError } from "commander";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ExitCode, refusal, SilentExit, UserError, usageError } from "../../src/errors.ts";
import { ClosedPipe, type Io } from "../../src/io.ts";
import { version } from "../../src/version.ts";
import { runCli } from "../helpers/runCli.ts";

const runStatus = vi.hoisted(() => vi.fn<(options: unknown, io: Io) => Promise<void>>());
vi.mock("../../src/actions/status.ts", () => ({ runStatus }));

beforeEach(() => {
  runStatus.mockReset();
});

/** Runs `audit status` with an action that throws this. */
function statusThrowing(thrown: unknown, ...args: string[]) {
  runStatus.mockRejectedValueOnce(thrown);
  return runCli(["status", ...args]);
}

it("is 0 when the command has done its work, with the answer on stdout", async () => {
  runStatus.mockImplementationOnce((_options, io) => io.out("answer\n"));
  expect(await runCli(["status"])).toEqual({ code: ExitCode.Done, stdout: "answer\n", stderr: "" });
});

describe("an error the user can mend", () => {
  it.each<[string, UserError, number]>([
    ["the answer is no", new UserError(ExitCode.No, "It differs."), 1],
    ["usage", usageError("It is odd."), 2],
    ["inconclusive", new UserError(ExitCode.Inconclusive, "It is unknown."), 3],
    ["the surroundings", new UserError(ExitCode.Surroundings, "It is out of reach."), 4],
    ["refused", refusal("It is busy."), 5],
  ])("%s: its code, its message on stderr", async (_, error, code) => {
    expect(await statusThrowing(error)).toEqual({ code, stdout: "", stderr: `error: ${error.message}\n` });
  });

  it("says what to do next, and its detail only with --verbose", async () => {
    const error = () =>
      new UserError(ExitCode.Refused, "It is busy.", { hint: "Try later.", detail: "SQLSTATE 55P03" });
    expect((await statusThrowing(error())).stderr).toBe("error: It is busy.\nTry later.\n");
    expect((await statusThrowing(error(), "--verbose")).stderr).toBe(
      "error: It is busy.\nTry later.\nSQLSTATE 55P03\n",
    );
  });

  it("keeps its stack and its cause to itself", async () => {
    const error = new UserError(ExitCode.Refused, "It is busy.", { cause: new Error("secret") });
    const { stderr } = await statusThrowing(error, "--verbose");
    expect(stderr).toBe("error: It is busy.\n");
  });

  it("leaves an answer that was begun on stdout", async () => {
    runStatus.mockImplementationOnce(async (_options, io) => {
      await io.out("half\n");
      throw refusal("It broke off.");
    });
    expect(await runCli(["status"])).toEqual({
      code: ExitCode.Refused,
      stdout: "half\n",
      stderr: "error: It broke off.\n",
    });
  });
});

it.each(Object.values(ExitCode))("ends with %i without a word on SilentExit", async (code) => {
  expect(await statusThrowing(new SilentExit(code))).toEqual({ code, stdout: "", stderr: "" });
});

it("is 0 without a word when the reader of stdout has gone", async () => {
  expect(await statusThrowing(new ClosedPipe())).toEqual({ code: 0, stdout: "", stderr: "" });
});

it("is 0 when the reader has gone before the help is written", async () => {
  const onOut = () => {
    throw new ClosedPipe();
  };
  expect(await runCli(["--help"], { onOut })).toEqual({ code: 0, stdout: "", stderr: "" });
});

describe("a bug", () => {
  it("is 70, one sentence and what to do, without the stack", async () => {
    expect(await statusThrowing(new TypeError("x is not a function"))).toEqual({
      code: ExitCode.Bug,
      stdout: "",
      stderr: `error: This is a bug in audit ${version}: TypeError: x is not a function\nRun it again with --verbose and report what it prints.\n`,
    });
  });

  it("shows the stack with --verbose", async () => {
    const { code, stderr } = await statusThrowing(new TypeError("x is not a function"), "--verbose");
    expect(code).toBe(70);
    expect(stderr).toMatch(/^error: This is a bug in audit [\d.]+: TypeError: x is not a function\n/);
    expect(stderr).toMatch(/\n {4}at .*exitCodes\.test\.ts/);
    expect(stderr).not.toMatch("Run it again");
  });

  it.each([["a text"], [undefined], [null], [42], [{ odd: true }]])(
    "is 70 whatever was thrown: %j",
    async (thrown) => {
      const { code, stdout, stderr } = await statusThrowing(thrown, "--verbose");
      expect({ code, stdout }).toEqual({ code: 70, stdout: "" });
      expect(stderr).toMatch(/^error: This is a bug in audit /);
    },
  );

  it("stays one sentence, and harmless to the terminal, whatever its message holds", async () => {
    const { stderr } = await statusThrowing(new Error("one\ntwo \x1b[31mred"));
    expect(stderr.split("\n").slice(0, -1)).toEqual([
      `error: This is a bug in audit ${version}: Error: one\\ntwo \\x1b[31mred`,
      "Run it again with --verbose and report what it prints.",
    ]);
  });
});

describe("an error of commander's", () => {
  it.each([
    [["--help"]],
    [["-h"]],
    [["help"]],
    [["--version"]],
    [["-V"]],
    [["status", "--help"]],
    [["help", "status"]],
  ])("is none where help or version was asked for: %j", async (args) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toBe("");
    expect(runStatus).not.toHaveBeenCalled();
  });

  it("is 2 for what was typed", async () => {
    expect((await runCli(["status", "--nope"])).code).toBe(2);
    expect((await statusThrowing(new InvalidArgumentError("It is odd."))).code).toBe(2);
  });
});

describe("with --json", () => {
  const error = () =>
    new UserError(ExitCode.Refused, "It is\nbusy.", { hint: "Try later.", detail: "SQLSTATE 55P03" });

  it("is one JSON object on one line of stderr", async () => {
    const { code, stdout, stderr } = await statusThrowing(error(), "--json");
    expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
    expect(stderr).toBe(
      '{"version":1,"error":{"exit_code":5,"message":"It is\\nbusy.","hint":"Try later."}}\n',
    );
  });

  it("adds the detail with --verbose", async () => {
    const { stderr } = await statusThrowing(error(), "--json", "--verbose");
    expect(JSON.parse(stderr).error).toEqual({
      exit_code: 5,
      message: "It is\nbusy.",
      hint: "Try later.",
      detail: "SQLSTATE 55P03",
    });
  });

  it("holds for bugs", async () => {
    const { code, stderr } = await statusThrowing(new Error("oh"), "--json");
    expect(code).toBe(70);
    expect(stderr).toMatch(/^\{[^\n]*\}\n$/);
    expect(JSON.parse(stderr).error).toEqual({
      exit_code: 70,
      message: `This is a bug in audit ${version}: Error: oh`,
      hint: "Run it again with --verbose and report what it prints.",
    });
  });

  it("says nothing on SilentExit", async () => {
    expect((await statusThrowing(new SilentExit(ExitCode.No), "--json")).stderr).toBe("");
  });
});

describe("colour", () => {
  const colors = async (args: string[], env: Record<string, string>) => {
    await runCli(["status", ...args], { outIsTTY: true, errIsTTY: true, env });
    const io = runStatus.mock.lastCall?.[1];
    return [io?.outColor, io?.errColor];
  };

  it("is on for a terminal and off with --no-color, whatever the environment forces", async () => {
    expect(await colors([], {})).toEqual([true, true]);
    expect(await colors(["--no-color"], {})).toEqual([false, false]);
    expect(await colors(["--no-color"], { FORCE_COLOR: "1" })).toEqual([false, false]);
    expect(await colors([], { NO_COLOR: "1" })).toEqual([false, false]);
  });

  it("is not touched by a --no-color behind --", async () => {
    expect(await colors(["--", "--no-color"], {})).toEqual([true, true]);
    expect(runStatus.mock.lastCall?.[0]).toMatchObject({ table: "--no-color" });
  });

  it("of help follows the terminal", async () => {
    const { stdout } = await runCli(["--help"], { outIsTTY: false, env: { FORCE_COLOR: "1" } });
    expect(stdout).toMatch(/^Usage: audit/);
  });
});
