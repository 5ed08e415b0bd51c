/** From where a request comes, and under which name: a monitor without a login is for who sits at its machine. */
import type { IncomingMessage } from "node:http";

/** From this machine, and not through a proxy on it. A unix socket is reached by whom its file lets. */
export function isFromHere(request: IncomingMessage): boolean {
  const { remoteAddress } = request.socket;
  const isForwarded = forwarding.some((name) => request.headers[name] !== undefined);
  return !isForwarded && (remoteAddress === undefined || isLoopback(remoteAddress));
}

const forwarding = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\.|^::1$/.test(address);
}

/** Whether `Host` is a name of this machine: a page of somebody else, whose name was made to lead here, has another. */
export function isNameOfHere(host: string | undefined, allowed: readonly string[]): boolean {
  const name = (host ?? "").toLowerCase().replace(/:\d+$/, "");
  return /^(?:localhost|[\w-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(name) || allowed.some((each) => each.toLowerCase() === name);
}
