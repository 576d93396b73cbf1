import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromMicroseconds, toMicroseconds } from "../../src/core/instant.ts";
import { parseInterval } from "../../src/core/interval.ts";
import type { HeldPart } from "../../src/core/legalHold.ts";
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
  {
    name: "set",
    keep: undefined,
    rotation: { before: "2026-11-21T00:00:00+00:00", age: "1 day", bytes: 2 ** 30 },
  },
  { name: "sized", keep: parseInterval("90d"), rotation: { bytes: 2 ** 20 } },
  {
    name: "slow",
    keep: parseInterval("90d"),
    rotation: { before: "2026-10-22T00:00:00+00:00", age: "1 mon" },
  },
  {
    name: "quick",
    keep: parseInterval("90d"),
    rotation: { before: "2026-11-21T00:00:00+00:00", age: "1 day" },
  },
];
const due: Cutoff = { cutoff, rotateBefore: "2026-11-13T00:00:00.000000+00:00" };
const cutoffs = new Map<string, Cutoff>(["90d", "sized", "slow", "quick"].map((name) => [name, due]));

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
    [
      "rotates what is kept for ever when it was told to",
      { state: "hot", retention: "set", openedAt: "2026-11-20T23:59:59+00:00" },
      "rotate",
      "it was opened at 2026-11-20T23:59:59+00:00 and is due for rotation, which comes after 1 day",
    ],
    [
      "rotates by size before the time has come",
      { state: "hot", retention: "set", openedAt: now, bytes: 2 ** 30 },
      "rotate",
      "it takes 1073741824 bytes and is due for rotation, which comes at 1GB",
    ],
    [
      "does not rotate below the size",
      { state: "hot", retention: "set", openedAt: now, bytes: 2 ** 30 - 1 },
      "keep",
      "it takes the changes of today and is not due for rotation",
    ],
    [
      "keeps an empty one whatever it takes",
      { state: "hot", retention: "set", ...unlooked, changes: 0, bytes: 2 ** 31 },
      "keep",
      "it is empty",
    ],
    [
      "rotates by age as ever where only a size was set",
      { state: "hot", retention: "sized" },
      "rotate",
      "it was opened at 2026-01-01T00:00:00.000000+00:00 and is due for rotation",
    ],
    [
      "waits longer than by default when it was told to",
      { state: "hot", retention: "slow", openedAt: "2026-10-23T00:00:00+00:00" },
      "keep",
      "it takes the changes of today and is not due for rotation",
    ],
    [
      "never drops what is kept for ever, rotated or not",
      { retention: "set", lastAt: "2000-01-01T00:00:00+00:00" },
      "keep",
      "kept for ever",
    ],
    [
      "keeps a segment of one slow rotation whole",
      { retention: "slow", firstAt: "2026-08-15T00:00:00+00:00", lastAt: "2026-09-13T00:00:00+00:00" },
      "keep",
      "its newest change expires about 2026-12-12T00:00:00.000000+00:00",
    ],
    [
      "keeps a segment from before a quicker rotation whole",
      { retention: "quick", firstAt: "2026-08-20T00:00:00+00:00", lastAt: "2026-08-29T00:00:00+00:00" },
      "keep",
      "its newest change expires about 2026-11-27T00:00:00.000000+00:00",
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
      retention: fc.constantFrom("90d", "forever", "undated", "lost", "set", "sized", "slow", "quick"),
      era: fc.constant(1),
      state: fc.constantFrom("hot", "closing", "closed"),
      openedAt: instant,
      changes: fc.nat(3),
      bytes: fc.constantFrom(0, 8192, 2 ** 20, 2 ** 31),
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
          expect(segment.state).toBe("closed");
          expect(["90d", "sized", "slow", "quick"]).toContain(segment.retention);
          if (act === "drop" && segment.changes > 0) expect((segment.lastAt ?? "9") < cutoff).toBe(true);
        }
      }),
    );
  });

  it("rotates by nothing but age and size, and only what holds something", () => {
    fc.assert(
      fc.property(segments, (all) => {
        for (const { segment, act, reason } of planPrune(all, classes, cutoffs, now)) {
          if (segment.state !== "hot") expect(act).not.toBe("rotate");
          const rotation = classes.find(({ name }) => name === segment.retention)?.rotation;
          const grown = segment.state === "hot" && (segment.changes > 0 || segment.firstAt !== undefined);
          if (grown && segment.bytes >= (rotation?.bytes ?? Number.POSITIVE_INFINITY))
            expect(act).toBe("rotate");
          if (grown && segment.openedAt < (rotation?.before ?? "")) expect(act).toBe("rotate");
          if (act === "rotate")
            expect([grown, reason]).toEqual([true, expect.stringContaining("due for rotation")]);
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
        bytes: 0,
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

describe("planRun with --exact", () => {
  const exactly = (parts: Partial<Segment>, part?: HeldPart) => {
    const segment = aSegment(parts);
    const held = part && new Map([[segment.id, part]]);
    return planRun({ segments: [segment], classes, cutoffs, now, held, exact: true });
  };
  const straddling = { firstAt: "2026-08-20T00:00:00+00:00", lastAt: "2026-08-29T00:00:00+00:00" };
  const young = "2026-11-20T00:00:00+00:00";

  it.each<[string, Partial<Segment>, HeldPart | undefined, Decision["act"][]]>([
    ["deletes what has expired of a segment of one rotation", straddling, undefined, ["delete"]],
    ["drops what has expired as a whole", { ...straddling, lastAt: straddling.firstAt }, undefined, ["drop"]],
    ["keeps what ends and begins after the cutoff", {}, undefined, ["keep"]],
    [
      "rotates a young hot segment first that holds expired changes",
      { ...straddling, state: "hot", openedAt: young },
      undefined,
      ["rotate", "close", "delete"],
    ],
    [
      "does not rotate for what is held",
      { ...straddling, state: "hot", openedAt: young },
      { by: ["a"], free: false },
      ["keep"],
    ],
    [
      "leaves a young hot segment without expired changes",
      { state: "hot", openedAt: young },
      undefined,
      ["keep"],
    ],
    [
      "leaves a young hot segment that nobody looked into",
      { state: "hot", openedAt: young, ...unlooked, changes: 5n },
      undefined,
      ["keep"],
    ],
    [
      "waits for older transactions",
      { ...straddling, state: "closing", safeToClose: false },
      undefined,
      ["keep"],
    ],
    ["keeps for ever", { ...straddling, retention: "forever" }, undefined, ["keep"]],
  ])("%s", (_, parts, held, expected) => {
    expect(exactly(parts, held).map(({ act }) => act)).toEqual(expected);
  });
});

describe("planRun around holds", () => {
  const expired = { firstAt: "2026-08-01T00:00:00+00:00", lastAt: "2026-08-23T00:00:00+00:00" };
  const reasonsOf = (parts: Partial<Segment>, part: HeldPart) => {
    const segment = aSegment(parts);
    return planRun({ segments: [segment], classes, cutoffs, now, held: new Map([[segment.id, part]]) }).map(
      ({ act, reason }) => [act, reason],
    );
  };

  it.each<[string, Partial<Segment>, HeldPart, [string, string]]>([
    [
      "deletes what is free of a segment that is due",
      expired,
      { by: ["case-1"], free: true },
      ["delete", 'its newest change is of 2026-08-23T00:00:00+00:00, but hold "case-1" keeps a part of it'],
    ],
    [
      "keeps what is held as a whole, and names the holds",
      expired,
      { by: ["a", "b", "c"], free: false },
      ["keep", 'holds "a", "b" and "c" keep all of it that has expired'],
    ],
    [
      "does not delete again where only what is held is left",
      { ...expired, lastAt: "2026-11-01T00:00:00+00:00" },
      { by: ["a"], free: false },
      ["keep", 'hold "a" keeps all of it that has expired'],
    ],
    [
      "drops what nothing is held of",
      expired,
      { by: [], free: true },
      ["drop", "its newest change is of 2026-08-23T00:00:00+00:00"],
    ],
  ])("%s", (_, parts, part, expected) => {
    expect(reasonsOf(parts, part)).toEqual([expected]);
  });

  it("rotates and closes all the same", () => {
    const acts = reasonsOf({ ...expired, state: "hot" }, { by: ["a"], free: true }).map(([act]) => act);
    expect(acts).toEqual(["rotate", "close", "delete"]);
  });
});

/** A change as the plan's promises are about it; its age in days. */
interface Aged {
  readonly age: number;
  readonly held: boolean;
}

const keepDays = 90;
const rotationDays = 9;
const agedChanges = fc.array(fc.record({ age: fc.integer({ min: 0, max: 200 }), held: fc.boolean() }), {
  maxLength: 12,
});
const logs = fc.array(
  fc.record({
    state: fc.constantFrom<Segment["state"]>("hot", "closing", "closed"),
    retention: fc.constantFrom("90d", "90d", "forever"),
    openedDaysBefore: fc.integer({ min: 0, max: 20 }),
    safeToClose: fc.boolean(),
    changes: agedChanges,
  }),
  { maxLength: 6 },
);

const atAge = (days: number) => fromMicroseconds(toMicroseconds(now) - BigInt(days) * day);
const isExpired = ({ age }: Aged) => atAge(age) < cutoff;

type Log = readonly {
  readonly id: number;
  readonly segment: Segment;
  readonly changes: readonly Aged[];
}[];

/** The segments as prune would read them from these changes. */
function logOf(list: readonly (typeof logs extends fc.Arbitrary<infer T> ? T : never)[number][]): Log {
  return list.map(({ changes, openedDaysBefore, ...rest }, id) => {
    const ages = changes.map(({ age }) => age);
    const segment = aSegment({
      id,
      ...rest,
      openedAt: atAge(Math.max(0, ...ages) + openedDaysBefore),
      firstAt: ages.length === 0 ? undefined : atAge(Math.max(...ages)),
      lastAt: ages.length === 0 ? undefined : atAge(Math.min(...ages)),
      changes: ages.length,
    });
    return { id, segment, changes };
  });
}

function heldOf(log: Log): Map<number, HeldPart> {
  return new Map(
    log.flatMap(({ id, changes }) => {
      const due = changes.filter(isExpired);
      const isHeld = due.some(({ held }) => held);
      return isHeld ? [[id, { by: ["case"], free: due.some(({ held }) => !held) }] as const] : [];
    }),
  );
}

/** What one run leaves of each segment. */
function afterRun(log: Log, exact: boolean): Log {
  const plan = planRun({
    segments: log.map(({ segment }) => segment),
    classes,
    cutoffs,
    now,
    held: heldOf(log),
    exact,
  });
  return log.map((one) => {
    const acts = plan.filter(({ segment }) => segment.id === one.id).map(({ act }) => act);
    if (acts.includes("drop")) return { ...one, changes: [] };
    if (!acts.includes("delete")) return one;
    return { ...one, changes: one.changes.filter((change) => change.held || !isExpired(change)) };
  });
}

describe("whatever is in the log, a run", () => {
  const runs = fc.tuple(logs.map(logOf), fc.boolean());

  it("removes nothing that is held and nothing that has not expired", () => {
    fc.assert(
      fc.property(runs, ([log, exact]) => {
        const left = afterRun(log, exact);
        for (const [index, { segment, changes }] of log.entries()) {
          const gone = changes.filter((change) => !left[index]?.changes.includes(change));
          if (segment.retention === "forever") expect(gone).toEqual([]);
          expect(gone.filter((change) => change.held || !isExpired(change))).toEqual([]);
        }
      }),
    );
  });

  it("removes all that has expired and is not held within one rotation, with --exact at once", () => {
    fc.assert(
      fc.property(runs, ([log, exact]) => {
        for (const { segment, changes } of afterRun(log, exact)) {
          if (segment.retention === "forever") continue;
          if (segment.state === "closing" && !segment.safeToClose) continue;
          const late = changes.filter((change) => isExpired(change) && !change.held);
          if (exact) expect(late).toEqual([]);
          else expect(late.filter(({ age }) => age > keepDays + rotationDays)).toEqual([]);
        }
      }),
    );
  });

  it("leaves nothing to remove for the next", () => {
    fc.assert(
      fc.property(runs, ([log, exact]) => {
        const closed = afterRun(log, exact)
          .filter(({ segment, changes }) => segment.state === "closed" && changes.length > 0)
          .map(({ id, segment, changes }) => {
            const ages = changes.map(({ age }) => age);
            const span = { firstAt: atAge(Math.max(...ages)), lastAt: atAge(Math.min(...ages)) };
            return { id, segment: { ...segment, ...span, changes: ages.length }, changes };
          });
        const next = afterRun(closed, exact);
        expect(next.map(({ changes }) => changes)).toEqual(closed.map(({ changes }) => changes));
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
