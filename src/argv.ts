/** Options of at-time that take the next argument as their value. */
const optionsWithValue: readonly string[] = [
  "--where",
  "--columns",
  "--schema",
  "--database-url",
  "--audit-schema",
  "--tz",
  "--archive",
  "-o",
  "--output",
];

/**
 * Lets an instant such as `-2h` stand as the first argument of at-time: the parser of options would take it for
 * an option. A leading blank changes nothing for the grammar of instants. Everything else stays as it was typed.
 */
export function normaliseArgv(args: readonly string[]): string[] {
  const normal = [...args];
  if (args[0] !== "at-time") return normal;
  for (let index = 1; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (optionsWithValue.includes(arg)) {
      index++;
    } else if (/^-\d/.test(arg)) {
      normal[index] = ` ${arg}`;
      return normal;
    } else if (!arg.startsWith("-") || arg === "--") {
      return normal;
    }
  }
  return normal;
}
