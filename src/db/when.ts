import type { Sql } from "../connection/connect.ts";
import { pointedMessage } from "../core/caret.ts";
import { escapeControls } from "../core/safe.ts";
import { type ClockWhen, failWhen, WHEN_HINT, whenToSql } from "../core/when.ts";
import { type UserError, usageError } from "../errors.ts";
import type { Instant } from "../types.ts";
import { ISO } from "./iso.ts";

/** An instant with whatever has to be said about how it was read. */
export interface ResolvedWhen extends Instant {
  readonly notes: readonly string[];
}

interface Answer {
  readonly at: string;
  readonly now: string;
  readonly future: boolean;
  readonly gap: boolean;
  readonly twin: string | null;
  readonly too_old: boolean;
}

/**
 * Asks the server, once and by its own clock, which instant is meant in `zone`. Throws a usage error for an
 * unknown zone, an instant in the future or before the year 1, and a local time the zone skipped. A local
 * time that came twice is the later of the two, as for PostgreSQL, and a note says so. Inside a transaction
 * the zone stays set to its end. `precision` is `approx`, as clock times are unless the caller knows better.
 */
export async function resolveWhen(sql: Sql, when: ClockWhen, zone: string): Promise<ResolvedWhen> {
  const { kind, text, params } = whenToSql(when);
  const answer = await ask(sql, query(kind, text), [zone, ...params], when, zone);
  const fail = failWhen(when.typed);
  if (answer.too_old) fail(0, "it lies before the year 1");
  if (answer.future) fail(0, `it lies in the future, the server's clock says ${answer.now}`);

  const notes: string[] = [];
  const time = "time" in when ? when.time : undefined;
  if (answer.gap && time !== undefined) {
    const problem = `this time was skipped in ${zone} when the clocks went forward`;
    throw usageError(
      pointedMessage(when.typed, "not an instant we can use", when.typed.indexOf(time), problem),
      `Write ${answer.at} if that is meant. ${WHEN_HINT}`,
    );
  }
  if (answer.gap) notes.push(`The day began at ${answer.at} in ${zone}: its midnight was skipped.`);
  if (answer.twin !== null) {
    notes.push(
      `This local time came twice in ${zone}; ${answer.at} was taken. Write ${answer.twin} for the other.`,
    );
  }
  return { typed: when.typed, at: answer.at, zone, precision: "approx", notes };
}

async function ask(sql: Sql, text: string, params: string[], when: ClockWhen, zone: string): Promise<Answer> {
  try {
    const [answer] = await sql.unsafe<Answer[]>(text, params);
    if (answer === undefined) throw new Error("the server did not answer with a row");
    return answer;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "22023") throw unknownZone(zone);
    if (code === "22008") failWhen(when.typed)(0, "it lies further back than PostgreSQL can count");
    throw error;
  }
}

/** The usage error for a zone that the server does not know. */
export function unknownZone(zone: string): UserError {
  return usageError(
    `The server does not know the time zone "${escapeControls(zone)}".`,
    "Name one of pg_timezone_names with --tz, such as Europe/Berlin. Without --tz it comes from PGTZ, TZ or this machine.",
  );
}

/**
 * Each step reads the one before, so that the zone is set before anything is computed under it; set_config
 * and not AT TIME ZONE, which takes CET for an abbreviation without summer time. PostgreSQL takes the later
 * of two equal local times; the earlier is found with the offset that was in force a day before.
 */
function query(kind: "instant" | "local", text: string): string {
  const local = kind === "local" ? `(${text})` : "null::timestamp";
  const instant = kind === "local" ? "wanted.local::timestamptz" : `(${text})`;
  return `
    with zone as materialized (
      select set_config('TimeZone', $1, true) as name
    ), clock as materialized (
      select clock_timestamp() as now from zone where zone.name is not null
    ), wanted as materialized (
      select clock.now, ${local} as local from clock
    ), taken as materialized (
      select clock.now, wanted.local, ${instant} as instant from clock cross join wanted
    ), compared as materialized (
      select taken.now, taken.local, taken.instant,
        taken.instant + (${offset("taken.instant")} - ${offset("taken.instant - interval '24 hours'")}) as twin
      from taken
    )
    select
      ${iso("instant")} as at,
      ${iso("now")} as now,
      instant > now as future,
      local is not null and instant::timestamp <> local as gap,
      case when twin <> instant and twin::timestamp = local then ${iso("twin")} end as twin,
      instant < timestamptz '0001-01-02 00:00:00+00' as too_old
    from compared`;
}

function offset(instant: string): string {
  return `((${instant})::timestamp - ((${instant}) at time zone 'UTC'))`;
}

/** TZH and TZM leave out the seconds that local mean times of the 19th century have. */
function iso(instant: string): string {
  const seconds = `abs(extract(timezone from ${instant})::integer % 60)`;
  return `to_char(${instant}, '${ISO}')
        || case when ${seconds} = 0 then '' else to_char(${seconds}, '":"FM00') end`;
}
