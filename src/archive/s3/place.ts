import { ExitCode, UserError, usageError } from "../../errors.ts";
import type { Io } from "../../io.ts";

/** A bucket, or a folder of it, and how its server is spoken to. */
export interface S3Place {
  readonly bucket: string;
  /** Empty, or ending with a slash. */
  readonly prefix: string;
  readonly region: string;
  /** What the key is appended to, ending with a slash. */
  readonly base: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

/**
 * Reads `s3://bucket/prefix` with the AWS_* variables beside it. AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL name
 * another server: its address takes the bucket into the path, unless its host already begins with the
 * bucket's name. Exit 2 for an address that is none, exit 4 where credentials are missing.
 */
export function readPlace(text: string, env: Io["env"]): S3Place {
  const match = /^s3:\/\/([^/]+)(?:\/(.*))?$/i.exec(text);
  const bucket = match?.[1] ?? "";
  if (!/^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/i.test(bucket)) {
    throw usageError(`${text} does not name an S3 bucket.`, "Write it as s3://bucket or s3://bucket/prefix.");
  }
  const prefix = (match?.[2] ?? "").replace(/\/+$/, "");
  if (prefix.split("/").some((part) => part === "." || part === "..") || prefix.includes("//")) {
    throw usageError(`${text} has a prefix with empty or dotted parts.`, "Write it as s3://bucket/prefix.");
  }
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || "us-east-1";
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!accessKeyId || !secretAccessKey) {
    const missing = accessKeyId ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID";
    throw new UserError(ExitCode.Surroundings, `${missing} is not set, which ${text} needs.`, {
      hint: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN for temporary ones.",
    });
  }
  return {
    bucket,
    prefix: prefix === "" ? "" : `${prefix}/`,
    region,
    base: baseOf(bucket, region, env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL),
    accessKeyId,
    secretAccessKey,
    sessionToken: env.AWS_SESSION_TOKEN || undefined,
  };
}

function baseOf(bucket: string, region: string, endpoint: string | undefined): string {
  if (endpoint === undefined) {
    // A dot in the name does not fit the wildcard of the certificate.
    return bucket.includes(".")
      ? `https://s3.${region}.amazonaws.com/${bucket}/`
      : `https://${bucket}.s3.${region}.amazonaws.com/`;
  }
  const hint = "Set AWS_ENDPOINT_URL_S3 to something like https://s3.example.com, or unset it.";
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch {
    throw usageError("The S3 endpoint in AWS_ENDPOINT_URL is no address.", hint);
  }
  if (!/^https?:$/.test(url.protocol) || url.username !== "" || url.search !== "") {
    throw usageError(`The S3 endpoint on ${url.host} is no plain http or https address.`, hint);
  }
  const root = `${url.origin}${url.pathname.replace(/\/+$/, "")}/`;
  return url.hostname.startsWith(`${bucket}.`) ? root : `${root}${bucket}/`;
}
