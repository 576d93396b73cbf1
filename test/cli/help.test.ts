import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { ExitCode } from "../../src/errors.ts";
import { createProgram } from "../../src/program.ts";
import { version } from "../../src/version.ts";
import { fakeIo } from "../helpers/fakeIo.ts";
import { runCli } from "../helpers/runCli.ts";

/** The paths of all commands, such as ["retention", "set"]; `help` speaks for itself. */
function pathsOf(command: Command, above: readonly string[] = []): string[][] {
  return command.commands
    .filter((child) => child.name() !== "help")
    .flatMap((child) => {
      const path = [...above, child.name()];
      return [path, ...pathsOf(child, path)];
    });
}

const program = createProgram(fakeIo());
const paths = pathsOf(program);

function commandAt(path: readonly string[]): Command {
  return path.reduce((above, name) => {
    const found = above.commands.find((child) => child.name() === name);
    if (!found) throw new Error(`There is no command "${name}".`);
    return found;
  }, program);
}

async function helpOf(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

it("is the same for --help, -h and help", async () => {
  const help = await helpOf("--help");
  expect(await helpOf("-h")).toBe(help);
  expect(await helpOf("help")).toBe(help);
});

it("of the program is as reviewed", async () => {
  await expect(await helpOf("--help")).toMatchFileSnapshot("../expected/help/audit.txt");
});

describe.each(paths.map((path) => ({ path, name: path.join(" ") })))("help of $name", ({ path, name }) => {
  it("is as reviewed", async () => {
    await expect(await helpOf(...path, "--help")).toMatchFileSnapshot(
      `../expected/help/${path.join("-")}.txt`,
    );
  });

  it("is the same by audit help", async () => {
    const group = path.slice(0, -1);
    expect(await helpOf(...group, "help", path.at(-1) ?? "")).toBe(await helpOf(...path, "--help"));
  });

  it("begins with its usage and describes each argument and option", async () => {
    const help = await helpOf(...path, "--help");
    expect(help).toMatch(new RegExp(`^Usage: audit ${name} `));
    const command = commandAt(path);
    expect(command.description()).toMatch(/^[A-Z].*[^.]$/);
    for (const { description } of [...command.options, ...command.registeredArguments])
      expect(description).toMatch(/./);
  });
});

it("of each command but groups has an example that can be typed", () => {
  for (const path of paths) {
    const command = commandAt(path);
    if (command.commands.length > 0) continue;
    let help = "";
    command.configureOutput({
      writeOut: (text) => {
        help += text;
      },
    });
    command.outputHelp();
    expect(help).toMatch(/\nExample:\n {2}\$ audit [a-z-]+/);
  }
});

it("names every exit code", async () => {
  const help = await helpOf("--help");
  for (const code of Object.values(ExitCode))
    expect(help).toMatch(new RegExp(`^ {2}(.*, )?${code}[, ]`, "m"));
});

it("says the same of an option wherever it appears", () => {
  const described = new Map<string, Set<string>>();
  const own = new Set(["demo"]);
  for (const path of paths.filter(([name]) => !own.has(name ?? ""))) {
    const command = commandAt(path);
    for (const { flags, description } of command.options) {
      if (flags === "--all" || flags.startsWith("--schema")) continue;
      // What prune writes to an archive others read.
      if (path[0] === "prune" && flags.startsWith("--archive")) continue;
      described.set(flags, (described.get(flags) ?? new Set()).add(description));
    }
  }
  expect([...described].filter(([, words]) => words.size > 1)).toEqual([]);
});

it("fits the terminal it is shown on", async () => {
  const { stdout } = await runCli(["enable", "--help"], {
    outIsTTY: true,
    width: 80,
    env: { NO_COLOR: "1" },
  });
  for (const line of stdout.split("\n").filter((text) => !text.includes("$ audit")))
    expect(line.length).toBeLessThanOrEqual(80);
});

it("prints the version", async () => {
  expect(await helpOf("--version")).toBe(`${version}\n`);
  expect(await helpOf("-V")).toBe(`${version}\n`);
});
