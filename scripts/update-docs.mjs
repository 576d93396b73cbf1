// Writes the help of the program and of every command into README.md, between the two markers:
// npm run docs (which builds first). A unit test fails while README.md is not what this would write.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const begin = "<!-- commands -->";
const end = "<!-- /commands -->";

/** The help of the program and of each of its commands as markdown. `program` is a fresh commander tree. */
export function commandsMarkdown(program) {
  return [
    block("audit --help", helpOf(program)),
    ...program.commands
      .flatMap((command) => withSubcommands(command, "audit"))
      .map(({ path, command }) => `### ${path}\n\n${block(`${path} --help`, helpOf(command))}`),
  ].join("\n\n");
}

/** The text with the markdown between its markers; throws where they are missing or stand in another order. */
export function insertCommands(text, markdown) {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from)
    throw new Error(`README.md needs the markers ${begin} and ${end}, in this order.`);
  return `${text.slice(0, from + begin.length)}\n\n${markdown}\n\n${text.slice(to)}`;
}

function withSubcommands(command, above) {
  if (command.name() === "help") return [];
  const path = `${above} ${command.name()}`;
  return [{ path, command }, ...command.commands.flatMap((child) => withSubcommands(child, path))];
}

function helpOf(command) {
  let help = "";
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  return help.trim();
}

function block(command, output) {
  return `\`\`\`console\n$ ${command}\n${output}\n\`\`\``;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { createProgram } = await import("../dist/program.js");
  const readme = new URL("../README.md", import.meta.url);
  // Help asks an Io for nothing but whether there is colour, and how wide the terminal is.
  const program = createProgram({ outColor: false, errColor: false, width: undefined });
  writeFileSync(readme, insertCommands(readFileSync(readme, "utf8"), commandsMarkdown(program)));
}
