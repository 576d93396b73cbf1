import { fileURLToPath } from "node:url";
import type { Style } from "../output/style.ts";
import { commandLine } from "./commandLine.ts";
import { lifeDays } from "./life.ts";
import type { Place } from "./place.ts";
import type { LifeFacts } from "./play.ts";
import { customerCount, oldOrders, products } from "./shop.ts";
import { firstTries } from "./tour.ts";

/** The first lines: where we are and what is here. */
export function greeting({ description }: Pick<Place, "description">, style: Style): string {
  return [
    "",
    style.bold("audit: a time machine and audit trail for PostgreSQL"),
    "",
    `This is ${description}.`,
    `In it: a small tea and coffee shop with ${customerCount} customers, ${products.length} products, ${oldOrders} orders.`,
    "",
  ].join("\n");
}

/** Says what happened between the installation and the tour, and that the times are not real. */
export function lifeText({ transactions, actors }: LifeFacts): string {
  return `
Now ${lifeDays} days of shop life pass: ${transactions} transactions by ${actors} people and jobs. Each
says who it is and why: set local audit.actor = …, audit.context = …
They take a moment, and the demo then moves their times back into the past days.
It alone does that, and only in this database.
`;
}

/** The last lines: what is left, and how to go on. */
export function farewell(
  { shownUrl, removal }: Pick<Place, "shownUrl" | "removal">,
  { keep, style }: { readonly keep: boolean; readonly style: Style },
): string {
  return keep ? keptText(shownUrl, removal, style) : goneText(style);
}

const launcher = fileURLToPath(new URL("../../bin/audit.js", import.meta.url));

function keptText(url: string, removal: string, style: Style): string {
  return `
${style.cyan("The database stays. Go on by yourself:")}

  export DATABASE_URL=${commandLine([url])}
${firstTries.map((args) => `  ${commandLine(["audit", ...args])}\n`).join("")}
Where audit is not installed, as in a clone:

  alias audit=${commandLine([commandLine(["node", launcher])])}

${style.cyan("This stops and removes it:")}

  ${removal}
`;
}

function goneText(style: Style): string {
  return `
${style.cyan("That was it, and nothing of it stays. Go on with one of these:")}

  audit demo --keep                         the same, and the database stays
  DATABASE_URL=… audit init                 your own database
  DATABASE_URL=… audit enable <table>

In a clone, audit is: node bin/audit.js
`;
}
