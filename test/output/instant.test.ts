import { describe, expect, it } from "vitest";
import { instantJson, instantLine, localTime, timeText } from "../../src/output/instant.ts";
import type { Instant } from "../../src/types.ts";

const instant: Instant = {
  typed: "-2h",
  at: "2026-11-22T10:00:00.123456+01:00",
  zone: "Europe/Berlin",
  precision: "approx",
};

describe("instantLine", () => {
  it("echoes instant, zone and precision", () => {
    expect(instantLine(instant)).toBe("as of 2026-11-22 10:00:00.123456+01:00 (Europe/Berlin), approx\n");
    expect(instantLine({ ...instant, precision: "exact" })).toMatch(/, exact\n$/);
  });

  it("lets no control through a zone's name", () => {
    expect(instantLine({ ...instant, zone: "\x1b[31m" })).toContain("(\\x1b[31m)");
  });
});

describe("instantJson", () => {
  it("holds what was typed beside what it means", () => {
    expect(instantJson(instant)).toEqual(instant);
  });
});

describe("localTime", () => {
  it.each([
    ["2026-11-22T10:00:00.123456+00:00", "Europe/Berlin", "2026-11-22 11:00:00.123456+01:00"],
    ["2026-07-22T22:30:00.000001+00:00", "Europe/Berlin", "2026-07-23 00:30:00.000001+02:00"],
    ["2026-11-22T10:00:00+00:00", "UTC", "2026-11-22 10:00:00+00:00"],
    ["2026-11-22T23:59:59.9+00:00", "Asia/Kolkata", "2026-11-23 05:29:59.9+05:30"],
    ["2026-10-25T00:59:59.999999+00:00", "Europe/Berlin", "2026-10-25 02:59:59.999999+02:00"],
    ["2026-10-25T01:00:00+00:00", "Europe/Berlin", "2026-10-25 02:00:00+01:00"],
    ["1969-12-31T23:59:59.9+00:00", "UTC", "1969-12-31 23:59:59.9+00:00"],
    ["2026-01-01T00:00:00.5Z", "America/St_Johns", "2025-12-31 20:30:00.5-03:30"],
  ])("shows %s in %s as %s", (at, zone, shown) => {
    const { date, time, rest } = localTime(at, zone);
    expect(`${date} ${time}${rest}`).toBe(shown);
  });

  it("shows UTC's time in a zone that only the server knows", () => {
    const { date, time, rest } = localTime(instant.at, "CET-1CEST,M3.5.0,M10.5.0/3");
    expect(`${date} ${time}${rest}`).toBe("2026-11-22 09:00:00.123456+00:00");
  });

  it("shows what is no instant as it is", () => {
    expect(localTime("-infinity", "UTC")).toEqual({ date: "-infinity", time: "", rest: "" });
  });
});

describe("timeText", () => {
  it("is the day on a terminal and complete elsewhere", () => {
    expect(timeText(instant.at, "UTC", 80)).toBe("2026-11-22");
    expect(timeText(instant.at, "UTC", undefined)).toBe("2026-11-22 09:00:00.123456+00:00");
    expect(timeText(null, "UTC", 80)).toBe("-");
  });
});
