import { describe, expect, it } from "vitest";
import { toMicroseconds } from "../../src/core/instant.ts";
import { type ClockWhen, parseWhen, WHEN_HINT } from "../../src/core/when.ts";
import { type ResolvedWhen, resolveWhen } from "../../src/db/when.ts";
import { ExitCode, UserError } from "../../src/errors.ts";
import { useDatabase } from "../helpers/useDatabase.ts";
import { caretOf } from "../helpers/userError.ts";

const database = useDatabase();

/** In a transaction as our own runs: under the pinned path, with a DateStyle that would misread dates. */
async function resolve(typed: string, zone: string): Promise<ResolvedWhen> {
  const resolved = await database.sql.begin(async (sql) => {
    await sql`set local search_path = pg_catalog, pg_temp`;
    await sql`set local datestyle = 'SQL, DMY'`;
    return resolveWhen(sql, parseWhen(typed) as ClockWhen, zone);
  });
  return resolved as ResolvedWhen;
}

async function refused(typed: string, zone: string): Promise<UserError> {
  try {
    await resolve(typed, zone);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error(`${typed} was not refused`);
}

describe("resolveWhen", () => {
  it.each([
    ["2026-03-01", "Europe/Berlin", "2026-03-01T00:00:00.000000+01:00"],
    ["2025-07-01 12:00", "CET", "2025-07-01T12:00:00.000000+02:00"],
    ["2020-01-01 10:00:00.123456+00", "Asia/Kolkata", "2020-01-01T15:30:00.123456+05:30"],
    ["2020-01-01T10:00:00.1-0330", "America/St_Johns", "2020-01-01T10:00:00.100000-03:30"],
    ["2024-04-07 02:30+11", "Australia/Sydney", "2024-04-07T02:30:00.000000+11:00"],
    ["1880-01-01 12:00", "Europe/Berlin", "1880-01-01T12:00:00.000000+00:53:28"],
    ["0099-12-31", "UTC", "0099-12-31T00:00:00.000000+00:00"],
  ])("reads %s in %s as %s", async (typed, zone, at) => {
    expect(await resolve(typed, zone)).toEqual({ typed, at, zone, precision: "approx", notes: [] });
  });

  it("counts back from the server's clock", async () => {
    const [now, ago] = await Promise.all([resolve("now", "UTC"), resolve("1 hour 30 minutes ago", "UTC")]);
    const apart = toMicroseconds(now.at) - toMicroseconds(ago.at) - 5_400_000_000n;
    expect(apart > -60_000_000n && apart < 60_000_000n).toBe(true);
  });

  it("counts days in the zone, so that a day ago is the same time of day", async () => {
    const [now, ago] = await Promise.all([
      resolve("now", "Europe/Berlin"),
      resolve("250 days ago", "Europe/Berlin"),
    ]);
    const [here, then] = [now, ago].map(({ at }) => toMicroseconds(`${at.slice(0, 26)}Z`)) as [
      bigint,
      bigint,
    ];
    const apart = here - then - 250n * 86_400_000_000n;
    expect(apart > -60_000_000n && apart < 60_000_000n).toBe(true);
  });

  it("takes today and yesterday from the server's day in the zone", async () => {
    const days = ["today", "yesterday", "yesterday 17:00"].map((typed) =>
      resolve(typed, "Pacific/Kiritimati"),
    );
    const [today, yesterday, afternoon] = await Promise.all(days);
    const now = await resolve("now", "Pacific/Kiritimati");
    expect(today?.at).toBe(`${now.at.slice(0, 10)}T00:00:00.000000+14:00`);
    expect(toMicroseconds(today?.at ?? "") - toMicroseconds(yesterday?.at ?? "")).toBe(86_400_000_000n);
    expect(afternoon?.at).toBe(yesterday?.at.replace("T00:", "T17:"));
  });

  it("refuses a local time the zone skipped, with the caret under the time and the instant next to it", async () => {
    const error = await refused("2026-03-29 02:30", "Europe/Berlin");
    expect(error.exitCode).toBe(ExitCode.Usage);
    expect(error.message).toContain("this time was skipped in Europe/Berlin when the clocks went forward");
    expect(caretOf(error)).toBe(11);
    expect(error.hint).toBe(`Write 2026-03-29T03:30:00.000000+02:00 if that is meant. ${WHEN_HINT}`);
  });

  it("begins a day without midnight when it began, and says so", async () => {
    const { at, notes } = await resolve("2018-11-04", "America/Sao_Paulo");
    expect(at).toBe("2018-11-04T01:00:00.000000-02:00");
    expect(notes).toEqual([`The day began at ${at} in America/Sao_Paulo: its midnight was skipped.`]);
  });

  it.each([
    [
      "2025-10-26 02:30",
      "Europe/Berlin",
      "2025-10-26T02:30:00.000000+01:00",
      "2025-10-26T02:30:00.000000+02:00",
    ],
    [
      "2024-04-07 01:45",
      "Australia/Lord_Howe",
      "2024-04-07T01:45:00.000000+10:30",
      "2024-04-07T01:45:00.000000+11:00",
    ],
    [
      "2014-10-26 01:30",
      "Europe/Moscow",
      "2014-10-26T01:30:00.000000+03:00",
      "2014-10-26T01:30:00.000000+04:00",
    ],
  ])(
    "takes the later of two equal local times, %s in %s, and names the other",
    async (typed, zone, at, other) => {
      expect(await resolve(typed, zone)).toMatchObject({
        at,
        notes: [`This local time came twice in ${zone}; ${at} was taken. Write ${other} for the other.`],
      });
    },
  );

  it("says nothing of the hours around a change of clocks", async () => {
    for (const typed of [
      "2025-10-26 01:59:59",
      "2025-10-26 03:00",
      "2025-03-30 01:59:59",
      "2025-03-30 03:00",
    ]) {
      expect((await resolve(typed, "Europe/Berlin")).notes).toEqual([]);
    }
  });

  it.each([
    ["9999-12-31", /lies in the future, the server's clock says \d{4}-\d\d-\d\dT/],
    ["-900000y", /lies further back than PostgreSQL can count/],
    ["3000 years ago", /lies before the year 1/],
  ])("refuses %s", async (typed, problem) => {
    const error = await refused(typed, "UTC");
    expect(error.exitCode).toBe(ExitCode.Usage);
    expect(error.message).toMatch(problem);
    expect(caretOf(error)).toBe(0);
    expect(error.hint).toBe(WHEN_HINT);
  });

  it("refuses a zone the server does not know", async () => {
    const error = await refused("now", "Nowhere/Town");
    expect(error.exitCode).toBe(ExitCode.Usage);
    expect(error.message).toBe('The server does not know the time zone "Nowhere/Town".');
  });

  it("does not take another fault for the user's", async () => {
    let thrown: unknown;
    const aborted = database.sql.begin(async (sql) => {
      await sql`select 1 / 0`.catch(() => {});
      thrown = await resolveWhen(sql, parseWhen("now") as ClockWhen, "UTC").catch((error: unknown) => error);
    });
    await expect(aborted).rejects.toThrow("division by zero");
    expect(thrown).toMatchObject({ code: "25P02" });
  });

  it("leaves the session's zone as it was", async () => {
    const connection = await database.sql.reserve();
    try {
      const [before] = await connection`show timezone`;
      await resolveWhen(connection, parseWhen("now") as ClockWhen, "Asia/Tokyo");
      expect(await connection`show timezone`).toMatchObject([before]);
    } finally {
      connection.release();
    }
  });
});
