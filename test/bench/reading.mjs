// What reading costs, and how little of that is the length of the log: the same questions to a log of 100,000 changes and
// to one of 10 million, and to the newest tenth of that. Prints tables as docs/reading.md has them.
// Usage: npm run bench:reading [-- --changes 10000000 --rounds 7 --major 18 --only life,past,stream,commands,unsettled
//   --program bin/audit.js --leave --url URL --json FILE]. --leave leaves the server running, --url comes back to it.
import { writeFile } from "node:fs/promises";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { instantBefore, makeLog, setTag, settle, unsettle } from "./logs.mjs";
import { figureOf, measureCommands, measureLife, measurePast } from "./readings.mjs";
import { openServer, runAudit } from "./server.mjs";

const { values: options } = parseArgs({
  options: {
    changes: { type: "string", default: "10000000" },
    rounds: { type: "string", default: "7" },
    major: { type: "string", default: "18" },
    only: { type: "string", default: "life,past,stream,commands,unsettled" },
    program: { type: "string", default: fileURLToPath(new URL("../../bin/audit.js", import.meta.url)) },
    leave: { type: "boolean", default: false },
    url: { type: "string" },
    json: { type: "string" },
  },
});
const all = Number(options.changes);
const rounds = Number(options.rounds);
const asked = new Set(options.only.split(","));

const words = (count) => (count >= 1e6 ? `${count / 1e6} M` : `${count / 1e3} k`);
const small = words(all / 100);
const tenth = words(all / 10);
const whole = words(all);

/** The logs, by what they are called in the figures. */
const logs = {
  [small]: { name: `reading_${all / 100}`, all: all / 100, kept: all / 100 },
  [tenth]: { name: `reading_${all}_tenth`, all, kept: all / 10 },
  [whole]: { name: `reading_${all}`, all, kept: all },
};

/** Instants by how many changes of a table came after them. */
const afters = [0, 500, Math.round((all / 20) * 0.782)];

const figures = {};

async function run() {
  for (const log of Object.values(logs)) {
    await makeLog(server, (name, ...args) => runAudit(server.urlOf(name), ...args), {
      ...log,
      progress: (text) => process.stderr.write(`${text}\n`),
    });
  }
  const [{ version }] = await server.admin`select version()`;
  console.log(`${os.cpus()[0]?.model.trim()}, ${os.cpus().length} cores, Node ${process.version}`);
  console.log(`${version}\nLoad at the start: ${os.loadavg()[0].toFixed(1)}\n`);
  const facts = {};
  for (const [label, log] of Object.entries(logs)) facts[label] = await lookAt(log);
  if (asked.has("life")) await reportLife();
  if (asked.has("past")) await reportPast(facts);
  if (asked.has("stream")) await reportStream(facts);
  if (asked.has("commands")) await reportCommands("Whole commands, ms", facts);
  if (asked.has("unsettled")) await reportUnsettled(facts);
}

/** Instants and numbers to ask a log about; the instants are tags as well. */
async function lookAt({ name, all: total }) {
  const sql = server.connect(name);
  try {
    await sql.unsafe("set timezone = 'UTC'");
    const newest = instantBefore(0, total).id - 1;
    const [{ end, hour, early, tx, key }] = await sql`
      select at::text as end, (at - interval '2 hours')::text as early, (at - interval '1 hour')::text as hour,
        xid::text as tx, key
      from audit.change where id = ${newest}`;
    const instants = {};
    for (const after of afters.filter((count) => count < total / 20)) {
      if (after === 0) {
        instants[after] = { at: end };
        continue;
      }
      const tag = `after_${after}`;
      await setTag(sql, tag, instantBefore(after, total));
      const [{ at }] = await sql`select at::text from audit.tag where name = ${tag}`;
      instants[after] = { at, tag };
    }
    return { end, hour, early, tx, key, newest, instants, url: server.urlOf(name) };
  } finally {
    await sql.end();
  }
}

async function reportLife() {
  const urls = urlsOf([small, whole]);
  const samples = await measureLife(urls, rounds * 10);
  figures.life = mapValues(samples, (list) => ({
    processor: figureOf(list, "processor"),
    wall: figureOf(list, "wall"),
    changes: figureOf(list, "changes").median,
  }));
  const { [small]: one, [whole]: other } = figures.life;
  table(
    "History of one row on a warm connection, ms, minimum / median",
    ["", `${small} changes`, `${whole} changes`, "ratio"],
    [
      ["processor time of the server", ...pair(one.processor, other.processor)],
      ["by the clock, with round trips", ...pair(one.wall, other.wall)],
      ["changes in the answer", one.changes, other.changes, ""],
    ],
  );
}

async function reportPast(facts) {
  const labels = [tenth, whole];
  const instants = Object.fromEntries(
    labels.map((label) => [
      label,
      Object.fromEntries(
        Object.entries(facts[label].instants).flatMap(([after, { at, tag }]) => {
          const instant = { typed: at, at, zone: "UTC", precision: "approx" };
          return [
            [`${after} by time`, instant],
            ...(tag ? [[`${after} by tag`, { ...instant, tag, precision: "exact" }]] : []),
          ];
        }),
      ),
    ]),
  );
  const samples = await measurePast(urlsOf(labels), instants, Math.min(rounds, 5));
  figures.past = mapValues(samples, (list) => figureOf(list, "ms"));
  const names = ["now", ...Object.keys(instants[whole])];
  table(
    "A whole table as it was, processor time of the server, ms, minimum / median",
    ["changes of the table since", `${tenth} changes`, `${whole} changes`, "ratio"],
    names.map((name) => [
      name === "now" ? "none: the table as it is" : name,
      ...pair(figures.past[`${tenth} ${name}`], figures.past[`${whole} ${name}`]),
    ]),
  );
}

async function reportStream(facts) {
  const { url } = facts[whole];
  const samples = await measureCommands(
    options.program,
    [
      { name: "history", url, args: ["history", "orders", "-o", "ndjson"] },
      { name: "history --reverse", url, args: ["history", "orders", "--reverse", "-o", "ndjson"] },
      { name: "at-time", url, args: ["at-time", facts[whole].instants[500].at, "orders", "-o", "ndjson"] },
    ],
    Math.min(rounds, 3),
    { warm: false },
  );
  figures.stream = mapValues(samples, (list) => ({
    first: figureOf(list, "first"),
    ms: figureOf(list, "ms"),
    megabytes: Math.max(...list.map(({ megabytes }) => megabytes)),
    lines: list[0].lines,
  }));
  table(
    `Long answers as NDJSON, of a log of ${whole} changes`,
    ["", "rows", "first row, ms", "in all, s", "rows per s", "memory at most, MB"],
    Object.entries(figures.stream).map(([name, { first, ms, megabytes, lines }]) => [
      name,
      lines,
      `${first.min.toFixed(0)} / ${first.median.toFixed(0)}`,
      `${(ms.min / 1000).toFixed(1)} / ${(ms.median / 1000).toFixed(1)}`,
      Math.round(lines / (ms.min / 1000)),
      megabytes.toFixed(0),
    ]),
  );
}

/** The same commands, told by what they are asked about. */
const commands = {
  "start of the program alone": () => ["--version"],
  "`tags`": () => ["tags"],
  "`history orders KEY`": ({ key }) => ["history", "orders", key],
  "`history orders --limit 20`": () => ["history", "orders", "--limit", "20"],
  "`history orders --since` 2 hours ago": ({ early }) => ["history", "orders", "--since", early],
  "`at-time` an hour ago `orders KEY`": ({ hour, key }) => ["at-time", hour, "orders", key],
  "`log --limit 20`": () => ["log", "--limit", "20"],
  "`log --actor A --since` 2 hours ago": ({ early }) => ["log", "--actor", "user:7", "--since", early],
  "`show tx:ID`": ({ tx }) => ["show", `tx:${tx}`],
  "`show ID`": ({ newest }) => ["show", String(newest)],
  "`blame orders KEY`": ({ key }) => ["blame", "orders", key],
  "`diff orders --from` an hour ago": ({ hour, end }) => ["diff", "orders", "--from", hour, "--to", end],
  "`query --at` an hour ago, two tables joined": ({ hour }) => [
    "query",
    "--at",
    hour,
    "select count(*), sum(o.e) from orders as o join customers as c on c.id = o.b where c.g = '2025-03-01'",
  ],
};

async function reportCommands(
  title,
  facts,
  { labels = [small, whole], names = Object.keys(commands), field = "commands", most = 7 } = {},
) {
  const cases = [];
  for (const name of names) {
    for (const label of labels)
      cases.push({ name: `${label} ${name}`, url: facts[label].url, args: commands[name](facts[label]) });
  }
  const samples = await measureCommands(options.program, cases, Math.min(rounds, most));
  figures[field] = mapValues(samples, (list) => figureOf(list, "ms"));
  const of = (label, name) => figures[field][`${label} ${name}`];
  table(
    `${title}, minimum / median`,
    ["", ...labels.map((label) => `${label} changes`), ...(labels.length === 2 ? ["ratio"] : [])],
    names
      .filter((name) => of(labels[0], name))
      .map((name) =>
        labels.length === 2
          ? [name, ...pair(of(labels[0], name), of(labels[1], name))]
          : [name, span(of(labels[0], name))],
      ),
  );
}

/** The worst case: nobody vacuumed, and the log's summary knows nothing. */
async function reportUnsettled(facts) {
  const sql = server.connect(logs[whole].name);
  try {
    await unsettle(sql);
    await reportCommands("The same where nothing of the log is summarized, ms", facts, {
      labels: [whole],
      names: Object.keys(commands).slice(2),
      field: "unsettled",
      most: 2,
    });
  } finally {
    await settle(sql);
    await sql.end();
  }
}

function urlsOf(labels) {
  return Object.fromEntries(labels.map((label) => [label, server.urlOf(logs[label].name)]));
}

function table(title, heads, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  console.log([`${title}:\n`, line(heads), line(heads.map(() => "---")), ...rows.map(line), ""].join("\n"));
}

function pair(one, other) {
  return [span(one), span(other), (other.min / one.min).toFixed(2)];
}

function span({ min, median }) {
  const digits = min < 10 ? 2 : 0;
  return `${min.toFixed(digits)} / ${median.toFixed(digits)}`;
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

const server = await openServer({ url: options.url, major: Number(options.major), leave: options.leave });
try {
  await run();
} finally {
  await server.close();
}
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(figures, null, 2)}\n`);
