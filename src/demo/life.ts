import { literal } from "../db/literal.ts";
import { createChance } from "./chance.ts";
import { customerCount, firstOrder, type Item, oldOrders, pickItems } from "./shop.ts";

/** One transaction of the shop's life. */
export interface Moment {
  /** 1 is yesterday. */
  readonly daysAgo: number;
  /** Local time, HH:MM:SS. Never at night, when clocks are changed. */
  readonly time: string;
  readonly actor: string;
  readonly application: string;
  readonly reason?: string;
  /** SQL; `:at` stands for the moment's instant. */
  readonly statements: readonly string[];
}

/** How many days the shop lives through, all before today. */
export const lifeDays = 6;

/** When the audit trail was installed: before the first moment. */
export const installedAt = { daysAgo: lifeDays, time: "08:00:00" } as const;

/** When the nightly `audit prune` began a new segment for the carts: it is due then, after a tenth of 30 days. */
export const rotatedAt = { daysAgo: 2, time: "05:20:00" } as const;

/** What the tour looks at; the life below makes it happen. */
export const landmarks = {
  product: "sencha",
  /** The price of one product, given to all of them. */
  mistake: { daysAgo: 1, time: "16:42:17", actor: "support:ines" },
  /** Just before it, as typed. */
  beforeMistake: "yesterday 16:40",
  afterMistake: "yesterday 16:45",
  customer: 12,
  /** Placed on the first day, its first line corrected later. */
  order: firstOrder + oldOrders,
} as const;

const shop = "shop-web";
const desk = "support-desk";
const jobs = "jobs";

/**
 * Six days of a shop, in order of time: customers fill carts and order, the warehouse ships, a job restocks, the
 * support desk corrects things and makes mistakes. Always the same.
 */
export function planLife(): Moment[] {
  const chance = createChance(7);
  const moments: Moment[] = [];
  let order: number = landmarks.order;
  for (let daysAgo = lifeDays; daysAgo >= 1; daysAgo--) {
    const times = Array.from({ length: chance.between(5, 7) }, () => chance.between(9 * 60, 20 * 60));
    for (const minute of times.sort((one, other) => one - other)) {
      const visit = { daysAgo, minute, customer: chance.between(1, customerCount), items: pickItems(chance) };
      // Nobody fills a cart on the day before yesterday, so that what expires does not depend on the hour the
      // demo is run: the cutoff of two days lies somewhere in that day.
      if (daysAgo !== 2) moments.push(...fillCart(visit, chance.below(3) === 0));
      moments.push(placeOrder(order++, visit));
    }
    moments.push(...dailyWork(daysAgo));
  }
  return [...moments, ...events()].sort((one, other) => placeOf(one).localeCompare(placeOf(other)));
}

interface Visit {
  readonly daysAgo: number;
  readonly minute: number;
  readonly customer: number;
  readonly items: readonly Item[];
}

function fillCart({ daysAgo, minute, customer, items }: Visit, hesitates: boolean): Moment[] {
  const actor = `customer:${customer}`;
  const put = items.map(({ sku }, index) => ({
    daysAgo,
    time: timeOf(minute - 9 + index, 12 + 7 * index),
    actor,
    application: shop,
    statements: [
      `insert into public.carts (customer_id, sku, quantity) values (${customer}, ${literal(sku)}, 1) on conflict do nothing`,
    ],
  }));
  const change = {
    daysAgo,
    time: timeOf(minute - 4, 41),
    actor,
    application: shop,
    statements: [
      hesitates
        ? `delete from public.carts where customer_id = ${customer} and sku = ${literal(items[0]?.sku ?? "")}`
        : `update public.carts set quantity = quantity + 1 where customer_id = ${customer} and sku = ${literal(items[0]?.sku ?? "")}`,
    ],
  };
  return [...put, change];
}

function placeOrder(order: number, { daysAgo, minute, customer, items }: Visit): Moment {
  const given = `(values ${items.map(({ sku, quantity }, index) => `(${index + 1}, ${literal(sku)}, ${quantity})`).join(", ")}) as given (line, sku, quantity)`;
  return {
    daysAgo,
    time: timeOf(minute, 5 + (order % 50)),
    actor: `customer:${customer}`,
    application: shop,
    statements: [
      `insert into public.orders (id, customer_id, status, total, placed_at)
       select ${order}, ${customer}, 'paid', sum(given.quantity * products.price), :at
       from ${given} join public.products on products.sku = given.sku`,
      `insert into public.order_lines (order_id, line, sku, quantity, price)
       select ${order}, given.line, given.sku, given.quantity, products.price
       from ${given} join public.products on products.sku = given.sku`,
      `update public.products set stock = stock - given.quantity from ${given} where products.sku = given.sku`,
      `delete from public.carts where customer_id = ${customer}`,
    ],
  };
}

function dailyWork(daysAgo: number): Moment[] {
  return [
    {
      daysAgo,
      time: "05:15:00",
      actor: "job:restock",
      application: jobs,
      reason: "stock below 20",
      statements: ["update public.products set stock = stock + 24 where stock < 20"],
    },
    {
      daysAgo,
      time: "08:30:00",
      actor: "warehouse:tom",
      application: "warehouse",
      reason: "morning parcels",
      statements: ["update public.orders set status = 'shipped', shipped_at = :at where status = 'paid'"],
    },
  ];
}

function events(): Moment[] {
  const { mistake, product, customer, order } = landmarks;
  return [
    {
      daysAgo: 5,
      time: "10:04:31",
      actor: "buyer:lena",
      application: desk,
      reason: "the importer raised the price",
      statements: [`update public.products set price = 13.50 where sku = ${literal(product)}`],
    },
    {
      daysAgo: 4,
      time: "14:22:50",
      actor: "support:omar",
      application: desk,
      reason: "ticket 798: two, not one",
      statements: [
        `update public.order_lines set quantity = quantity + 1 where order_id = ${order} and line = 1`,
        `update public.orders set total = (
           select sum(quantity * price) from public.order_lines where order_id = ${order}
         ) where id = ${order}`,
      ],
    },
    {
      daysAgo: 3,
      time: "11:37:08",
      actor: `customer:${customer}`,
      application: shop,
      statements: [
        `update public.customers
         set email = 'ben.costa@example.net', newsletter = not newsletter, password_hash = 'argon2id:' || md5('not the old one')
         where id = ${customer}`,
      ],
    },
    {
      daysAgo: mistake.daysAgo,
      time: mistake.time,
      actor: mistake.actor,
      application: desk,
      reason: "ticket 812: sencha on offer this week",
      statements: ["update public.products set price = 10.90"],
    },
    {
      daysAgo: 1,
      time: "17:20:46",
      actor: "support:omar",
      application: desk,
      reason: `ticket 815: ordered twice`,
      statements: [
        `delete from public.orders where id = (select max(id) from public.orders where placed_at < :at - interval '1 day')`,
      ],
    },
  ];
}

function timeOf(minute: number, second: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}:${two(second)}`;
}

/** Sorts as the moments follow each other. */
function placeOf({ daysAgo, time }: Moment): string {
  return `${9 - daysAgo} ${time}`;
}
