import { describe, expect, it } from "vitest";
import { isConnectionUrl, parseConnectionUrl } from "../../src/connection/url.ts";
import { userErrorOf } from "../helpers/userError.ts";

function parse(url: string): Record<string, string> {
  return Object.fromEntries(parseConnectionUrl(url, "DATABASE_URL"));
}

describe("parseConnectionUrl", () => {
  it.each([
    ["postgresql://", {}],
    ["postgres://localhost", { host: "localhost" }],
    ["postgresql://localhost:5433", { host: "localhost", port: "5433" }],
    ["postgresql://localhost/app", { host: "localhost", dbname: "app" }],
    ["postgresql://ann@localhost", { user: "ann", host: "localhost" }],
    ["postgresql://ann:secret@localhost", { user: "ann", password: "secret", host: "localhost" }],
    ["postgresql://ann:a:b@localhost", { user: "ann", password: "a:b", host: "localhost" }],
    ["postgresql://ann:a?b#c@localhost", { user: "ann", password: "a?b#c", host: "localhost" }],
    ["postgresql://ann:p%40s%2Fs@h/d", { user: "ann", password: "p@s/s", host: "h", dbname: "d" }],
    ["postgresql://h1:1,h2:2/app", { host: "h1,h2", port: "1,2", dbname: "app" }],
    ["postgresql://h1,h2:2/app", { host: "h1,h2", port: ",2", dbname: "app" }],
    ["postgresql://[::1]/app", { host: "::1", dbname: "app" }],
    ["postgresql://[2001:db8::7]:5433/app", { host: "2001:db8::7", port: "5433", dbname: "app" }],
    ["postgresql://%2Fvar%2Flib%2Fsocket/app", { host: "/var/lib/socket", dbname: "app" }],
    ["postgresql:///app?host=/tmp&port=5433", { host: "/tmp", port: "5433", dbname: "app" }],
    ["postgresql://other/app?host=/tmp", { host: "/tmp", dbname: "app" }],
    ["postgresql:///app?user=ann@tenant", { user: "ann@tenant", dbname: "app" }],
    ["postgresql://h?dbname=a%26b", { host: "h", dbname: "a&b" }],
    ["postgresql://h/d?ssl=true", { host: "h", dbname: "d", sslmode: "require" }],
    [
      "postgresql://h/d?options=-c%20search_path%3Dapp",
      { host: "h", dbname: "d", options: "-c search_path=app" },
    ],
    ["postgresql://h/a+b", { host: "h", dbname: "a+b" }],
  ])("reads %s", (url, expected) => {
    expect(parse(url)).toEqual(expected);
  });

  it.each([
    "postgresql://ann:hunter2@x@host/db",
    "postgresql://ann:hunter2/x@host/db",
    "postgresql://ann:12/hunter2@host/db",
    "postgresql://ann:hunter2/x@host:5432/db?sslmode=require",
    "postgresql://ann:hunter2%zz@host/db",
    "postgresql://ann:hunter2%00@host/db",
    "postgresql://ann:hunter2%ff@host/db",
  ])("does not repeat the password of %s", (url) => {
    const error = userErrorOf(() => parse(url));
    expect(error.exitCode).toBe(2);
    expect(`${error.message} ${error.hint}`).not.toContain("hunter2");
    expect(error.message).toContain("DATABASE_URL");
  });

  it("says what a parameter without a value lacks", () => {
    expect(userErrorOf(() => parse("postgresql://h/d?sslmode")).message).toBe(
      'The parameter "sslmode" in DATABASE_URL has no value.',
    );
  });

  it("asks for brackets around an IPv6 address", () => {
    const error = userErrorOf(() => parse("postgresql://[::1/app"));
    expect(error.message).toContain('"[::1"');
    expect(error.hint).toContain("[::1]:5432");
  });
});

describe("isConnectionUrl", () => {
  it.each([
    ["postgres://h", true],
    ["postgresql://h", true],
    ["mysql://h", false],
    ["host=h", false],
    ["app", false],
  ])("says of %s: %s", (text, expected) => {
    expect(isConnectionUrl(text)).toBe(expected);
  });
});
