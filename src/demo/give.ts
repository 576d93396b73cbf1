import type { DemoOptions } from "../commands/demo.ts";
import { withDatabase } from "../connection/connect.ts";
import { resolveZone } from "../core/zone.ts";
import { withAudit } from "../db/installation.ts";
import type { Io } from "../io.ts";
import { openPlace, type Place } from "./place.ts";
import { playLife } from "./play.ts";
import { shopScript } from "./shop.ts";
import { createStage, type Stage } from "./stage.ts";
import { farewell, greeting, lifeText } from "./text.ts";
import { cartClass, installation, type Step, tour } from "./tour.ts";

/**
 * Makes a place, shows the demo there, and removes the place however it ends, unless `keep` is given and all went
 * well.
 */
export async function giveDemo(options: DemoOptions, io: Io): Promise<void> {
  const stage = createStage(io);
  try {
    const place = await openPlace(options, stage.io);
    try {
      stage.check();
      await perform(place, stage);
      await stage.print(farewell(place, { keep: options.keep === true, style: stage.style }));
      stage.check();
    } catch (error) {
      await removeAfter(error, place, io);
      throw error;
    }
    if (options.keep) place.leave();
    else await place.remove();
    stage.check();
  } finally {
    stage.close();
  }
}

async function perform(place: Place, stage: Stage): Promise<void> {
  const io: Io = { ...stage.io, env: place.env };
  await stage.print(greeting(place, stage.style));
  await withDatabase({}, io, ({ sql }) => sql.unsafe(shopScript()));
  await walk(installation, place, stage);
  const facts = await withAudit({ writes: true }, io, (audit) =>
    playLife(audit, resolveZone(undefined, io.env), cartClass),
  );
  // The nightly job of this morning: it closes the segment that was rotated two days ago.
  await stage.run(["prune"], place.env);
  await stage.print(lifeText(facts));
  await walk(tour, place, stage);
}

async function walk(steps: readonly Step[], place: Place, stage: Stage): Promise<void> {
  for (const { say, commands, exitCode } of steps) {
    await stage.print(`\n${stage.style.cyan(say)}\n`);
    for (const args of commands) await stage.show(args, place.env, exitCode);
  }
}

/** What went wrong first is what is told; that something was left behind is said beside it. */
async function removeAfter(error: unknown, place: Place, io: Io): Promise<void> {
  try {
    await place.remove();
  } catch (second) {
    if (second === error) return;
    const why = second instanceof Error ? second.message : String(second);
    io.err(`The demo could not be removed: ${why}\nRemove it with: ${place.removal}\n`);
  }
}
