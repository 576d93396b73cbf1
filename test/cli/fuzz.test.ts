import { Socket } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it, type MockInstance, vi } from "vitest";
import { ExitCode } from "../../src/errors.ts";
import { runCli } from "../helpers/runCli.ts";

// It would start a server.
vi.mock("../../src/actions/demo.ts", () => ({ runDemo: async () => {} }));

/** A port where nobody listens: whoever gets that far is refused at once. */
const closed = "postgres://nobody@127.0.0.1:1/none?connect_timeout=1";

const words = [
  ...[
    "init",
    "enable",
    "disable",
    "status",
    "history",
    "log",
    "show",
    "tx:7",
    "diff",
    "at-time",
    "retention",
    "list",
    "set",
    "prune",
    "hold",
    "add",
    "lift",
    "--reason",
  ],
  ...["uninstall", "demo", "help", "enabel", "users", "public.users", '"Odd.Name"', "a.b.c", "relation:7"],
  ...[
    "42",
    "-5",
    "id=42",
    "-2h",
    "2 days ago",
    "yesterday 17:00",
    "now",
    "2026-11-20",
    "90",
    "90d",
    "forever",
  ],
  ...["--all", "--schema", "--exclude", "--retain", "--on-truncate", "capture", "--since", "--until", "--op"],
  ...["insert,delete", "--actor", "--limit", "10", "--from", "--to", "--confirm", "--keep", "--dry-run"],
  ...["--json", "--no-color", "--verbose", "--tz", "UTC", "--audit-schema", "audit", "--help", "-h", "-V"],
  ...[
    "--version",
    "--",
    "-",
    "",
    " ",
    "--=",
    "--json=1",
    "--tz=UTC",
    "__proto__",
    "constructor",
    "--__proto__",
  ],
];

const argument = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...words) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }).map((text) => `--${text}`) },
);

/** Half of them begin with a command. Where a server could be named, it is the closed port. */
const argv = fc
  .tuple(fc.option(fc.constantFrom(...words.slice(0, 13))), fc.array(argument, { maxLength: 8 }))
  .map(([command, rest]) => (command === null ? rest : [command, ...rest]))
  .map((args) => args.map((arg) => (arg.startsWith("--database-url=") ? `--database-url=${closed}` : arg)));

let connect: MockInstance;

beforeAll(() => {
  connect = vi.spyOn(Socket.prototype, "connect");
});

afterAll(() => {
  connect.mockRestore();
});

it("ends every command line with a documented exit code, without a stack trace, and within itself", async () => {
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(argv, async (args) => {
      const { code, stdout, stderr } = await runCli(args, { env: { DATABASE_URL: closed } });
      seen.set(code, (seen.get(code) ?? 0) + 1);
      expect([ExitCode.Done, ExitCode.Usage, ExitCode.Surroundings]).toContain(code);
      expect(stderr).not.toMatch(/^\s+at .+:\d+/m);
      if (code !== ExitCode.Done) {
        expect(stdout).toBe("");
        expect(stderr).not.toBe("");
      }
    }),
    { numRuns: 2000 },
  );
  // The mixture is worth something only while it reaches all three.
  expect([...seen.keys()].sort()).toEqual([ExitCode.Done, ExitCode.Usage, ExitCode.Surroundings]);
  expect(connect).toHaveBeenCalled();
  for (const call of connect.mock.calls) expect(call.flat()[0]).toMatchObject({ host: "127.0.0.1", port: 1 });
}, 60_000);
