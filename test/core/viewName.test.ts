import { describe, expect, it } from "vitest";
import { isReservedName, VIEW_PATTERN, viewNameOf } from "../../src/core/viewName.ts";
import { userErrorOf } from "../helpers/userError.ts";

const users = { schema: "public", table: "users" };

describe("viewNameOf", () => {
  it.each([
    [VIEW_PATTERN, users, "users_history"],
    ["{schema}_{table}_log", users, "public_users_log"],
    ["all of them", users, "all of them"],
    [VIEW_PATTERN, { schema: "x", table: '{schema}$&"' }, '{schema}$&"_history'],
  ])("fills %j", (pattern, table, name) => {
    expect(viewNameOf(pattern, table)).toBe(name);
  });

  it("cuts what is too long, and keeps names apart", () => {
    const long = "ä".repeat(31);
    const one = viewNameOf(VIEW_PATTERN, { schema: "one", table: long });
    const other = viewNameOf(VIEW_PATTERN, { schema: "other", table: long });
    expect(one).toMatch(/^ä{27}_[0-9a-f]{8}$/);
    expect(other).toMatch(/^ä{27}_[0-9a-f]{8}$/);
    expect(one).not.toBe(other);
    expect(viewNameOf(VIEW_PATTERN, { schema: "one", table: long })).toBe(one);
    expect(viewNameOf("{table}", { schema: "", table: "t".repeat(63) })).toBe("t".repeat(63));
  });

  it.each([
    ["{tabel}_history", '--view-name: "{tabel}" stands for nothing.'],
    [" ", "--view-name: a view cannot be without a name."],
    ["a\0b", "--view-name: it contains a character that no name can hold."],
  ])("refuses %j", (pattern, message) => {
    expect(userErrorOf(() => viewNameOf(pattern, users)).message).toBe(message);
  });
});

describe("isReservedName", () => {
  it("keeps names for segments and helpers", () => {
    expect(["change_7", "_x"].map(isReservedName)).toEqual([true, true]);
    expect(["change_x", "users_history"].map(isReservedName)).toEqual([false, false]);
  });
});
