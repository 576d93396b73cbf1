import { afterEach, describe, expect, it } from "vitest";
import { UserError } from "../../src/errors.ts";
import { readHeartbeatUrl, withHeartbeat } from "../../src/heartbeat.ts";
import { ClosedPipe } from "../../src/io.ts";
import { fakeIo } from "../helpers/fakeIo.ts";
import { type Monitor, startMonitor } from "../helpers/monitor.ts";

let monitor: Monitor | undefined;

afterEach(async () => {
  await monitor?.stop();
  monitor = undefined;
});

describe("withHeartbeat", () => {
  it("tells of start and success, with what the address has behind its path", async () => {
    monitor = await startMonitor();
    const io = fakeIo();
    const url = new URL(`${monitor.url}/ping/secret/?a=b`);
    expect(await withHeartbeat(url, io, async () => 42)).toBe(42);
    expect(monitor.heard).toEqual(["/ping/secret/start?a=b", "/ping/secret/?a=b"]);
    expect(io.stderr).toBe("");
  });

  it("tells of failure, and lets the failure through", async () => {
    monitor = await startMonitor();
    const failing = withHeartbeat(new URL(`${monitor.url}/x`), fakeIo(), async () => {
      throw new Error("no luck");
    });
    await expect(failing).rejects.toThrow("no luck");
    expect(monitor.heard).toEqual(["/x/start", "/x/fail"]);
  });

  it("takes it as success when only the reader of the answer has left", async () => {
    monitor = await startMonitor();
    const closed = withHeartbeat(new URL(`${monitor.url}/x`), fakeIo(), async () => {
      throw new ClosedPipe();
    });
    await expect(closed).rejects.toThrow(ClosedPipe);
    expect(monitor.heard).toEqual(["/x/start", "/x"]);
  });

  it("goes on where the monitor is out of reach or unwilling, and says no more of the address than its host", async () => {
    monitor = await startMonitor(404);
    const { host } = new URL(monitor.url);
    const io = fakeIo();
    expect(await withHeartbeat(new URL(`${monitor.url}/secret`), io, async () => 1)).toBe(1);
    const line = `The monitor at ${host} answered with 404, which changes nothing here.\n`;
    expect(io.stderr).toBe(line.repeat(2));
    await monitor.stop();
    const later = fakeIo();
    expect(await withHeartbeat(new URL(`${monitor.url}/secret`), later, async () => 2)).toBe(2);
    expect(later.stderr).toBe(
      `The monitor at ${host} was out of reach, which changes nothing here.\n`.repeat(2),
    );
  });

  it("sends nothing without an address", async () => {
    expect(await withHeartbeat(undefined, fakeIo(), async () => 3)).toBe(3);
  });
});

describe("readHeartbeatUrl", () => {
  it("reads what can be asked for", () => {
    expect(readHeartbeatUrl("https://example.test/a").href).toBe("https://example.test/a");
  });

  it.each(["", "secret", "ftp://example.test/secret", "postgres://a:secret@b/c"])(
    "refuses %j without a word of it",
    (text) => {
      expect(() => readHeartbeatUrl(text)).toThrow(UserError);
      expect(() => readHeartbeatUrl(text)).not.toThrow(/secret/);
    },
  );
});
