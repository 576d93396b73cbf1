import { describe, expect, it } from "vitest";
import { resolveZone } from "../../src/core/zone.ts";
import { ExitCode } from "../../src/errors.ts";
import { userErrorOf } from "../helpers/userError.ts";

describe("resolveZone", () => {
  it.each([
    ["the flag before all", "Asia/Tokyo", { PGTZ: "UTC", TZ: "CET" }, "Asia/Tokyo"],
    ["PGTZ before TZ", undefined, { PGTZ: "UTC", TZ: "CET" }, "UTC"],
    ["TZ without PGTZ", undefined, { PGTZ: "", TZ: "CET" }, "CET"],
    ["TZ with a colon", undefined, { TZ: ":Europe/Berlin" }, "Europe/Berlin"],
    [
      "TZ as a path of the zone files",
      undefined,
      { TZ: "/usr/share/zoneinfo/Europe/Berlin" },
      "Europe/Berlin",
    ],
    ["TZ in POSIX's own form", undefined, { TZ: "CET-1CEST,M3.5.0,M10.5.0/3" }, "CET-1CEST,M3.5.0,M10.5.0/3"],
    ["this machine's when TZ names no zone", undefined, { TZ: ":/etc/localtime" }, "Europe/Paris"],
    ["this machine's when nothing is set", undefined, {}, "Europe/Paris"],
  ])("takes %s", (_name, flag, env, expected) => {
    expect(resolveZone(flag, env, "Europe/Paris")).toBe(expected);
  });

  it("asks Intl for this machine's zone", () => {
    expect(resolveZone(undefined, {})).toBe(new Intl.DateTimeFormat().resolvedOptions().timeZone);
  });

  it("takes every zone of the tz database, in any case", () => {
    const odd = [
      "GMT+0",
      "GMT0",
      "Etc/GMT-14",
      "EST5EDT",
      "W-SU",
      "NZ-CHAT",
      "America/Port-au-Prince",
      "europe/berlin",
    ];
    for (const zone of [...Intl.supportedValuesOf("timeZone"), ...odd])
      expect(resolveZone(zone, {})).toBe(zone);
  });

  it.each(["+02:00", "UTC+3", "GMT-5", "5", "-3", "CET-1CEST"])(
    "refuses the offset %s and says why",
    (flag) => {
      const error = userErrorOf(() => resolveZone(flag, {}));
      expect(error.exitCode).toBe(ExitCode.Usage);
      expect(error.message).toBe(
        `"${flag}" is not the name of a time zone. An offset is east to some and west to others.`,
      );
    },
  );

  it.each(["", "Europe/Berlin;", "a b"])("refuses %j", (flag) => {
    expect(userErrorOf(() => resolveZone(flag, {})).message).toBe(
      `"${flag}" is not the name of a time zone.`,
    );
  });
});
