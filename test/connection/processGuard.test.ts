import { expect, it } from "vitest";
import { guardProcess, isDriverFault } from "../../src/connection/processGuard.ts";

function faultWithStack(stack: string, fields: object = {}): Error {
  return Object.assign(new TypeError("Cannot read properties of null (reading 'write')"), {
    stack,
    ...fields,
  });
}

const inDriver =
  "TypeError: x\n    at nextWrite (file:///app/node_modules/postgres/src/connection.js:252:22)";

it("knows the driver's own exception by its place", () => {
  expect(isDriverFault(faultWithStack(inDriver))).toBe(true);
  expect(isDriverFault(faultWithStack(inDriver.replaceAll("/", "\\")))).toBe(true);
});

it("does not take a query that failed, or our own bug, for one", () => {
  expect(isDriverFault(faultWithStack(inDriver, { code: "42P01", severity: "ERROR" }))).toBe(false);
  expect(
    isDriverFault(faultWithStack("TypeError: x\n    at run (file:///app/dist/commands/log.js:1:1)")),
  ).toBe(false);
});

it("turns the driver's exception into a lost connection while it stands, and leaves afterwards", () => {
  const before = process.listeners("uncaughtException");
  const guard = guardProcess();
  const added = process.listeners("uncaughtException").filter((listener) => !before.includes(listener));
  expect(added).toHaveLength(1);
  for (const listener of added) listener(faultWithStack(inDriver), "uncaughtException");
  expect(guard.signal.reason).toMatchObject({ exitCode: 4 });
  guard.release();
  expect(process.listeners("uncaughtException")).toEqual(before);
});
