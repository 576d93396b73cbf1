import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { ExitCode, UserError } from "../errors.ts";
import type { HostSetting, Sourced, TlsSettings } from "./settings.ts";

/** How one try treats TLS. `fallback`: go on without it on the same socket when the server has none. */
export type TlsTry = "plain" | "tls" | "tls or plain";

/**
 * The tries for one server, in libpq's order. "allow" goes plain first, "prefer" encrypted first; the
 * second is for a server that turns the first away. A local socket is never encrypted.
 */
export function tlsTries(settings: TlsSettings, host: Pick<HostSetting, "host">): readonly TlsTry[] {
  if (host.host.startsWith("/")) return ["plain"];
  switch (settings.mode.value) {
    case "disable":
      return ["plain"];
    case "allow":
      return ["plain", "tls"];
    case "prefer":
      return ["tls or plain", "plain"];
    default:
      return ["tls"];
  }
}

/** What TLS needs besides the socket; the files are read. */
export type TlsMaterial = Pick<
  ConnectionOptions,
  "ca" | "cert" | "key" | "passphrase" | "crl" | "minVersion" | "maxVersion" | "rejectUnauthorized"
> & { readonly checkName: boolean };

/**
 * Reads the certificates the settings name, or the usual ones under `~/.postgresql`, by libpq's rules: a root
 * certificate makes "require" check it; "verify-…" without one is an error.
 */
export async function readTlsMaterial(settings: TlsSettings, home: string | undefined): Promise<TlsMaterial> {
  const usual = (name: string): Sourced<string> | undefined =>
    home ? { value: `${home}/.postgresql/${name}`, from: "default" } : undefined;
  const { mode } = settings;
  const system = settings.rootCertificate?.value === "system";
  const root = system ? undefined : await readPem("sslrootcert", settings.rootCertificate, usual("root.crt"));
  const certificate = await readPem("sslcert", settings.certificate, usual("postgresql.crt"));
  const key = certificate ? await readPem("sslkey", settings.key, usual("postgresql.key")) : undefined;
  const crl = await readPem("sslcrl", settings.revocations, usual("root.crl"));
  const insists = mode.value === "verify-ca" || mode.value === "verify-full";
  if (insists && !root && !system) {
    throw new UserError(
      ExitCode.Usage,
      `sslmode "${mode.value}" (${mode.from}) needs a root certificate, and there is none.`,
      {
        hint: "Name its file with sslrootcert, or trust this machine's authorities with sslrootcert=system.",
      },
    );
  }
  if (certificate && !key) {
    throw new UserError(ExitCode.Usage, "The client certificate has no private key.", {
      hint: "Name the key's file with sslkey.",
    });
  }
  return {
    ...(root === undefined ? {} : { ca: root }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
    ...(crl === undefined ? {} : { crl }),
    ...(settings.keyPassword === undefined ? {} : { passphrase: settings.keyPassword }),
    minVersion: settings.minVersion ?? "TLSv1.2",
    ...(settings.maxVersion === undefined ? {} : { maxVersion: settings.maxVersion }),
    rejectUnauthorized: insists || (mode.value === "require" && root !== undefined),
    checkName: mode.value === "verify-full",
  };
}

/** The options of tls.connect for one host, but for the socket. */
export function tlsOptions(
  material: TlsMaterial,
  settings: TlsSettings,
  host: Pick<HostSetting, "host">,
): ConnectionOptions {
  const { checkName, ...rest } = material;
  return {
    ...rest,
    // Names an address in the check of the certificate, where no server name can be sent.
    host: host.host,
    ...(settings.sendServerName && isIP(host.host) === 0 ? { servername: host.host } : {}),
    ...(checkName ? {} : { checkServerIdentity: () => undefined }),
    ...(settings.direct ? { ALPNProtocols: ["postgresql"] } : {}),
  };
}

async function readPem(
  parameter: string,
  given: Sourced<string> | undefined,
  usual: Sourced<string> | undefined,
): Promise<string | undefined> {
  const file = given ?? usual;
  if (!file) return undefined;
  try {
    return await readFile(file.value, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    if (!given && (code === "ENOENT" || code === "ENOTDIR")) return undefined;
    throw new UserError(
      ExitCode.Surroundings,
      `The file "${file.value}" for ${parameter} (${file.from}) cannot be read: ${code}.`,
      { hint: "Check its name and its permissions." },
    );
  }
}
