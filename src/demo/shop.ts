import { literal } from "../db/literal.ts";
import { createChance } from "./chance.ts";

/** One thing the shop sells. */
interface Product {
  readonly sku: string;
  readonly name: string;
  readonly price: string;
  readonly stock: number;
}

/** What a customer ordered of one product. */
export interface Item {
  readonly sku: string;
  readonly quantity: number;
}

export const products: readonly Product[] = [
  { sku: "assam", name: "Assam, 250 g", price: "9.80", stock: 64 },
  { sku: "darjeeling", name: "Darjeeling First Flush, 100 g", price: "18.50", stock: 31 },
  { sku: "earl-grey", name: "Earl Grey, 250 g", price: "10.40", stock: 58 },
  { sku: "espresso", name: "Espresso beans, 1 kg", price: "23.90", stock: 47 },
  { sku: "filter", name: "Filter coffee beans, 500 g", price: "13.20", stock: 52 },
  { sku: "grinder", name: "Hand grinder", price: "64.00", stock: 22 },
  { sku: "kettle", name: "Gooseneck kettle", price: "79.00", stock: 21 },
  { sku: "matcha", name: "Matcha, 30 g", price: "21.00", stock: 26 },
  { sku: "mug", name: "Stoneware mug", price: "12.50", stock: 73 },
  { sku: "rooibos", name: "Rooibos, 250 g", price: "7.60", stock: 69 },
  { sku: "sencha", name: "Sencha, 100 g", price: "12.90", stock: 38 },
  { sku: "teapot", name: "Cast iron teapot", price: "48.00", stock: 24 },
];

const firstNames = ["Amara", "Ben", "Chiara", "David", "Elif", "Felix", "Greta", "Hugo", "Ines", "Jakob"];
const lastNames = ["Berg", "Costa", "Dubois", "Keller", "Novak", "Okafor"];
const cities = ["Antwerp", "Bergen", "Graz", "Leipzig", "Porto", "Utrecht", "Vilnius"];

/** How many customers and orders there are before anything is audited. */
export const customerCount = firstNames.length * lastNames.length;
export const firstOrder = 1001;
export const oldOrders = 140;

/** The shop's tables, as its own developers would have made them. Nothing here knows of auditing. */
const schema = `
create table public.customers (
  id            integer not null primary key,
  name          text    not null,
  email         text    not null unique,
  city          text    not null,
  newsletter    boolean not null default false,
  password_hash text    not null
);
create table public.products (
  sku   text          not null primary key,
  name  text          not null,
  price numeric(8, 2) not null check (price > 0),
  stock integer       not null check (stock >= 0)
);
create table public.orders (
  id          integer       not null primary key,
  customer_id integer       not null references public.customers (id),
  status      text          not null check (status in ('paid', 'shipped', 'returned')),
  total       numeric(9, 2) not null,
  placed_at   timestamptz   not null,
  shipped_at  timestamptz
);
create table public.order_lines (
  order_id integer       not null references public.orders (id) on delete cascade,
  line     integer       not null,
  sku      text          not null references public.products (sku),
  quantity integer       not null check (quantity > 0),
  price    numeric(8, 2) not null,
  primary key (order_id, line)
);
create table public.carts (
  customer_id integer not null references public.customers (id),
  sku         text    not null references public.products (sku),
  quantity    integer not null check (quantity > 0),
  primary key (customer_id, sku)
);`;

/** The shop as one script: its tables, and what it holds before the demo's days begin. Always the same. */
export function shopScript(): string {
  return [schema, ...oldRows()].join("\n");
}

function oldRows(): string[] {
  const chance = createChance(1);
  const names = lastNames.flatMap((last) => firstNames.map((first) => ({ first, last })));
  const customers = names.map(({ first, last }, index) => {
    const email = `${first}.${last}@example.org`.toLowerCase();
    const name = `${first} ${last}`;
    return [index + 1, name, email, chance.pick(cities), chance.below(3) === 0, "argon2id:"];
  });
  const orders: (readonly (string | number)[])[] = [];
  const lines: (readonly (string | number)[])[] = [];
  for (let order = 0; order < oldOrders; order++) {
    const id = firstOrder + order;
    const hoursAgo = 8 * 24 + (oldOrders - order) * 5;
    orders.push([id, chance.between(1, customerCount), hoursAgo]);
    pickItems(chance).forEach(({ sku, quantity }, index) => {
      lines.push([id, index + 1, sku, quantity]);
    });
  }
  return [
    `insert into public.customers
     select id, name, email, city, newsletter, scheme || md5(email)
     from (${values(customers)}) as given (id, name, email, city, newsletter, scheme);`,
    `insert into public.products (sku, name, price, stock) ${values(
      products.map(({ sku, name, price, stock }) => [sku, name, price, stock]),
    )};`,
    `insert into public.orders
     select id, customer_id, 'shipped', 0, placed_at, placed_at + interval '19 hours'
     from (${values(orders)}) as given (id, customer_id, hours_ago),
       lateral (select date_trunc('minute', now() - hours_ago * interval '1 hour')) as placed (placed_at);`,
    `insert into public.order_lines
     select order_id, line, given.sku, quantity, products.price
     from (${values(lines)}) as given (order_id, line, sku, quantity)
     join public.products on products.sku = given.sku;`,
    `update public.orders set total = (
       select sum(quantity * price) from public.order_lines where order_lines.order_id = orders.id
     );`,
  ];
}

function values(rows: readonly (readonly (string | number | boolean)[])[]): string {
  return `values ${rows.map((row) => `(${row.map(literal).join(", ")})`).join(", ")}`;
}

/** One to three different products, mostly one of each. */
export function pickItems(chance: ReturnType<typeof createChance>): Item[] {
  const items = new Map<string, Item>();
  for (let count = chance.between(1, 3); count > 0; count--) {
    const { sku } = chance.pick(products);
    items.set(sku, { sku, quantity: chance.below(4) === 0 ? 2 : 1 });
  }
  return [...items.values()];
}
