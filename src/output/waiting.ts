import { countText } from "./duration.ts";
import { createProgress, type ProgressIo } from "./progress.ts";

/** How long one waits without wondering. */
const patience = 2000;

const lookEvery = 500;

/**
 * Passes the items on and says on stderr, while the next one is awaited for longer than two seconds, for how long the
 * whole has taken. The line is gone before an item is passed on. `hushed` tells when there is no place for it; time
 * the taker spends on an item counts for nothing.
 */
export async function* tellWaiting<T>(
  items: AsyncIterable<T>,
  io: ProgressIo,
  { label, hushed }: { readonly label: string; readonly hushed: () => boolean },
): AsyncGenerator<T, void, undefined> {
  const clock = () => io.now().getTime();
  const progress = createProgress(io, label);
  const started = clock();
  let waitingSince: number | undefined = started;
  const look = () => {
    if (waitingSince === undefined || clock() - waitingSince < patience || hushed()) return;
    progress.say(`… ${countText(Math.floor((clock() - started) / 1000))} s`);
  };
  const timer = setInterval(look, lookEvery);
  timer.unref();
  try {
    for await (const item of items) {
      waitingSince = undefined;
      progress.end();
      yield item;
      waitingSince = clock();
    }
  } finally {
    clearInterval(timer);
    progress.end();
  }
}
