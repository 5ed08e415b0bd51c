/** A TCP port of 127.0.0.1 that was free a moment ago. Whoever listens on it tries again with another when it is taken meanwhile. */
import { createServer } from "node:net";

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => probe.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error(`no port in ${String(address)}`);
  return address.port;
}
