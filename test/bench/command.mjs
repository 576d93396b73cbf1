// A command in a process of its own, as a user runs it: how long, how soon, how much memory.
import { spawn } from "node:child_process";

/** The most memory the process ever had, told at its end. Its own field: getrusage counts what forked it. */
const tellMemory = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync } from "node:fs";
  process.on("exit", () => {
    let kilobytes = process.resourceUsage().maxRSS;
    try {
      kilobytes = Number(/^VmHWM:\\s*(\\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1]);
    } catch {}
    process.stderr.write("peak memory " + kilobytes + "\\n");
  });`)}`;

/**
 * Runs the command and reads all that it answers. Milliseconds from its start to the first of the answer and to its end,
 * lines of the answer, megabytes at most. Throws where it does not end well.
 */
export async function runCommand(program, url, args) {
  const began = performance.now();
  const child = spawn(process.execPath, ["--import", tellMemory, program, ...args], {
    env: { ...process.env, DATABASE_URL: url, TZ: "UTC" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let first;
  let lines = 0;
  let talk = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    talk += text;
  });
  child.stdout.on("data", (bytes) => {
    first ??= performance.now() - began;
    for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) lines++;
  });
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const ms = performance.now() - began;
  if (code !== 0) throw new Error(`audit ${args.join(" ")} ended with ${code}: ${talk}`);
  return { ms, first: first ?? ms, lines, megabytes: Number(/peak memory (\d+)/.exec(talk)?.[1]) / 1024 };
}
