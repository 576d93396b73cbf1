import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { tellWaiting } from "../../src/output/waiting.ts";
import { fakeIo } from "../helpers/fakeIo.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const second = 1000;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Items that come after pauses, taken by one who needs `taking` for each; what stderr saw, with `|` for each item. */
async function told(
  pauses: readonly number[],
  { taking = 0, errIsTTY = true, hushed = false } = {},
): Promise<string[]> {
  const io = fakeIo({ errIsTTY, now: () => new Date() });
  const seen: string[] = [];
  const err = (text: string) => void seen.push(text);
  async function* items() {
    for (const length of pauses) {
      await pause(length);
      yield length;
    }
  }
  const work = async () => {
    for await (const _ of tellWaiting(items(), { ...io, err }, { label: "reading", hushed: () => hushed })) {
      seen.push("|");
      await pause(taking);
    }
  };
  const done = work();
  await vi.runAllTimersAsync();
  await done;
  expect(vi.getTimerCount()).toBe(0);
  return seen;
}

const erase = "\r\x1b[K";

it("is silent about what comes within two seconds", async () => {
  expect(await told([second, second, 1900, 0])).toEqual(["|", "|", "|", "|"]);
});

it("tells in place how long the first item has been awaited, and takes that away before it comes", async () => {
  expect(await told([3300])).toEqual([
    `${erase}reading … 2 s`,
    `${erase}reading … 2 s`,
    `${erase}reading … 3 s`,
    erase,
    "|",
  ]);
});

it("tells of pauses between items, from when all began", async () => {
  expect(await told([second, 2700])).toEqual([
    "|",
    `${erase}reading … 3 s`,
    `${erase}reading … 3 s`,
    erase,
    "|",
  ]);
});

it("does not count the time the reader takes", async () => {
  expect(await told([0, 0], { taking: 10 * second })).toEqual(["|", "|"]);
});

it("writes a plain line every few seconds off a terminal", async () => {
  expect(await told([11_300], { errIsTTY: false })).toEqual(["reading … 5 s\n", "reading … 10 s\n", "|"]);
});

it("keeps quiet where it is told to", async () => {
  expect(await told([9 * second], { hushed: true })).toEqual(["|"]);
});

it("takes its line away when reading fails", async () => {
  const io = fakeIo({ errIsTTY: true, now: () => new Date() });
  async function* items() {
    await pause(2700);
    yield await Promise.reject(new Error("the server is gone"));
  }
  const work = async () => {
    for await (const _ of tellWaiting(items(), io, { label: "reading", hushed: () => false }));
  };
  const failing = expect(work()).rejects.toThrow("the server is gone");
  await vi.runAllTimersAsync();
  await failing;
  expect(io.stderr).toBe(`${erase}reading … 2 s${erase}reading … 2 s${erase}`);
  expect(vi.getTimerCount()).toBe(0);
});
