import { asSentence, sqlStateOf, translateFailure } from "../connection/failure.ts";
import { caretLines } from "../core/caret.ts";
import { safeText } from "../core/safe.ts";
import type { WrappedQuery } from "../core/wrappedQuery.ts";
import { ExitCode, refusal, UserError } from "../errors.ts";

/** Not the query's fault: the server, the link, privileges, our own functions. Told as everywhere. */
const OTHERS = /^(?:08|28|40|53|55P03|57|58|UA|XX|42501|25P0)/;

/**
 * What the server says against a query as a UserError: exit 2, with a caret in the text as it was typed where the
 * server names a place; 5 where the query writes. Other failures come back as they are. `describe` names the
 * relation behind a query that was put around the statement.
 */
export function queryFailure(
  error: unknown,
  typed: string,
  { locate }: WrappedQuery,
  describe: (name: string) => string | undefined,
): unknown {
  const state = sqlStateOf(error);
  if (state === undefined || OTHERS.test(state)) return error;
  if (state === "25006") {
    return refusal(
      "The query writes, or locks rows; the past can only be read.",
      "Change rows of today with psql.",
    );
  }
  const { message, position, hint } = error as Error & { position?: string; hint?: string };
  const told = translateFailure(error);
  const place = position === undefined ? undefined : locate(Number(position));
  return new UserError(ExitCode.Usage, describePlace(safeText(asSentence(message)), typed, place, describe), {
    hint: groupHint(state) ?? (hint === undefined ? undefined : safeText(asSentence(hint))),
    detail: told instanceof UserError ? told.detail : `SQLSTATE ${state}`,
  });
}

function describePlace(
  message: string,
  typed: string,
  place: ReturnType<WrappedQuery["locate"]> | undefined,
  describe: (name: string) => string | undefined,
): string {
  switch (place?.in) {
    case undefined:
      return message;
    case "statement":
      return `${message}\n${caretLines(typed, place.at)}`;
    case "end":
      return `The query ends where more is expected.\n${caretLines(typed, place.at)}`;
    case "query": {
      const name = describe(place.name);
      return name === undefined ? message : `${name} cannot be read in the past: ${message}`;
    }
  }
}

/** Rows of the past come from a query, and no key tells the server that other columns follow from it. */
function groupHint(state: string): string | undefined {
  if (state !== "42803") return undefined;
  return "In the past no primary key is known to the server: write every column that is shown behind GROUP BY too.";
}
