import { ExitCode } from "../errors.ts";
import { landmarks } from "./life.ts";

/** One stop: what a visitor wants to know, and the commands that answer it. */
export interface Step {
  readonly say: string;
  /** What follows `audit` on each command line. */
  readonly commands: readonly (readonly string[])[];
  /** How the commands end; 0 unless said otherwise. */
  readonly exitCode?: ExitCode;
}

/** The class of the carts, which keep less than the rest. */
export const cartClass = "short";

/** From an empty database with a shop in it to an audited one. */
export const installation: readonly Step[] = [
  { say: "The audit trail lives in a schema of its own.", commands: [["init"]] },
  {
    say: "Switch it on for the tables that matter. Passwords stay out of it.",
    commands: [["enable", "customers", "products", "orders", "order_lines", "--exclude", "password_hash"]],
  },
  {
    say: "Carts come and go by the minute: they get a retention class of their own.",
    commands: [
      ["retention", "set", cartClass, "30d"],
      ["enable", "carts", "--retain", cartClass],
    ],
  },
];

const { product, mistake, order, customer, beforeMistake, afterMistake } = landmarks;

/** A complaint, followed to its cause, and what else the trail is good for. */
export const tour: readonly Step[] = [
  {
    say: "Sencha should cost 13.50. Why is it sold at 10.90?",
    commands: [["history", "products", product, "--limit", "4"]],
  },
  {
    say: "An offer for sencha, by the support desk. What else did they touch?",
    commands: [["history", "products", "--actor", mistake.actor, "--limit", "4"]],
  },
  {
    say: "Teapots as well: an UPDATE without its WHERE. All it did, between two instants:",
    commands: [["diff", "products", "--from", beforeMistake, "--to", afterMistake]],
  },
  {
    say: "And the table as it was just before, undone from the rows of today:",
    commands: [["at-time", beforeMistake, "products"]],
  },
  {
    say: "What did the whole of yesterday change in the orders?",
    commands: [["diff", "orders", "--from", "yesterday", "--to", "today"]],
  },
  {
    say: "Who deletes orders, and why? What was deleted is still here.",
    commands: [["history", "orders", "--op", "delete"]],
  },
  {
    say: "A key of two columns: order and line.",
    commands: [["history", "order_lines", String(order), "1"]],
  },
  {
    say: "This customer changed the password along with the address. No trace of it:",
    commands: [["history", "customers", String(customer)]],
  },
  { say: "What is audited, since when, and what does it take?", commands: [["status"]] },
  {
    say: "Thirty days of carts are too many, two will do. What would tonight's prune do?",
    commands: [["retention", "set", cartClass, "2d"], ["prune", "--dry-run"], ["prune"]],
  },
  {
    say: "What is gone is gone. Where the log no longer reaches, nothing is guessed:",
    commands: [["at-time", "4 days ago", "carts"]],
    exitCode: ExitCode.Inconclusive,
  },
];

/** What to try first on a demo that was kept. */
export const firstTries: readonly (readonly string[])[] = [
  ["history", "orders", String(order)],
  ["diff", "products", "--from", "2 days ago"],
  ["at-time", "yesterday 12:00", "order_lines", String(order), "1"],
];
