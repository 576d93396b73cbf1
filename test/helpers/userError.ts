import { UserError } from "../../src/errors.ts";

/** The UserError that the function throws; fails when it throws nothing or something else. */
export function userErrorOf(act: () => unknown): UserError {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("expected a UserError, nothing was thrown");
}

/** Where the caret of a pointed message stands: the index in the text it shows, -1 without one. */
export function caretOf(error: UserError): number {
  const line = error.message.split("\n").find((text) => /^ {2} *\^$/.test(text));
  return line === undefined ? -1 : line.length - 3;
}
