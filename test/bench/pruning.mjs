// What dropping an expired segment costs, and how little of that is the number of changes in it: segments of 100,000
// changes and of 10 million, in turn; and what prune asks before it does anything, of a segment that is written to.
// Usage: npm run bench:pruning [-- --changes 10000000 --rounds 5 --major 18 --url URL --json FILE]
import { writeFile } from "node:fs/promises";
import os from "node:os";
import { parseArgs } from "node:util";
import { median } from "./figures.mjs";
import { openServer, runAudit } from "./server.mjs";

const { values: options } = parseArgs({
  options: {
    changes: { type: "string", default: "10000000" },
    rounds: { type: "string", default: "3" },
    major: { type: "string", default: "18" },
    url: { type: "string" },
    json: { type: "string" },
  },
});
const large = Number(options.changes);
const small = large / 100;
const rounds = Number(options.rounds);
const words = (count) => (count >= 1e6 ? `${count / 1e6} M` : `${count / 1e3} k`);
const name = "pruning";

const server = await openServer({ url: options.url, major: Number(options.major), leave: false });
try {
  await run();
} finally {
  await server.admin.unsafe(`drop database if exists ${name} with (force)`);
  await server.close();
}

async function run() {
  await server.admin.unsafe(`drop database if exists ${name} with (force)`);
  await server.admin.unsafe(`create database ${name}`);
  const sql = server.connect(name);
  try {
    await sql.unsafe("create table visits (id bigint primary key, page text)");
    await audit("init");
    await audit("enable", "visits", "--retain", "30d");
    const figures = { drop: { [small]: [], [large]: [] }, close: { [small]: [], [large]: [] }, plan: [] };
    for (let round = 0; round < rounds; round++)
      for (const changes of round % 2 === 0 ? [small, large] : [large, small]) {
        await fill(sql, changes);
        if (changes === large) figures.plan.push(await timed(() => audit("prune", "--dry-run")));
        await rotateAway(sql);
        // Two runs, so that each is timed by itself: what is closed here has not expired yet.
        figures.close[changes].push(await timed(() => audit("prune")));
        await expire(sql);
        figures.drop[changes].push(await timed(() => audit("prune")));
        const [{ left }] = await sql`select count(*)::int as left from audit.change`;
        if (left !== 0) throw new Error(`${left} changes are left of a segment that was to be dropped.`);
        process.stderr.write(
          `round ${round + 1} of ${rounds}, ${words(changes)}: dropped in ${figures.drop[changes].at(-1).toFixed(0)} ms, closed in ${figures.close[changes].at(-1).toFixed(0)} ms\n`,
        );
      }
    await report(figures);
  } finally {
    await sql.end();
  }
}

function audit(...args) {
  return runAudit(server.urlOf(name), ...args);
}

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Writes changes of the last two days into the hot segment, as the triggers would have, four to a transaction. */
async function fill(sql, changes) {
  const chunk = 1_000_000;
  for (let from = 1; from <= changes; from += chunk)
    await sql.unsafe(`
      insert into audit.change (at, began, xid, relation, segment, op, key, new, db_user)
      select written.at, written.at, (1000 + n / 4)::text::xid8, relation.id, retention.hot_segment, 'I', n::text,
        jsonb_build_object('id', n::text, 'page', '/page/' || n % 1000), 'shop'
      from generate_series(${from}::bigint, ${Math.min(from + chunk - 1, changes)}) as n
      cross join lateral (select now() - interval '2 days' * (1 - n::float8 / ${changes})) as written (at)
      cross join audit.relation
      join audit.retention on retention.id = relation.retention`);
  // The registry of a server that is not vacuumed meanwhile grows with each run.
  await sql.unsafe("vacuum (analyze) audit.change");
}

async function rotateAway(sql) {
  await sql`select audit._open_segment(id) from audit.retention where name = '30d'`;
}

/** What is closed becomes older than it is kept. Where prune looks, that is: in its span and its tables'. */
async function expire(sql) {
  await sql`update audit.segment set first_at = first_at - interval '40 days', last_at = last_at - interval '40 days' where state = 'closed'`;
}

async function report(figures) {
  const [{ version }] = await server.admin`select version()`;
  console.log(`${os.cpus()[0]?.model.trim()}, ${os.cpus().length} cores, Node ${process.version}`);
  console.log(`${version}\nLoad: ${os.loadavg()[0].toFixed(1)}; medians of ${rounds} rounds\n`);
  console.log(
    `| audit prune, whole | ${words(small)} changes | ${words(large)} changes | ratio |\n|---|---|---|---|`,
  );
  for (const [act, text] of [
    ["drop", "drops an expired segment"],
    ["close", "closes a segment"],
  ]) {
    const [few, many] = [median(figures[act][small]), median(figures[act][large])];
    console.log(`| ${text} | ${few.toFixed(0)} ms | ${many.toFixed(0)} ms | ${(many / few).toFixed(2)} |`);
  }
  console.log(
    `| plans (--dry-run) beside a segment that is written to | | ${median(figures.plan).toFixed(0)} ms | |`,
  );
  if (options.json) await writeFile(options.json, `${JSON.stringify(figures, null, 2)}\n`);
}
