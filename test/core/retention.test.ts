import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromMicroseconds, toMicroseconds } from "../../src/core/instant.ts";
import { parseInterval } from "../../src/core/interval.ts";
import {
  type Cutoff,
  type Decision,
  planPrune,
  planRun,
  type RetentionClass,
  type Segment,
} from "../../src/core/retention.ts";

const now = "2026-11-22T00:00:00.000000+00:00";
const cutoff = "2026-08-24T00:00:00.000000+00:00";
const classes: RetentionClass[] = [
  { name: "90d", keep: parseInterval("90d") },
  { name: "forever", keep: undefined },
  { name: "undated", keep: parseInterval("1y") },
];
const cutoffs = new Map<string, Cutoff>([
  ["90d", { cutoff, rotateBefore: "2026-11-13T00:00:00.000000+00:00" }],
]);

function aSegment(parts: Partial<Segment> = {}): Segment {
  return {
    id: 1,
    retention: "90d",
    era: 1,
    state: "closed",
    openedAt: "2026-01-01T00:00:00.000000+00:00",
    firstAt: "2026-11-01T00:00:00.000000+00:00",
    lastAt: "2026-11-02T00:00:00.000000+00:00",
    changes: 10,
    bytes: 8192,
    safeToClose: true,
    ...parts,
  };
}

const unlooked = { firstAt: undefined, lastAt: undefined };

describe("planPrune", () => {
  it.each<[string, Partial<Segment>, string, string]>([
    [
      "rotates a hot segment opened too long ago",
      { state: "hot" },
      "rotate",
      "it was opened at 2026-01-01T00:00:00.000000+00:00 and is due for rotation",
    ],
    [
      "rotates by the estimate when nobody looked for the first change",
      { state: "hot", ...unlooked, changes: 5n },
      "rotate",
      "it was opened at 2026-01-01T00:00:00.000000+00:00 and is due for rotation",
    ],
    [
      "keeps a young hot segment",
      { state: "hot", openedAt: "2026-11-13T00:00:00.000000+00:00" },
      "keep",
      "it takes the changes of today and is not due for rotation",
    ],
    ["keeps an empty hot segment", { state: "hot", ...unlooked, changes: 0 }, "keep", "it is empty"],
    ["keeps what is hot and for ever", { state: "hot", retention: "forever" }, "keep", "kept for ever"],
    [
      "closes when it is safe",
      { state: "closing" },
      "close",
      "no transaction from before the rotation is left",
    ],
    [
      "closes though its class became for ever",
      { state: "closing", retention: "forever" },
      "close",
      "no transaction from before the rotation is left",
    ],
    [
      "does not close before it is safe",
      { state: "closing", safeToClose: false },
      "keep",
      "a transaction from before the rotation is still running",
    ],
    [
      "drops what ended before the cutoff",
      { firstAt: "2026-08-01T00:00:00+00:00", lastAt: "2026-08-23T23:59:59.999999+00:00" },
      "drop",
      "its newest change is of 2026-08-23T23:59:59.999999+00:00",
    ],
    [
      "drops by the instant, whatever its offset",
      { firstAt: "2026-08-01T00:00:00+00:00", lastAt: "2026-08-24T01:59:59.999999+02:00" },
      "drop",
      "its newest change is of 2026-08-24T01:59:59.999999+02:00",
    ],
    ["drops a closed and empty one", { ...unlooked, changes: 0n }, "drop", "it is closed and empty"],
    [
      "keeps one whose extent is unknown",
      { ...unlooked, changes: 3 },
      "keep",
      "the instants of its changes are not known",
    ],
    [
      "keeps one whose extent is half unknown",
      { lastAt: undefined, changes: 0 },
      "keep",
      "the instants of its changes are not known",
    ],
    [
      "keeps what ends at the cutoff",
      { firstAt: "2026-08-20T00:00:00+00:00", lastAt: cutoff },
      "keep",
      "its newest change expires about 2026-11-22T00:00:00.000000+00:00",
    ],
    [
      "deletes the expired part of a segment longer than a rotation",
      { firstAt: "2026-08-01T00:00:00+00:00", lastAt: "2026-09-01T00:00:00+00:00" },
      "delete",
      "it spans more than one rotation, and its changes before 2026-08-24T00:00:00.000000+00:00 have expired",
    ],
    [
      "keeps a straddling segment of one rotation whole",
      { firstAt: "2026-08-20T00:00:00+00:00", lastAt: "2026-08-29T00:00:00+00:00" },
      "keep",
      "its newest change expires about 2026-11-27T00:00:00.000000+00:00",
    ],
    [
      "keeps a closed one for ever",
      { retention: "forever", lastAt: "2000-01-01T00:00:00+00:00" },
      "keep",
      "kept for ever",
    ],
    [
      "keeps what has an unknown class",
      { retention: "lost", lastAt: "2000-01-01T00:00:00+00:00" },
      "keep",
      'its retention class "lost" is not known',
    ],
    [
      "keeps what has no cutoff",
      { retention: "undated", lastAt: "2000-01-01T00:00:00+00:00" },
      "keep",
      "its cutoff is not known",
    ],
  ])("%s", (_name, parts, act, reason) => {
    const segment = aSegment(parts);
    const [decision, ...others] = planPrune([segment], classes, cutoffs, now);
    expect(others).toEqual([]);
    expect(decision).toMatchObject({ segment, act, reason });
  });

  it("names the cutoff where the decision rests on it", () => {
    const old = aSegment({ firstAt: "2026-01-01T00:00:00+00:00", lastAt: "2026-01-02T00:00:00+00:00" });
    expect(planPrune([old], classes, cutoffs, now)[0]).toHaveProperty("cutoff", cutoff);
    expect(planPrune([aSegment({ state: "hot" })], classes, cutoffs, now)[0]).not.toHaveProperty("cutoff");
  });

  it("has nothing left to delete after the expired part is gone", () => {
    const long = aSegment({ firstAt: "2026-01-01T00:00:00+00:00" });
    expect(planPrune([long], classes, cutoffs, now)[0]?.act).toBe("delete");
    expect(planPrune([{ ...long, firstAt: cutoff }], classes, cutoffs, now)[0]?.act).toBe("keep");
  });
});

const day = 86_400_000_000n;
const instant = fc
  .bigInt({ min: toMicroseconds(now) - 200n * day, max: toMicroseconds(now) })
  .map(fromMicroseconds);
const segments = fc.array(
  fc
    .record({
      id: fc.nat(),
      retention: fc.constantFrom("90d", "forever", "undated", "lost"),
      era: fc.constant(1),
      state: fc.constantFrom("hot", "closing", "closed"),
      openedAt: instant,
      changes: fc.nat(3),
      bytes: fc.nat(),
      safeToClose: fc.boolean(),
      ends: fc.tuple(instant, instant),
      known: fc.boolean(),
    })
    .map(({ ends, known, ...segment }): Segment => {
      const [firstAt, lastAt] = [...ends].sort();
      return known ? { ...segment, firstAt, lastAt } : segment;
    }),
);

describe("whatever the segments are, planPrune", () => {
  it("decides for each exactly once, and the same when asked twice", () => {
    fc.assert(
      fc.property(segments, (all) => {
        const plan = planPrune(all, classes, cutoffs, now);
        expect(plan.map(({ segment }) => segment)).toEqual(all);
        expect(planPrune(all, classes, cutoffs, now)).toEqual(plan);
      }),
    );
  });

  it("drops nothing newer than the cutoff, nothing kept for ever, nothing in use", () => {
    fc.assert(
      fc.property(segments, (all) => {
        for (const { segment, act, ...decision } of planPrune(all, classes, cutoffs, now)) {
          if (act === "delete") expect(decision.cutoff).toBe(cutoff);
          if (act !== "drop" && act !== "delete") continue;
          expect(segment).toMatchObject({ state: "closed", retention: "90d" });
          if (act === "drop" && segment.changes > 0) expect((segment.lastAt ?? "9") < cutoff).toBe(true);
        }
      }),
    );
  });

  it("comes to rest: once its acts are done, only keeping is left", () => {
    fc.assert(
      fc.property(segments, (all) => {
        let present = all;
        for (let phase = 0; phase < 4; phase += 1) present = present.flatMap((segment) => applied(segment));
        expect(planPrune(present, classes, cutoffs, now).filter(({ act }) => act !== "keep")).toEqual([]);
      }),
    );
  });
});

/** What becomes of the segment when the plan for it is carried out. */
function applied(segment: Segment): Segment[] {
  const [decision] = planPrune([segment], classes, cutoffs, now);
  switch (decision?.act) {
    case "rotate": {
      const next = {
        ...segment,
        id: segment.id + 1,
        openedAt: now,
        firstAt: undefined,
        lastAt: undefined,
        changes: 0,
      };
      return [{ ...segment, state: "closing", safeToClose: true }, next];
    }
    case "close":
      return [{ ...segment, state: "closed" }];
    case "delete":
      return [{ ...segment, firstAt: decision.cutoff }];
    case "drop":
      return [];
    default:
      return [segment];
  }
}

describe("planRun", () => {
  const run = (...segments: Segment[]) => planRun({ segments, classes, cutoffs, now });
  const acts = (decisions: Decision[]) => decisions.map(({ segment, act }) => [segment.id, act]);
  const expired = { firstAt: "2026-08-01T00:00:00+00:00", lastAt: "2026-08-23T00:00:00+00:00" };

  it.each<[string, Partial<Segment>, Decision["act"][]]>([
    ["drops what is closed and expired", expired, ["drop"]],
    ["keeps what is closed and young", {}, ["keep"]],
    ["closes what is safe and keeps what it then is", { state: "closing" }, ["close"]],
    ["closes what is safe and drops what has expired", { state: "closing", ...expired }, ["close", "drop"]],
    [
      "closes what is safe and drops what then proves empty",
      { state: "closing", ...unlooked, changes: 0 },
      ["close", "drop"],
    ],
    ["does not drop what cannot be closed", { state: "closing", safeToClose: false, ...expired }, ["keep"]],
    ["rotates and closes", { state: "hot" }, ["rotate", "close"]],
    [
      "rotates, closes and drops what is all expired",
      { state: "hot", ...expired },
      ["rotate", "close", "drop"],
    ],
    [
      "rotates, closes and deletes from a segment that spans more than one rotation",
      { state: "hot", firstAt: "2026-08-01T00:00:00+00:00" },
      ["rotate", "close", "delete"],
    ],
    [
      "does not look ahead into what nobody has counted",
      { state: "hot", ...unlooked, changes: 5n },
      ["rotate", "close"],
    ],
    ["leaves an empty hot segment", { state: "hot", ...unlooked, changes: 0 }, ["keep"]],
    ["keeps what is for ever", { state: "hot", retention: "forever", ...expired }, ["keep"]],
  ])("%s", (_, parts, expected) => {
    expect(run(aSegment(parts)).map(({ act }) => act)).toEqual(expected);
  });

  it("keeps the order of segments, and of the acts on each", () => {
    const segments = [
      aSegment({ id: 3, state: "hot", ...expired }),
      aSegment({ id: 1, ...expired }),
      aSegment({ id: 2 }),
    ];
    expect(acts(run(...segments))).toEqual([
      [3, "rotate"],
      [3, "close"],
      [3, "drop"],
      [1, "drop"],
      [2, "keep"],
    ]);
  });

  it("plans nothing for an empty log", () => {
    expect(run()).toEqual([]);
  });

  it("has nothing left to do once its plan is carried out", () => {
    const states = fc.constantFrom<Segment["state"]>("hot", "closing", "closed");
    fc.assert(
      fc.property(fc.array(fc.tuple(states, fc.boolean(), fc.boolean())), (list) => {
        const segments = list.map(([state, safeToClose, old], id) =>
          aSegment({ id, state, safeToClose, ...(old ? expired : {}) }),
        );
        const plan = run(...segments);
        const left = segments
          .filter(({ id }) => !plan.some(({ segment, act }) => segment.id === id && act === "drop"))
          .map((segment) => {
            const closed = plan.some(({ segment: { id }, act }) => id === segment.id && act === "close");
            return closed ? { ...segment, state: "closed" as const } : segment;
          });
        expect(run(...left).filter(({ act }) => act !== "keep")).toEqual([]);
      }),
    );
  });
});

describe("with an archive", () => {
  const facts = { classes, cutoffs, now, archive: "/archive" };
  const expired = { firstAt: "2026-01-01T00:00:00.000000+00:00", lastAt: "2026-02-01T00:00:00.000000+00:00" };
  const acts = (segment: Segment, archive: string | undefined = "/archive") =>
    planRun({ ...facts, archive, segments: [segment] }).map(({ act }) => act);

  it("archives what is to go before it goes, also what is rotated and closed first", () => {
    expect(acts(aSegment(expired))).toEqual(["archive", "drop"]);
    expect(acts(aSegment({ ...expired, state: "hot" }))).toEqual(["rotate", "close", "archive", "drop"]);
    expect(acts(aSegment({ ...expired, lastAt: "2026-11-02T00:00:00.000000+00:00" }))).toEqual([
      "archive",
      "delete",
    ]);
  });

  it("archives nothing that stays, is there already or is empty", () => {
    expect(acts(aSegment())).toEqual(["keep"]);
    expect(acts(aSegment({ ...expired, archivedIn: ["/archive", "/other"] }))).toEqual(["drop"]);
    expect(acts(aSegment({ firstAt: undefined, lastAt: undefined, changes: 0 }))).toEqual(["drop"]);
  });

  it("tells where it lies, also where no archive is asked for", () => {
    const [drop] = planRun({
      ...facts,
      archive: undefined,
      segments: [aSegment({ ...expired, archivedIn: ["/a", "/b"] })],
    });
    expect(drop).toMatchObject({ act: "drop", reason: expect.stringMatching(/; archived in \/a, \/b$/) });
  });

  it("keeps what is no longer whole and lies in another archive", () => {
    const [kept] = planRun({
      ...facts,
      segments: [aSegment({ ...expired, archivedIn: ["/other"], partial: true })],
    });
    expect(kept).toMatchObject({ act: "keep", reason: "a part of it lies in /other alone" });
    expect(acts(aSegment({ ...expired, archivedIn: ["/archive"], partial: true }))).toEqual(["drop"]);
  });

  it("keeps what was brought back until its time", () => {
    const restored = (restoredUntil: string) =>
      acts(aSegment({ ...expired, archivedIn: ["/archive"], restoredUntil }));
    expect(restored("2026-11-22T00:00:00.000001+00:00")).toEqual(["keep"]);
    expect(restored(now)).toEqual(["drop"]);
  });
});
