import { describe, expect, it } from "vitest";
import { createProgress, type ProgressIo } from "../../src/output/progress.ts";

function fakeStderr(io: Partial<ProgressIo> = {}) {
  const written: string[] = [];
  let time = 1_000_000;
  return {
    written,
    wait: (milliseconds: number) => {
      time += milliseconds;
    },
    io: {
      err: (text: string) => void written.push(text),
      errIsTTY: true,
      env: {},
      width: 40,
      now: () => new Date(time),
      ...io,
    },
  };
}

describe("createProgress on a terminal", () => {
  it("draws the first step at once, in place, and clears it at the end", () => {
    const { io, written } = fakeStderr();
    const progress = createProgress(io, "enabling");
    progress.step(37, 412, "public.orders");
    progress.end();
    progress.end();
    expect(written).toEqual(["\r\x1b[Kenabling 37/412 public.orders", "\r\x1b[K"]);
  });

  it("redraws at most ten times a second", () => {
    const { io, written, wait } = fakeStderr();
    const progress = createProgress(io, "reading");
    for (let done = 0; done < 1000; done++) {
      progress.step(done, undefined);
      wait(1);
    }
    expect(written).toHaveLength(10);
    expect(written[1]).toBe("\r\x1b[Kreading 100");
  });

  it("never fills the line, nor lets a name command the terminal", () => {
    const { io, written } = fakeStderr();
    createProgress(io, "enabling").step(1, 2, `\x1b[2J${"x".repeat(100)}`);
    expect(written[0]).toBe(`\r\x1b[Kenabling 1/2 \\x1b[2J${"x".repeat(18)}…`);
    expect(written[0]).toHaveLength(4 + 39);
  });

  it("goes on when the clock is set back", () => {
    const { io, written, wait } = fakeStderr();
    const progress = createProgress(io, "reading");
    progress.step(1, 2);
    wait(-3_600_000);
    progress.step(2, 2);
    expect(written).toHaveLength(2);
  });

  it("draws again after its end", () => {
    const { io, written } = fakeStderr();
    const progress = createProgress(io, "reading");
    progress.step(1, 2);
    progress.end();
    progress.step(2, 2);
    expect(written.at(-1)).toBe("\r\x1b[Kreading 2/2");
  });

  it("writes nothing when nothing happened", () => {
    const { io, written } = fakeStderr();
    createProgress(io, "reading").end();
    expect(written).toEqual([]);
  });
});

describe.each([
  ["off a terminal", { errIsTTY: false }],
  ["on a dumb terminal", { env: { TERM: "dumb" } }],
])("createProgress %s", (_name, io) => {
  it("is silent about quick work and writes a plain line every few seconds about slow work", () => {
    const { io: stderr, written, wait } = fakeStderr(io);
    const progress = createProgress(stderr, "enabling");
    for (let done = 1; done <= 12; done++) {
      progress.step(done, 12, "public.orders");
      wait(1000);
    }
    progress.end();
    expect(written).toEqual(["enabling 6/12 public.orders\n", "enabling 11/12 public.orders\n"]);
  });
});

it("tells of work that cannot be counted", () => {
  const { io, written } = fakeStderr();
  createProgress(io, "reading").say("… 12 s");
  expect(written).toEqual(["\r\x1b[Kreading … 12 s"]);
});
