/** What a worker says of its servers when it has reached them: what they would lose, and a clock that is not ours. */
import {
  type Broker,
  isMemoryUrl,
  type Logger,
  type ResultBackend,
  reasonOf,
  resultUrlOf,
  type ServerFacts,
  type Settings,
} from "@celeriac/core/runtime";

/** Less is told of no clock: machines that keep time differ by milliseconds. */
const toleratedSkewMs = 1_000;

interface Servers {
  readonly broker: Broker;
  readonly backend: ResultBackend | null;
  readonly settings: Pick<Settings, "brokerUrl" | "resultBackend">;
  readonly logger: Logger;
}

/** Never rejects: a server that cannot be asked is reason for nothing but a line for debugging. */
export async function warnOfServers({ broker, backend, settings, logger }: Servers): Promise<void> {
  const resultUrl = resultUrlOf(settings);
  const isShared = backend === null || broker.settlesResults || resultUrl === settings.brokerUrl || resultUrl.startsWith("rpc:");
  const losses = isShared ? "all tasks, and all results that lie with them," : "all tasks";
  await Promise.all([
    isMemoryUrl(settings.brokerUrl) ? null : tell("broker", broker, losses, logger),
    isShared || isMemoryUrl(resultUrl) ? null : tell("result backend", backend, "all results", logger),
  ]);
}

async function tell(server: string, driver: Pick<Broker, "facts">, losses: string, logger: Logger): Promise<void> {
  let found: ServerFacts;
  try {
    found = await driver.facts();
  } catch (error) {
    logger.debug("a server could not be asked about itself", { server, reason: reasonOf(error) });
    return;
  }
  const { software, skewMs, persistent } = found;
  if (persistent === false)
    logger.warn("a server keeps nothing on disk", {
      server,
      software,
      reason: `when it restarts, ${losses} are lost: set appendonly yes, or at least save`,
    });
  if (skewMs !== null && Math.abs(skewMs) > toleratedSkewMs)
    logger.warn("a server's clock differs from this machine's", {
      server,
      software,
      aheadSeconds: Math.round(skewMs) / 1_000,
      reason: "ETAs, expiry and ages are wrong by as much: let both keep time by NTP",
    });
}
