/** Where a server of ours listens, as people write it: a port, or a host and a port. Ground floor of the options that name such a place. */
import type { Setting } from "./setting.ts";

/** "0.0.0.0:9100", "[::1]:9100", ":9100" (every address of this machine), "9100" or 9100 (this machine alone). Port 0 is any that is free. */
export type ListenAddress = string | number;

export interface ListenPlace {
  /** undefined: every address of this machine */
  readonly host: string | undefined;
  readonly port: number;
}

const thisMachine = "127.0.0.1";
const form = /^(?:(\[[0-9a-f:.%]+\]|[^\s:[\]/]*):)?(\d{1,5})$/i;

/** undefined: it is no address. */
export function listenPlace(address: ListenAddress): ListenPlace | undefined {
  const [whole, host, port] = form.exec(String(address).trim()) ?? [];
  if (whole === undefined || Number(port) > 65_535) return undefined;
  if (host === undefined) return { host: thisMachine, port: Number(port) };
  return { host: host.replace(/^\[|\]$/g, "") || undefined, port: Number(port) };
}

export const addressSetting = (doc: string, extra: Pick<Setting<unknown>, "env"> = {}): Setting<ListenAddress | null> => ({
  kind: "port, or HOST:PORT",
  default: null,
  doc,
  ...extra,
  read(value) {
    if (value === null) return null;
    if (typeof value !== "string" && typeof value !== "number") return undefined;
    return listenPlace(value) === undefined ? undefined : value;
  },
});
