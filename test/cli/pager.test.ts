import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createPager, type ProcessPager } from "../../src/pager.ts";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pager-"));
});

afterAll(() => rm(folder, { recursive: true }));

const env = { PATH: process.env.PATH };

function send(pager: ProcessPager, text: string): Promise<Error | null | undefined> {
  return new Promise((resolve) => pager.input?.write(text, resolve));
}

it("hands on all that is written, and waits for the reader to end", async () => {
  const pager = createPager(env);
  expect(pager.input).toBeUndefined();
  expect(await pager.open(`sleep 0.2; cat > '${folder}/all'`)).toBe(true);
  const quit = vi.fn();
  pager.onQuit(quit);
  await send(pager, "one\n");
  await send(pager, "two\n");
  await pager.close();
  expect(await readFile(`${folder}/all`, "utf8")).toBe("one\ntwo\n");
  expect(pager.input).toBeUndefined();
  expect(quit).not.toHaveBeenCalled();
});

it.each([
  ["LESS and LV", {}, "FRX -c"],
  ["LESS and LV unless they are set", { LESS: "", LV: "x" }, " x"],
])("sets %s", async (_, more, expected) => {
  const pager = createPager({ ...env, ...more });
  await pager.open(`echo "$LESS $LV" > '${folder}/env'`);
  await pager.close();
  expect(await readFile(`${folder}/env`, "utf8")).toBe(`${expected}\n`);
});

it("tells when the reader leaves early, once, and takes no more", async () => {
  const pager = createPager(env);
  const removed = vi.fn();
  pager.onQuit(removed)();
  const gone = new Promise<void>((resolve) => pager.onQuit(resolve));
  await pager.open("read line");
  await send(pager, "one\n");
  await gone;
  expect(await send(pager, "two\n")).toBeInstanceOf(Error);
  await pager.close();
  expect(removed).not.toHaveBeenCalled();
});

it("leaves an interrupt to the reader for as long as there is one", async () => {
  const before = process.listeners("SIGINT");
  const pager = createPager(env);
  await pager.open("cat >/dev/null");
  expect(process.listeners("SIGINT")).toHaveLength(before.length + 1);
  await pager.close();
  expect(process.listeners("SIGINT")).toEqual(before);
});

it("says that it cannot start where there is no shell", async () => {
  const pager = createPager({ PATH: folder });
  expect(await pager.open("less")).toBe(false);
  expect(pager.input).toBeUndefined();
  await pager.close();
});

it("shows all where the command cannot be found, run or understood", async () => {
  const said = `${folder}/said`;
  for (const command of ["nosuch-pager -R", folder, "(less"]) {
    // The shell writes to our stdout otherwise.
    const pager = createPager({ ...env, PATH: `${folder}/bin:${env.PATH}` });
    await mkdir(`${folder}/bin`, { recursive: true });
    await writeFile(`${folder}/bin/cat`, `#!/bin/sh\nwhile read line; do echo "$line"; done > '${said}'\n`, {
      mode: 0o755,
    });
    await pager.open(`${command} 2>/dev/null`);
    await send(pager, "one\ntwo\n");
    await pager.close();
    expect({ command, said: await readFile(said, "utf8") }).toEqual({ command, said: "one\ntwo\n" });
    await rm(said);
  }
});

it("stays with the one that is open", async () => {
  const pager = createPager(env);
  await pager.open(`cat > '${folder}/first'`);
  await pager.open(`cat > '${folder}/second'`);
  await send(pager, "text");
  await pager.close();
  expect(await readFile(`${folder}/first`, "utf8")).toBe("text");
});

it("closes harmlessly when it was never open, and opens again", async () => {
  const pager = createPager(env);
  await pager.close();
  for (const text of ["one", "two"]) {
    await pager.open(`cat > '${folder}/again'`);
    await send(pager, text);
    await pager.close();
    expect(await readFile(`${folder}/again`, "utf8")).toBe(text);
  }
});
