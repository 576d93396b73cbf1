/** For to_char(): ISO 8601 with microseconds and the offset of the session's zone, as every instant leaves the server. */
export const ISO = 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM';
