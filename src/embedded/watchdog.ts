import { spawn } from "node:child_process";

/** Ends a server and removes its folder when this process is gone, however it went. */
export interface Watchdog {
  /** Names the process to end; undefined while none runs. */
  readonly watch: (pid: number | undefined) => void;
  /** Sends the watchdog home: nothing is ended or removed any more. */
  readonly release: () => void;
}

/**
 * A shell that waits for the end of its standard input, which the kernel closes with this process: exit handlers
 * would miss kill -9. The last line read is the process to end; "done" means nothing is left to do. The
 * server takes its pid file away last; its process may stay as a zombie where nobody collects orphans.
 */
const script = `
pid=0
while read -r word; do
  [ "$word" = done ] && exit 0
  pid=$word
done
if [ "$pid" -gt 0 ]; then
  kill -QUIT "$pid" 2>/dev/null
  tries=0
  while kill -0 "$pid" 2>/dev/null && [ -e "$1/data/postmaster.pid" ] && [ "$tries" -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -KILL "$pid" 2>/dev/null
fi
[ -z "$1" ] || rm -rf "$1"
`;

/** Starts the watchdog. `directory` is removed when this process ends without release(); undefined keeps it. */
export function startWatchdog(directory: string | undefined): Watchdog {
  // A session of its own: Ctrl-C in the terminal reaches us, not the watchdog.
  const child = spawn("/bin/sh", ["-c", script, "sh", directory ?? ""], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.unref();
  // A pipe is a socket to node and would keep the process alive.
  if ("unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref();
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  return {
    watch: (pid) => void child.stdin.write(`${pid ?? 0}\n`),
    release: () => void child.stdin.end("done\n"),
  };
}
