import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { AwsClient } from "aws4fetch";
import { archiveFailure } from "../failure.ts";
import type { S3Place } from "./place.ts";
import { elementOf } from "./xml.ts";

/** How patient it is; tests are less so. */
export interface S3Patience {
  /** Attempts of a request in all. */
  readonly attempts: number;
  /** The first pause between two of them; each next is twice as long. */
  readonly pauseMs: number;
  /** How long an answer may take, and how long its body may stay silent. */
  readonly silenceMs: number;
}

export const PATIENCE: S3Patience = { attempts: 6, pauseMs: 200, silenceMs: 120_000 };

export interface S3Request {
  readonly method: "GET" | "PUT" | "POST" | "DELETE" | "HEAD";
  /** Empty for the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** What the request is for: `write`, `read`, `list`, `remove`. */
  readonly act: string;
}

/** An answer that is no success. `code` is S3's word for it. */
export interface S3Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export class S3Client {
  readonly #aws: AwsClient;
  readonly place: S3Place;
  readonly patience: S3Patience;

  constructor(place: S3Place, patience: S3Patience) {
    const { accessKeyId, secretAccessKey, sessionToken, region } = place;
    this.#aws = new AwsClient({
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      region,
      service: "s3",
    });
    this.place = place;
    this.patience = patience;
  }

  /**
   * Sends the request until it is answered: server faults, limits of rate and lost connections are tried
   * again. Resolves with what the server said no to; throws (exit 4) when it cannot be had to answer.
   */
  async send(request: S3Request): Promise<Response | S3Refusal> {
    let lastly = "";
    let cause: unknown;
    for (let attempt = 1; attempt <= this.patience.attempts; attempt++) {
      if (attempt > 1) await pause(this.patience.pauseMs * 2 ** (attempt - 2) * (0.5 + Math.random() / 2));
      try {
        const answer = await this.#once(request);
        if (answer.ok) return answer;
        const refused = await refusalOf(answer);
        if (!isPassing(refused)) return refused;
        lastly = `it answered ${refused.status} ${refused.code}`;
      } catch (error) {
        cause = error;
        lastly = reasonOf(error);
      }
    }
    throw archiveFailure(
      `Cannot ${this.describe(request)}: ${lastly}, ${this.patience.attempts} times in a row.`,
      cause,
      `Is the server at ${new URL(this.place.base).host} well? Nothing half written counts as archived.`,
    );
  }

  /** Like send, with the whole body, and tried again where that breaks off; refusals throw (exit 4). */
  async sendForText(request: S3Request): Promise<string> {
    let cause: unknown;
    for (let attempt = 1; attempt <= this.patience.attempts; attempt++) {
      const answer = this.accepted(request, await this.send(request));
      try {
        return await answer.text();
      } catch (error) {
        cause = error;
      }
    }
    throw archiveFailure(`Cannot ${this.describe(request)}: ${reasonOf(cause)}.`, cause);
  }

  /** The answer, if it is one; a refusal throws (exit 4). */
  accepted(request: S3Request, answer: Response | S3Refusal): Response {
    if (answer instanceof Response) return answer;
    throw this.refused(request, answer);
  }

  refused(request: S3Request, { status, code, message }: S3Refusal): Error {
    const said = message === "" ? "" : `, "${message}"`;
    return archiveFailure(`Cannot ${this.describe(request)}: the server answered ${status} ${code}${said}.`);
  }

  describe({ act, key }: S3Request): string {
    return key === "" ? `${act} bucket ${this.place.bucket}` : `${act} ${key} in bucket ${this.place.bucket}`;
  }

  async #once({ method, key, query = {}, headers = {}, body }: S3Request): Promise<Response> {
    const url = new URL(this.place.base + key.split("/").map(encodeStrictly).join("/"));
    // The bucket itself, where it stands in the path, goes without a slash behind it.
    if (key === "") url.pathname = url.pathname.replace(/(?<=.)\/$/, "");
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const sum = createHash("sha256")
      .update(body ?? "")
      .digest("hex");
    const signed = await this.#aws.sign(url, {
      method,
      // Signed with its sum, the server finds a body that was cut or changed on its way.
      headers: { ...headers, "x-amz-content-sha256": sum },
      ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
    });
    return await fetch(signed, { signal: AbortSignal.timeout(this.patience.silenceMs), redirect: "manual" });
  }
}

async function refusalOf(answer: Response): Promise<S3Refusal> {
  const text = await answer.text().catch(() => "");
  const code = elementOf(text, "Code") ?? (answer.statusText || "without a reason");
  return { status: answer.status, code, message: elementOf(text, "Message") ?? "" };
}

const passing: readonly string[] = ["RequestTimeout", "SlowDown", "InternalError", "OperationAborted"];

function isPassing({ status, code }: S3Refusal): boolean {
  return status >= 500 || status === 429 || status === 408 || passing.includes(code);
}

/** What a failed connection is called: fetch says "fetch failed" and hides the reason in its cause. */
export function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  if (name === "TimeoutError") return "it did not answer in time";
  return cause?.code ?? cause?.message ?? message;
}

function encodeStrictly(part: string): string {
  return encodeURIComponent(part).replace(/[!'()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  });
}
