import { usageError } from "../errors.ts";

/**
 * Reads the `options` parameter (PGOPTIONS) as the server would: `-c name=value`, `-cname=value`,
 * `--name=value`, blanks escaped by a backslash. They are applied with set_config once the session stands,
 * because connection poolers refuse `options` in the startup packet.
 */
export function parseServerOptions(text: string, from: string): readonly (readonly [string, string])[] {
  const words = (text.match(/(?:\\[\s\S]|[^\s\\])+/g) ?? []).map((word) => word.replace(/\\([\s\S])/g, "$1"));
  const settings: [string, string][] = [];
  for (let index = 0; index < words.length; index++) {
    let word = words[index] ?? "";
    if (word === "-c") word = words[++index] ?? "";
    else if (word.startsWith("-c")) word = word.slice(2);
    else if (word.startsWith("--"))
      word = word.slice(2).replace(/^[^=]*/, (name) => name.replaceAll("-", "_"));
    else throw unreadable(word, from);
    const match = /^([A-Za-z_][\w.]*)=([\s\S]*)$/.exec(word);
    if (!match?.[1] || match[2] === undefined) throw unreadable(word, from);
    settings.push([match[1], match[2]]);
  }
  return settings;
}

function unreadable(word: string, from: string): Error {
  return usageError(
    `The server option "${word}" in ${from} cannot be applied.`,
    "Write settings as -c name=value.",
  );
}
