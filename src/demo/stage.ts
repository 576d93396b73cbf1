import { ExitCode, SilentExit } from "../errors.ts";
import { ClosedPipe, type Io } from "../io.ts";
import { createStyle, type Style } from "../output/style.ts";
import { noPager } from "../pager.ts";
import { commandLine } from "./commandLine.ts";

/** What the visitor sees, and the visitor's wish to leave. */
export interface Stage {
  /** The world of whatever the demo starts: its signals come through the stage. */
  readonly io: Io;
  readonly style: Style;
  readonly print: (text: string) => Promise<void>;
  /** Throws once the visitor has asked to leave. */
  readonly check: () => void;
  /** Runs one command of ours in this process, shown as typed with all it prints, in the order it prints. */
  readonly show: (args: readonly string[], env: Io["env"], expected?: ExitCode) => Promise<void>;
  /** The same unseen. */
  readonly run: (args: readonly string[], env: Io["env"]) => Promise<void>;
  readonly close: () => void;
}

/**
 * Listens for the first signal for as long as the demo lasts: the command that is running cancels itself, and
 * check() throws from then on. The second signal ends the process; the embedded server goes with it.
 */
export function createStage(io: Io): Stage {
  const listeners = new Set<(signal: "SIGINT" | "SIGTERM") => void>();
  let leaving: SilentExit | undefined;
  let closed = false;
  const stop = io.onSignal((signal) => {
    stop();
    leaving = new SilentExit(signal === "SIGINT" ? ExitCode.Interrupted : ExitCode.Terminated);
    io.err("cancelling\n");
    for (const listener of listeners) listener(signal);
  });
  const check = () => {
    if (leaving) throw leaving;
    if (closed) throw new ClosedPipe();
  };
  const print = async (text: string) => {
    try {
      await io.out(text);
    } catch (error) {
      closed ||= error instanceof ClosedPipe;
      throw error;
    }
  };
  const shared: Io = {
    ...io,
    out: print,
    // Whoever is running says "cancelling" too.
    err: (text) => {
      if (!leaving) io.err(text);
    },
    // Between two commands nobody would look for a pager to quit.
    pager: noPager,
    onSignal: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const style = createStyle(io.outColor);
  const perform = async (args: readonly string[], world: Io, expected: ExitCode) => {
    const { main } = await import("../main.ts");
    const code = await main([...args], world);
    check();
    if (code === expected) return;
    const line = commandLine(["audit", ...args]);
    if (code === ExitCode.Done) throw new Error(`"${line}" was expected to end with code ${expected}`);
    io.err(`The demo ends here: "${line}" ended with code ${code}.\n`);
    throw new SilentExit(code);
  };

  return {
    io: shared,
    style,
    print,
    check,
    show: async (args, env, expected = ExitCode.Done) => {
      await print(`\n${style.dim("$")} ${style.bold(commandLine(["audit", ...args]))}\n`);
      // The talk of a command belongs to what a visitor sees of it, so it takes its place between the answers.
      let talk = Promise.resolve();
      const out = (text: string) => {
        talk = talk.then(() => print(text));
        return talk;
      };
      const err = (text: string) => {
        if (!leaving) void out(text).catch(() => {});
      };
      await perform(args, { ...shared, env, out, err, errColor: io.outColor, errIsTTY: false }, expected);
      await talk;
    },
    run: async (args, env) => {
      let talk = "";
      const err = (text: string) => {
        talk += text;
      };
      try {
        await perform(args, { ...shared, env, out: async () => {}, err }, ExitCode.Done);
      } catch (error) {
        shared.err(talk);
        throw error;
      }
    },
    close: stop,
  };
}
