// From samples to figures, and figures as text.
import { operations } from "./tables.mjs";

/** Minimum and median of each variant and operation: microseconds and bytes of WAL per row. */
export function figuresOf(samples) {
  return mapValues(samples, (byOperation) =>
    mapValues(byOperation, (list) => ({
      min: Math.min(...list.map(({ micros }) => micros)),
      median: median(list.map(({ micros }) => micros)),
      wal: Math.min(...list.map(({ wal }) => wal)),
    })),
  );
}

/** Microseconds above plain, minimum / median, and the ratio of the minima to the tutorials'. */
export function timeText(title, figures) {
  const above = (name, operation, which) => figures[name][operation][which] - figures.plain[operation][which];
  return tableText(
    `${title}: microseconds above plain, minimum / median (ratio to tutorial)`,
    figures,
    (name, operation) => {
      const { min, median: middle } = figures[name][operation];
      if (name === "plain") return `${min.toFixed(1)} / ${middle.toFixed(1)} in all`;
      const ratio = above(name, operation, "min") / above("tutorial", operation, "min");
      return `${above(name, operation, "min").toFixed(1)} / ${above(name, operation, "median").toFixed(1)} (${ratio.toFixed(2)})`;
    },
  );
}

/** What a variant takes in all, by what plain takes. */
export function totalText(title, figures, names) {
  const chosen = Object.fromEntries(names.map((name) => [name, figures[name]]));
  return tableText(`${title}: total / plain`, chosen, (name, operation) =>
    (figures[name][operation].min / figures.plain[operation].min).toFixed(2),
  );
}

export function walText(title, figures) {
  return tableText(
    `${title}: WAL bytes per row (ratio to plain, to tutorial)`,
    figures,
    (name, operation) => {
      const { wal } = figures[name][operation];
      if (name === "plain") return wal.toFixed(0);
      const ratios = ["plain", "tutorial"].map((other) => (wal / figures[other][operation].wal).toFixed(2));
      return `${wal.toFixed(0)} (${ratios.join(", ")})`;
    },
  );
}

export function flatnessText(title, ratios) {
  return tableText(title, ratios, (name, operation) => ratios[name][operation].toFixed(2));
}

function tableText(title, rows, cell) {
  const line = (name, cells) =>
    `  ${name.padEnd(10)}${cells.map((text) => text.padEnd(24)).join("")}`.trimEnd();
  return [
    title,
    line("", operations),
    ...Object.keys(rows).map((name) =>
      line(
        name,
        operations.map((operation) => cell(name, operation)),
      ),
    ),
    "",
  ].join("\n");
}

export function median(list) {
  const sorted = [...list].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
