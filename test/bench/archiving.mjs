// What archiving costs: how fast a closed segment goes to a directory and is read back, in how much memory, to how many
// bytes; and what reading from there takes beside reading from the database.
// Usage: npm run bench:archiving [-- --changes 1000000 --rounds 3 --major 18 --url URL --json FILE]
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { parseArgs, promisify } from "node:util";
import { runCommand } from "./command.mjs";
import { median } from "./figures.mjs";
import { openServer, runAudit } from "./server.mjs";
import { createTable } from "./tables.mjs";

const { values: options } = parseArgs({
  options: {
    changes: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "3" },
    major: { type: "string", default: "18" },
    url: { type: "string" },
    json: { type: "string" },
  },
});
const changes = Number(options.changes);
const rounds = Number(options.rounds);
const name = "archiving";
const program = new URL("../../bin/audit.js", import.meta.url).pathname;
/** Of each row one insert and four updates, so many rows to a transaction. */
const versions = 5;
const together = 20;

const server = await openServer({ url: options.url, major: Number(options.major), leave: false });
const url = server.urlOf(name);
const folder = await mkdtemp(path.join(os.tmpdir(), "archiving-"));
try {
  await run();
} finally {
  await server.admin.unsafe(`drop database if exists ${name} with (force)`);
  await server.close();
  await rm(folder, { recursive: true });
}

async function run() {
  await server.admin.unsafe(`drop database if exists ${name} with (force)`);
  await server.admin.unsafe(`create database ${name}`);
  const sql = server.connect(name);
  try {
    await sql.unsafe(createTable("customers"));
    await runAudit(url, "init");
    await runAudit(url, "enable", "customers", "--retain", "30d");
    await fill(sql);
    const [{ bytes }] = await sql`
      select pg_total_relation_size(format('audit.change_%s', hot_segment)::regclass)::float8 as bytes
      from audit.retention where name = '30d'`;
    const [{ middle }] = await sql`
      select at::text as middle from audit.change order by id offset ${Math.floor(changes / 2)} limit 1`;
    await sql`select audit._open_segment(id) from audit.retention where name = '30d'`;
    await runAudit(url, "prune");

    const written = { parquet: [], ndjson: [] };
    for (let round = 0; round < rounds; round++)
      for (const format of round % 2 === 0 ? ["parquet", "ndjson"] : ["ndjson", "parquet"])
        written[format].push(await archive(path.join(folder, `${format}-${round}`), format));

    const target = path.join(folder, "parquet-0");
    const questions = {
      "at-time, the whole table": ["at-time", middle, "customers", "-o", "ndjson"],
      "history of one row": ["history", "customers", "4711", "-o", "ndjson"],
    };
    const hot = await ask(questions, []);
    // Where prune looks what is closed is older than it is kept: in its span and its tables'.
    await sql`update audit.segment set first_at = first_at - interval '40 days', last_at = last_at - interval '40 days' where state = 'closed'`;
    await runAudit(url, "prune", "--archive", target);
    const cold = await ask(questions, ["--archive", target]);
    await report({ bytes, written, hot, cold });
  } finally {
    await sql.end();
  }
}

/** As an application writes: through the triggers, in transactions of a few rows, by somebody each. */
async function fill(sql) {
  const rows = changes / versions;
  await sql.unsafe(`
    do $$
    begin
      for version in 0 .. ${versions - 1} loop
        for start in 1 .. ${rows} by ${together} loop
          perform set_config('audit.actor', 'user' || start % 200 || '@shop.example', false);
          if version = 0 then
            insert into customers
            select n, n, n % 1000, md5(n::text), 'Street ' || n % 5000, n % 97 * 1.5, now(), current_date, true,
              gen_random_uuid(), 'active', n, repeat('y', 30)
            from generate_series(start, start + ${together - 1}) as n;
          else
            update customers set b = b + version, f = clock_timestamp() where id between start and start + ${together - 1};
          end if;
          commit;
        end loop;
      end loop;
    end $$`);
  await sql.unsafe("vacuum (analyze) audit.change");
}

async function archive(target, format) {
  const { ms, megabytes } = await runCommand(program, url, ["archive", target, "--format", format]);
  const { files } = await size(target);
  return { perSecond: changes / (ms / 1000), megabytes, bytes: files / changes };
}

async function size(target) {
  const { stdout } = await promisify(execFile)(process.execPath, [
    program,
    "archive",
    "list",
    target,
    "--json",
  ]);
  const { items } = JSON.parse(stdout);
  return { files: items.reduce((sum, { bytes }) => sum + Number(bytes), 0) };
}

/** Milliseconds and megabytes of each, the second of two runs. */
async function ask(questions, more) {
  const answers = {};
  for (const [question, args] of Object.entries(questions)) {
    await runCommand(program, url, [...args, ...more]);
    answers[question] = await runCommand(program, url, [...args, ...more]);
  }
  return answers;
}

async function report({ bytes, written, hot, cold }) {
  const [{ version }] = await server.admin`select version()`;
  console.log(`${os.cpus()[0]?.model.trim()}, ${os.cpus().length} cores, Node ${process.version}`);
  console.log(
    `${version}\nLoad: ${os.loadavg()[0].toFixed(1)}; ${changes} changes, medians of ${rounds} rounds`,
  );
  console.log(`In the database: ${(bytes / changes).toFixed(0)} bytes a change, with indexes\n`);
  console.log(
    "| audit archive, whole, with reading back | changes a second | MB at most | bytes a change | of the table's |",
  );
  console.log("|---|---|---|---|---|");
  for (const [format, samples] of Object.entries(written)) {
    const figure = (field) => median(samples.map((sample) => sample[field]));
    console.log(
      `| ${format} | ${figure("perSecond").toFixed(0)} | ${figure("megabytes").toFixed(0)} | ${figure("bytes").toFixed(1)} | ${((figure("bytes") / (bytes / changes)) * 100).toFixed(1)} % |`,
    );
  }
  console.log("\n| | from the database | from the archive | ratio |\n|---|---|---|---|");
  for (const question of Object.keys(hot))
    console.log(
      `| ${question} | ${hot[question].ms.toFixed(0)} ms | ${cold[question].ms.toFixed(0)} ms, ${cold[question].megabytes.toFixed(0)} MB | ${(cold[question].ms / hot[question].ms).toFixed(1)} |`,
    );
  if (options.json)
    await writeFile(options.json, `${JSON.stringify({ bytes, written, hot, cold }, null, 2)}\n`);
}
