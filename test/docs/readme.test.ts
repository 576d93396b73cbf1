import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { commandsMarkdown, insertCommands } from "../../scripts/update-docs.mjs";
import { ExitCode } from "../../src/errors.ts";
import { createProgram } from "../../src/program.ts";
import { version } from "../../src/version.ts";
import { fakeIo } from "../helpers/fakeIo.ts";

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
const readme = read("README.md");
const program = createProgram(fakeIo());
const commands = program.commands.map((command) => command.name()).filter((name) => name !== "help");

describe("README.md", () => {
  it("shows the help as it is: after a change run npm run docs", () => {
    expect(readme).toBe(insertCommands(readme, commandsMarkdown(createProgram(fakeIo()))));
  });

  it.each(commands)("has a chapter on %s", (name) => {
    expect(readme).toMatch(new RegExp(`^### audit ${name}$`, "m"));
  });

  it.each(commands)("shows %s with a command line outside of its help", (name) => {
    const prose = insertCommands(readme, "");
    expect(prose).toMatch(new RegExp(`(audit|pgtrail|npm run) ${name}\\b`));
  });

  it.each(Object.values(ExitCode))("tells what exit code %i means", (code) => {
    const chapter = /^## Exit codes\n([^#]*)/m.exec(readme)?.[1] ?? "";
    expect(chapter).toMatch(new RegExp(`^\\| (\\d+, )?${code}(, \\d+)? \\|`, "m"));
  });

  it("leads only to files and chapters that are there", () => {
    const links = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
    const anchors = [...readme.matchAll(/^#+ (.*)$/gm)].map((match) =>
      (match[1] ?? "")
        .toLowerCase()
        .replace(/[^\w -]/g, "")
        .replaceAll(" ", "-"),
    );
    for (const link of links.filter((candidate) => !candidate.startsWith("http"))) {
      if (link.startsWith("#")) expect(anchors).toContain(link.slice(1));
      else expect(() => read(link)).not.toThrow();
    }
  });

  it("names only npm scripts that there are", () => {
    const { scripts } = JSON.parse(read("package.json"));
    for (const file of [readme, read("CONTRIBUTING.md")])
      for (const [, name] of file.matchAll(/npm run ([a-z:]+)/g))
        expect(Object.keys(scripts)).toContain(name);
  });

  it("leaves nothing to be filled in", () => {
    expect(readme).not.toMatch(/TODO|TBD|FIXME|lorem|xxx/i);
  });
});

it("CHANGELOG.md tells of this version", () => {
  expect(read("CHANGELOG.md")).toMatch(new RegExp(`^## ${version.replaceAll(".", "\\.")}\\b`, "m"));
});

describe("insertCommands", () => {
  it("replaces what is between the markers, and nothing else", () => {
    const text = "before\n<!-- commands -->\nold\n<!-- /commands -->\nafter\n";
    const filled = "before\n<!-- commands -->\n\nnew\n\n<!-- /commands -->\nafter\n";
    expect(insertCommands(text, "new")).toBe(filled);
    expect(insertCommands(filled, "new")).toBe(filled);
  });

  it("refuses a text without both markers in order", () => {
    for (const text of ["", "<!-- commands -->", "<!-- /commands -->", "<!-- /commands --><!-- commands -->"])
      expect(() => insertCommands(text, "new")).toThrow("needs the markers");
  });
});
