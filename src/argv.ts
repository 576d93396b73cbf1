/**
 * Lets an instant such as `-2h` stand as the first argument of at-time: the parser of options would take it for
 * an option. A leading blank changes nothing for the grammar of instants.
 */
export function normaliseArgv(args: readonly string[]): string[] {
  const command = args.indexOf("at-time");
  if (command < 0) return [...args];
  const end = args.indexOf("--");
  return args.map((arg, index) => {
    const isPositional = index > command && (end < 0 || index < end);
    return isPositional && /^-\d+\s*[a-z]/.test(arg) && !args[index - 1]?.startsWith("--") ? ` ${arg}` : arg;
  });
}
