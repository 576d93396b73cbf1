import { usageError } from "../errors.ts";

/**
 * Throws a usage error for an argument with a NUL or half of a surrogate pair in it: PostgreSQL's text holds
 * neither, whatever the argument is meant for. Arguments are named by number, never shown: one may be a password.
 */
export function refuseUnstorable(args: readonly string[]): void {
  args.forEach((arg, index) => {
    const position = arg.search(/\0|\p{Cs}/u);
    if (position < 0) return;
    const what = arg[position] === "\0" ? "a NUL character" : "half of a character (a lone surrogate)";
    throw usageError(
      `Argument ${index + 1} contains ${what} at position ${position + 1}, which PostgreSQL cannot store.`,
      "Check how the argument was put together.",
    );
  });
}
