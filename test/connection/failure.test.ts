import { describe, expect, it } from "vitest";
import { DatabaseFault, isLinkFailure, sqlStateOf, translateFailure } from "../../src/connection/failure.ts";
import { ExitCode, SilentExit, UserError } from "../../src/errors.ts";
import { ClosedPipe } from "../../src/io.ts";

/** As the driver builds it. */
function serverError(code: string, fields: Record<string, string> = {}): Error {
  return Object.assign(new Error(fields.message ?? "something went wrong"), {
    severity: "ERROR",
    code,
    query: "select 'canary-query'",
    parameters: ["canary-parameter"],
    ...fields,
  });
}

function translated(code: string, fields: Record<string, string> = {}): UserError {
  const error = translateFailure(serverError(code, fields));
  if (error instanceof UserError) return error;
  throw new Error(`SQLSTATE ${code} became ${String(error)}`);
}

describe("exit codes by SQLSTATE", () => {
  it.each([
    ["08006", ExitCode.Surroundings],
    ["28000", ExitCode.Surroundings],
    ["28P01", ExitCode.Surroundings],
    ["3D000", ExitCode.Surroundings],
    ["42501", ExitCode.Surroundings],
    ["25006", ExitCode.Surroundings],
    ["53100", ExitCode.Surroundings],
    ["53300", ExitCode.Surroundings],
    ["57P01", ExitCode.Surroundings],
    ["57P03", ExitCode.Surroundings],
    ["58030", ExitCode.Surroundings],
    ["22021", ExitCode.Surroundings],
    ["55P03", ExitCode.Refused],
    ["40001", ExitCode.Refused],
    ["40P01", ExitCode.Refused],
    ["57014", ExitCode.Refused],
    ["22007", ExitCode.Usage],
    ["22P05", ExitCode.Usage],
    ["42P01", ExitCode.Usage],
    ["42601", ExitCode.Usage],
    ["UA001", ExitCode.Inconclusive],
    ["UA002", ExitCode.Inconclusive],
    ["UA003", ExitCode.Inconclusive],
    ["UA004", ExitCode.Inconclusive],
    ["UA005", ExitCode.Refused],
  ])("ends %s with %i", (code, exitCode) => {
    const error = translated(code);
    expect(error.exitCode).toBe(exitCode);
    expect(error.detail).toBe(`SQLSTATE ${code}`);
  });

  it.each(["XX000", "23505", "P0001", "0A000"])("takes %s for a bug of ours", (code) => {
    const error = translateFailure(serverError(code));
    expect(error).toBeInstanceOf(DatabaseFault);
    expect(sqlStateOf(error)).toBe(code);
  });
});

describe("what is told", () => {
  it("makes a sentence of the server's message and keeps its hint", () => {
    const error = translated("UA001", {
      message: "the instant lies before auditing began",
      hint: "The oldest instant is 2026-11-01.",
    });
    expect(error.message).toBe("The instant lies before auditing began.");
    expect(error.hint).toBe("The oldest instant is 2026-11-01.");
  });

  it("does not change the case of a name the message starts with", () => {
    expect(translated("42P01", { message: '"Odd" is missing' }).message).toBe('"Odd" is missing.');
  });

  it("leaves out the failing row, the context, the query and its parameters", () => {
    const secret = { detail: "Failing row contains (canary-row).", where: "canary-where" };
    for (const code of ["22007", "23502"]) {
      const error = translateFailure(serverError(code, secret));
      const told = JSON.stringify(error, Object.getOwnPropertyNames(error));
      expect(told).not.toContain("canary");
      expect(error).not.toHaveProperty("cause", expect.anything());
    }
  });
});

describe("what is not the server's", () => {
  it.each([
    new UserError(ExitCode.No, "no"),
    new SilentExit(ExitCode.No),
    new ClosedPipe(),
    new TypeError("a bug"),
    Object.assign(new Error("ENOENT"), { code: "ENOENT" }),
    "a text",
  ])("passes %s through", (error) => {
    expect(translateFailure(error)).toBe(error);
  });

  it.each(["ECONNRESET", "EPIPE", "CONNECTION_CLOSED", "CONNECTION_DESTROYED"])(
    "takes %s for a lost connection",
    (code) => {
      const lost = Object.assign(new Error(`write ${code} db:5432`), { code });
      expect(isLinkFailure(lost)).toBe(true);
      expect(translateFailure(lost)).toMatchObject({
        exitCode: ExitCode.Surroundings,
        message: expect.stringContaining("connection to the server was lost"),
      });
    },
  );
});
