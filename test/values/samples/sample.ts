/** Texts that PostgreSQL reads as values of a type, by the type as SQL writes it. */
export type Samples = Readonly<Record<string, readonly string[]>>;
