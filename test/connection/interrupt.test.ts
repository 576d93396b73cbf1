import { expect, it } from "vitest";
import { listenForInterrupt } from "../../src/connection/interrupt.ts";
import { fakeIo } from "../helpers/fakeIo.ts";

it.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("turns the first %s into exit %i", (signal, exitCode) => {
  const io = fakeIo();
  const interrupt = listenForInterrupt(io);
  io.signal(signal);
  expect(interrupt.signal.reason).toMatchObject({ exitCode });
  expect(io.stderr).toBe("cancelling\n");
});

it("leaves the second signal to the system, which ends the process", () => {
  const listening = new Set<unknown>();
  const io = fakeIo();
  const counted = {
    ...io,
    onSignal: (listener: Parameters<typeof io.onSignal>[0]) => {
      const stop = io.onSignal(listener);
      listening.add(listener);
      return () => {
        listening.delete(listener);
        stop();
      };
    },
  };
  listenForInterrupt(counted);
  expect(listening.size).toBe(1);
  io.signal("SIGINT");
  expect(listening.size).toBe(0);
});
