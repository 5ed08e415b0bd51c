/** Probes of a worker, and the code behind them, only where it was given an address for them. */
import type { ListenAddress } from "@celeriac/core/runtime";
import type { Probes, Watched } from "./probes.ts";

/** null: there is no address. Throws WORKER_HTTP when nothing can listen there. */
export async function serveProbes(address: ListenAddress | null, watched: Watched): Promise<Probes | null> {
  if (address === null) return null;
  const probes = await (await import("./probes.ts")).openProbes(address, watched);
  watched.logger.info("probes are served", { url: probes.url });
  return probes;
}
