import { withTransaction } from "../connection/connect.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { literal } from "../db/literal.ts";
import { readPruneFacts, rotateSegment, stampClosing } from "../db/segments.ts";
import { installedAt, type Moment, planLife, rotatedAt } from "./life.ts";

/** An instant of the plan, such as 08:00:00 six days ago in the visitor's zone. */
interface Planned {
  readonly daysAgo: number;
  readonly time: string;
}

/** What the demo's days came to. */
export interface LifeFacts {
  readonly transactions: number;
  readonly actors: number;
}

/**
 * Lives through the shop's days in a moment, and then moves their times to where they belong: only the demo does
 * that, and only in the database it made for itself. `retention` names the class whose segment is rotated on the
 * way, as a nightly prune would have.
 */
export async function playLife(audit: AuditDatabase, zone: string, retention: string): Promise<LifeFacts> {
  const { sql } = audit;
  const moments = planLife();
  const instants = await resolveInstants(audit, zone, [installedAt, rotatedAt, ...moments]);
  const [installed = "", rotated = "", ...rest] = instants;
  const scripts = moments.map((moment, index) => ({
    at: rest[index] ?? "",
    text: transactionOf(moment, rest[index] ?? ""),
  }));
  const play = (part: typeof scripts) => sql.unsafe(part.map(({ text }) => text).join("\n"));
  await sql.unsafe("create temporary table moment (xid xid8 not null primary key, at timestamptz not null)");
  const rotatesAfter = moments.filter((moment) => isBefore(moment, rotatedAt)).length;
  await play(scripts.slice(0, rotatesAfter));
  const segment = await rotate(audit, retention);
  await play(scripts.slice(rotatesAfter));
  await moveToThePast(audit, { installed, segment, rotated });
  return { transactions: moments.length, actors: new Set(moments.map(({ actor }) => actor)).size };
}

function isBefore(one: Planned, other: Planned): boolean {
  return one.daysAgo > other.daysAgo || (one.daysAgo === other.daysAgo && one.time < other.time);
}

/** The zone's days are counted by the server, like everything the commands make of `yesterday`. */
async function resolveInstants(
  { sql }: AuditDatabase,
  zone: string,
  planned: readonly Planned[],
): Promise<string[]> {
  const days = planned.map(({ daysAgo }) => String(daysAgo));
  const times = planned.map(({ time }) => time);
  const rows = await sql<{ at: string }[]>`
    select to_char(
      ((now() at time zone ${zone})::date - planned.days + planned.time) at time zone ${zone},
      'YYYY-MM-DD HH24:MI:SSTZH:TZM'
    ) as at
    from unnest(${sql.array(days, 25)}::text[]::integer[], ${sql.array(times, 25)}::text[]::time[])
      with ordinality as planned (days, time, place)
    order by planned.place`;
  return rows.map(({ at }) => at);
}

/** One transaction, as an application would make it: who and why first, then the work. */
function transactionOf(moment: Moment, at: string): string {
  const instant = `timestamptz ${literal(at)}`;
  const context = { ...(moment.reason && { reason: moment.reason }), request_id: requestOf(moment) };
  const settings = {
    "audit.actor": moment.actor,
    "audit.context": JSON.stringify(context),
    application_name: moment.application,
  };
  return [
    "begin",
    ...Object.entries(settings).map(([name, value]) => `set local ${name} = ${literal(value)}`),
    `insert into pg_temp.moment values (pg_current_xact_id(), ${instant})`,
    ...moment.statements.map((statement) => statement.replaceAll(":at", instant)),
    "commit",
  ]
    .map((statement) => `${statement};`)
    .join("\n");
}

function requestOf({ daysAgo, time, actor }: Moment): string {
  let hash = 5381;
  for (const character of `${daysAgo}${time}${actor}`) hash = (hash * 33 + character.charCodeAt(0)) >>> 0;
  return `req-${hash.toString(16).padStart(8, "0")}`;
}

/** Begins a new segment for a retention class, as prune does when it is due. Returns its number. */
async function rotate(audit: AuditDatabase, retention: string): Promise<number> {
  const hot = async () =>
    (await readPruneFacts(audit)).segments.find(
      (segment) => segment.retention === retention && segment.state === "hot",
    );
  const former = await hot();
  if (!former) throw new Error(`the class ${retention} has no segment to rotate`);
  await rotateSegment(audit, former);
  await stampClosing(audit);
  return (await hot())?.id ?? 0;
}

/**
 * Gives every change the instant of its moment, and moves the installation's own instants to the time before the
 * first. Order by time stays order by number. One update per table; the log's seat belt is off meanwhile.
 */
async function moveToThePast(
  audit: AuditDatabase,
  past: { readonly installed: string; readonly segment: number; readonly rotated: string },
): Promise<void> {
  await withTransaction(audit.sql, {}, async (sql) => {
    const { object } = audit;
    const earlier = sql`(
      select min(installed_at) - ${past.installed}::text::timestamptz from ${object("installation")}
    )`;
    await sql`alter table ${object("change")} disable trigger _append_only`;
    await sql`
      update ${object("change")} as change
      set at = moment.at + (change.at - began.at), began = moment.at + (change.began - began.at)
      from pg_temp.moment
      join (select xid, min(at) as at from ${object("change")} group by xid) as began using (xid)
      where change.xid = moment.xid`;
    await sql`alter table ${object("change")} enable always trigger _append_only`;
    await sql`
      update ${object("segment")}
      set opened_at = case id when ${past.segment} then ${past.rotated}::text::timestamptz else opened_at - ${earlier} end`;
    await sql`update ${object("coverage")} set from_at = from_at - ${earlier}`;
    await sql`update ${object("relation_shape")} set from_at = from_at - ${earlier}`;
    await sql`update ${object("operation")} set at = at - ${earlier}`;
    await sql`update ${object("installation")} set installed_at = installed_at - ${earlier}`;
  });
  // Six days would have brought the planner's figures by themselves.
  await audit.sql`analyze ${audit.object("change")}`;
}
