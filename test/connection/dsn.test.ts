import { describe, expect, it } from "vitest";
import { isKeyValueString, parseKeyValueString } from "../../src/connection/dsn.ts";
import { userErrorOf } from "../helpers/userError.ts";

function parse(text: string): Record<string, string> {
  return Object.fromEntries(parseKeyValueString(text, "--database-url"));
}

describe("parseKeyValueString", () => {
  it.each([
    ["host=localhost", { host: "localhost" }],
    ["  host = localhost   port=5433 ", { host: "localhost", port: "5433" }],
    ["dbname='my db' user=ann", { dbname: "my db", user: "ann" }],
    ["password=''", { password: "" }],
    ["password='it\\'s' user=ann", { password: "it's", user: "ann" }],
    ["password='a\\\\b'", { password: "a\\b" }],
    ["password=a\\ b user=ann", { password: "a b", user: "ann" }],
    ["password=a=b", { password: "a=b" }],
    ["password= user=ann", { password: "user=ann" }],
    ["host=a\nport=1", { host: "a", port: "1" }],
    ["host=a host=b", { host: "b" }],
  ])("reads %s", (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  it.each(["password=hunter2 words", "user=ann password='hunter2", "password=hunter2 'x'=y z"])(
    "does not repeat the password of %s",
    (text) => {
      const error = userErrorOf(() => parse(text));
      expect(error.exitCode).toBe(2);
      expect(`${error.message} ${error.hint}`).not.toContain("hunter2");
      expect(error.message).toContain("--database-url");
    },
  );
});

describe("isKeyValueString", () => {
  it.each([
    ["host=h", true],
    [" host = h", true],
    ["app", false],
    ["postgres://h/d?a=b", false],
    ["", false],
  ])("says of %j: %s", (text, expected) => {
    expect(isKeyValueString(text)).toBe(expected);
  });
});
