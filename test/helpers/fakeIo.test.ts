import { expect, it, vi } from "vitest";
import { fakeIo } from "./fakeIo.ts";

it("keeps stdout and stderr apart", async () => {
  const io = fakeIo();
  await io.out("answer\n");
  io.err("talk\n");
  expect([io.stdout, io.stderr]).toEqual(["answer\n", "talk\n"]);
});

it("is no terminal, has no colour and no environment unless told", () => {
  expect(fakeIo()).toMatchObject({
    outIsTTY: false,
    outColor: false,
    errColor: false,
    width: undefined,
    env: {},
  });
  expect(fakeIo({ outIsTTY: true })).toMatchObject({ outColor: true, errColor: false, width: 80 });
  expect(fakeIo({ outIsTTY: true, env: { NO_COLOR: "1" } }).outColor).toBe(false);
});

it("has a clock that stands where it is told", () => {
  expect(fakeIo().now()).toEqual(fakeIo().now());
  expect(fakeIo({ now: new Date(0) }).now()).toEqual(new Date(0));
});

it("sends signals to those who still listen", () => {
  const io = fakeIo();
  const listener = vi.fn();
  const remove = io.onSignal(listener);
  io.signal("SIGINT");
  remove();
  io.signal("SIGTERM");
  expect(listener.mock.calls).toEqual([["SIGINT"]]);
});
