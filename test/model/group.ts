import { randomDdl } from "./ddl.ts";
import {
  type Boundary,
  endings,
  lookAround,
  type Making,
  markQuiet,
  preparedName,
  readClock,
  runSome,
  setTag,
} from "./making.ts";
import type { Session } from "./session.ts";
import { type Copy, copyCommitted } from "./truth.ts";
import { type LiveTable, refreshWorld, type World } from "./world.ts";

/** One transaction of a group. */
interface Member {
  readonly session: Session;
  readonly label: string;
  /** How many steps it has still to go. */
  left: number;
  state: "ready" | "open" | "marked" | "prepared" | "over";
  /** The step, counted from the last, at which it changes a table's definition; 0 means never. */
  ddlAt: number;
  /** Whether a savepoint stays open from step to step. */
  held: boolean;
  /** Whether triggers may write at its commit, after its mark. */
  unsettled: boolean;
  /** The prepared transaction's name, and whether it will stay. */
  prepared: { readonly name: string; readonly kept: boolean } | undefined;
}

/** An instant among open transactions, and how things stood. */
interface Sample {
  readonly instant: string;
  readonly tag: string;
  readonly committed: Copy;
  readonly done: readonly string[];
  /** Those that had made their last change; undefined where some may have made more at their commit. */
  readonly marked: readonly string[] | undefined;
  readonly line: number;
}

interface Group {
  readonly making: Making;
  readonly members: readonly Member[];
  readonly withLate: boolean;
  readonly done: string[];
  /** What was committed after each end of a transaction. */
  readonly copies: { readonly done: readonly string[]; readonly copy: Copy }[];
  readonly samples: Sample[];
}

/**
 * Two or three transactions interleaved; each marks its beginning and, as its last change, its end. Every session is
 * driven from here: at a sample all of them stand still, idle within their transactions.
 */
export async function runGroup(making: Making): Promise<void> {
  const { random, sessions, log } = making;
  const group = ++making.groups;
  log.push(`-- group, after boundary ${making.boundaries.length - 1}`);
  const members = sessions.slice(0, random.between(2, 3)).map((session, index): Member => {
    const left = random.between(1, 4);
    return {
      session,
      label: `${group}.${index + 1}`,
      left,
      state: "ready",
      ddlAt: index === 0 && random.chance(0.25) ? random.between(1, left) : 0,
      held: false,
      unsettled: false,
      prepared: undefined,
    };
  });
  const before = making.boundaries.at(-1)?.byTag.state;
  if (before === undefined) throw new Error("A group needs a boundary before it.");
  const running: Group = {
    making,
    members,
    withLate: random.chance(0.5),
    done: [],
    copies: [{ done: [], copy: before }],
    samples: [],
  };
  for (;;) {
    const going = members.filter(({ state }) => state !== "over");
    if (going.length === 0) break;
    await advance(running, random.pick(going));
    if (random.chance(0.35)) await takeSample(running);
  }
  making.boundaries.push(...running.samples.map((sample) => toBoundary(running, sample)));
  making.marks = [...making.marks, ...running.done];
  await markQuiet(making);
}

/** One step of one transaction. */
async function advance(group: Group, member: Member): Promise<void> {
  const { making } = group;
  const { random } = making;
  const { session, label } = member;
  const world = group.members.some(({ ddlAt }) => ddlAt > 0)
    ? await lookAround(making, session.sql)
    : making.world;
  switch (member.state) {
    case "ready": {
      // What was read when the transaction began would not tell the names that DDL has given since.
      const fixed = !group.members.some(({ ddlAt }) => ddlAt > 0) && random.chance(0.2);
      await session.run(`begin${fixed ? " isolation level repeatable read" : ""}`);
      await session.run(`insert into marks values ('${label}', 'first')`);
      member.state = "open";
      return;
    }
    case "open":
      if (member.left === 0) return mark(group, member);
      if (member.left-- === member.ddlAt) return changeDefinition(group, member, world);
      if (random.chance(0.15)) return holdOrLetGo(group, member);
      return work(group, member, world);
    case "marked":
      return end(group, member);
    case "prepared": {
      const { name, kept } = member.prepared ?? { name: "", kept: false };
      await session.run(`${kept ? "commit" : "rollback"} prepared ${name}`);
      return over(group, member, kept);
    }
  }
}

async function work({ making, withLate }: Group, { session }: Member, world: World): Promise<void> {
  await runSome(making, session, world, usedTables(world, withLate));
}

/** What triggers write at commit comes after the last mark. */
function usedTables({ tables }: World, withLate: boolean): readonly LiveTable[] {
  const early = tables.filter(({ design }) => design.kind !== "late");
  return withLate || early.length === 0 ? tables : early;
}

async function changeDefinition({ making }: Group, { session }: Member, world: World): Promise<void> {
  const ddl = randomDdl(world, making.random);
  if (ddl !== undefined) await session.attempt(ddl);
}

async function holdOrLetGo({ making }: Group, member: Member): Promise<void> {
  const { session, held } = member;
  if (held) await session.run(`${making.random.pick(["release", "rollback to"])} held`);
  else await session.run("savepoint held");
  member.held = !held;
}

async function mark({ making, withLate }: Group, member: Member): Promise<void> {
  const { session, label } = member;
  if (withLate && making.world.tables.some(({ design }) => design.kind === "late")) {
    const early = making.random.chance(0.5);
    member.unsettled = !early || (await session.attempt("set constraints all immediate")) !== undefined;
  }
  await session.run(`insert into marks values ('${label}', 'last')`);
  member.state = "marked";
}

async function end(group: Group, member: Member): Promise<void> {
  const { making } = group;
  const { session } = member;
  const ending = making.random.weighted(endings);
  if (ending !== "prepare") {
    const refused = await session.run(ending);
    return over(group, member, ending === "commit" && refused === undefined);
  }
  const name = preparedName(making);
  if ((await session.run(`prepare transaction ${name}`)) !== undefined) return over(group, member, false);
  member.prepared = { name, kept: making.random.chance(0.7) };
  member.unsettled = false;
  member.state = "prepared";
}

async function over({ making, done, copies }: Group, member: Member, kept: boolean): Promise<void> {
  member.state = "over";
  if (member.ddlAt > 0) making.world = await refreshWorld(making.control, making.world);
  if (!kept) return;
  done.push(member.label);
  const former = copies.at(-1)?.copy ?? new Map();
  copies.push({ done: [...done], copy: await copyCommitted(making.control, making.world, former) });
}

async function takeSample({ making, members, done, copies, samples }: Group): Promise<void> {
  const { control, world, log } = making;
  const ended = members.filter(({ state }) => state === "marked" || state === "prepared" || state === "over");
  samples.push({
    instant: await readClock(control),
    tag: await setTag(making),
    committed: await copyCommitted(control, world, copies.at(-1)?.copy ?? new Map()),
    done: [...done],
    marked: ended.some(({ state, unsettled }) => state === "marked" && unsettled)
      ? undefined
      : ended.map(({ label }) => label),
    line: log.length,
  });
}

function toBoundary({ making, done, copies }: Group, sample: Sample): Boundary {
  const { instant, tag, committed, marked, line } = sample;
  const byTag = { state: committed, marks: [...making.marks, ...sample.done] };
  // Without the times of commits a transaction counts as done at its last change.
  const doneThen = marked?.filter((label) => done.includes(label));
  const same = copies.find(
    (copied) =>
      copied.done.length === doneThen?.length && copied.done.every((label) => doneThen.includes(label)),
  );
  const byClock = making.commitTimes
    ? byTag
    : { state: same?.copy, marks: doneThen && [...making.marks, ...doneThen] };
  return { instant, tag, kind: "busy", byClock, byTag, line };
}
