import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { isUnderWay, type Note, readNotes } from "./journal.ts";
import type { Call, Reply, WriterOrder } from "./writer.ts";

export interface CrewOptions {
  /** The writer's program. */
  readonly program: string;
  readonly url: string;
  /** Where the journals lie. */
  readonly directory: string;
  readonly writers: number;
  readonly seed: number;
}

interface Writer {
  readonly name: string;
  readonly number: number;
  child: ChildProcess | undefined;
  /** How many processes it has been so far. */
  lives: number;
  commits: number;
  paused: boolean;
}

const patience = 60_000;

/** The writers, which are started again when they are killed. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #writers: Writer[];
  #changed: () => void = () => {};
  #failure: Error | undefined;
  #call: Call = "go";

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#writers = Array.from({ length: options.writers }, (_, index) => ({
      name: `w${index + 1}`,
      number: index + 1,
      child: undefined,
      lives: 0,
      commits: 0,
      paused: false,
    }));
    for (const writer of this.#writers) this.#start(writer);
  }

  /** Resolves when so many more transactions are committed in all, and some by each writer. */
  async progress(commits: number): Promise<void> {
    const before = new Map(this.#writers.map((writer) => [writer, writer.commits]));
    await this.#until(`${commits} more commits, some of each writer`, () => {
      const made = this.#writers.map((writer) => writer.commits - (before.get(writer) ?? 0));
      return made.every((count) => count >= 2) && made.reduce((sum, count) => sum + count, 0) >= commits;
    });
  }

  /** kill -9 of one writer in the midst of a transaction; the next process of that name takes its place. */
  async kill(index: number): Promise<void> {
    const writer = this.#writers[index % this.#writers.length];
    if (!writer?.child) throw new Error("There is no such writer.");
    const deadline = Date.now() + patience;
    while (!isUnderWay(readNotes(this.#journal(writer))) && Date.now() < deadline) await setImmediate();
    const { child } = writer;
    child.removeAllListeners("exit");
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    this.#start(writer);
  }

  /** Lets every writer end its transaction and wait; prepared ones may be left. */
  async pause(): Promise<void> {
    for (const writer of this.#writers) writer.paused = false;
    this.#say("pause");
    await this.#until("all writers paused", () => this.#writers.every(({ paused }) => paused));
  }

  go(): void {
    this.#say("go");
  }

  /** Ends all writers after their transactions. */
  async stop(): Promise<void> {
    this.#say("stop");
    await this.#until("all writers ended", () => this.#writers.every(({ child }) => child === undefined));
  }

  /** Ends all writers at once, for good. */
  abandon(): void {
    for (const { child } of this.#writers) {
      child?.removeAllListeners("exit");
      child?.kill("SIGKILL");
    }
  }

  /** What each writer wrote down. */
  journals(): Note[][] {
    return this.#writers.map((writer) => readNotes(this.#journal(writer)));
  }

  #journal({ name }: Writer): string {
    return join(this.#options.directory, `${name}.journal`);
  }

  #say(call: Call): void {
    this.#call = call;
    for (const { child } of this.#writers) child?.send(call, () => {});
  }

  #start(writer: Writer): void {
    const { program, url, directory, seed } = this.#options;
    const order: WriterOrder = {
      url,
      name: writer.name,
      journal: this.#journal(writer),
      seed: seed * 10_000 + writer.number * 1_000 + ++writer.lives,
    };
    const errors = join(directory, `${writer.name}.errors`);
    const file = openSync(errors, "a");
    const child = fork(program, [JSON.stringify(order)], {
      env: { PATH: process.env.PATH },
      execArgv: [],
      stdio: ["ignore", file, file, "ipc"],
    });
    closeSync(file);
    writer.child = child;
    child.on("message", (reply: Reply) => {
      if (reply === "committed") writer.commits++;
      else writer.paused = true;
      this.#changed();
    });
    child.on("exit", (code, signal) => {
      writer.child = undefined;
      if (code !== 0) {
        this.#failure ??= new Error(
          `Writer ${writer.name} ended with ${code ?? signal}: ${readFileSync(errors, "utf8").slice(-2000)}`,
        );
      }
      this.#changed();
    });
    if (this.#call !== "go") child.send(this.#call, () => {});
  }

  /** Waits for a condition on what the writers told. */
  async #until(what: string, holds: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`Not within a minute: ${what}.`)), patience);
      const look = () => {
        if (this.#failure === undefined && !holds()) return;
        clearTimeout(late);
        this.#changed = () => {};
        if (this.#failure) reject(this.#failure);
        else resolve();
      };
      this.#changed = look;
      look();
    });
  }
}
