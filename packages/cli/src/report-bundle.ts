/** A folder with all that whoever is to help needs to see, and nothing that is a secret: each file for itself, so that one can be left out. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type AppReport,
  type AppRuntime,
  allQueues,
  askWorkers,
  CeleriacError,
  callOf,
  isMemoryUrl,
  partsOf,
  queueFacts,
  reasonOf,
  redactText,
  reportText,
  shownJson,
} from "@celeriac/core/runtime";

const answersMs = 1_000;

/** Writes it, and gives the names of its files. What cannot be asked is in them as the reason. Throws COMMAND_USAGE for a folder that has something in it, or cannot be made. */
export async function writeBundle(folder: string, report: AppReport, runtime: AppRuntime): Promise<readonly string[]> {
  make(folder);
  const { settings, ...software } = report;
  const contents: Readonly<Record<string, unknown>> = {
    "report.txt": `${reportText(report)}\n`,
    "software.json": software,
    "settings.json": settings,
    ...(await ofServers(runtime)),
  };
  for (const [name, content] of Object.entries(contents))
    writeFileSync(join(folder, name), typeof content === "string" ? content : `${JSON.stringify(shownJson(content), null, 2)}\n`, {
      mode: 0o600,
    });
  return Object.keys(contents);
}

/** Only who made it reads it, until it is given away. */
function make(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (readdirSync(folder).length === 0) return;
  } catch (cause) {
    throw new CeleriacError("COMMAND_USAGE", `--bundle: ${reasonOf(cause)}`, { cause });
  }
  throw new CeleriacError("COMMAND_USAGE", `--bundle: ${folder} is not empty: name a folder that is not there yet`);
}

async function ofServers(runtime: AppRuntime): Promise<Readonly<Record<string, unknown>>> {
  if (isMemoryUrl(runtime.settings.brokerUrl)) return {};
  const links = await runtime.links();
  const { broker, backend } = links;
  const [ofBroker, ofBackend] = await Promise.all([
    told(async () => {
      await broker.connect();
      return await broker.facts();
    }),
    told(async () => {
      await backend?.connect();
      return (await backend?.facts()) ?? "disabled";
    }),
  ]);
  const queues = await told(async () => {
    await broker.connect();
    return await queueFacts(broker, await allQueues(broker, runtime));
  });
  const workers = await told(async () => {
    const replies = await askWorkers(await partsOf(runtime), callOf("stats", {}, {}), { timeoutMs: answersMs, limit: null });
    return Object.fromEntries(replies.map(({ hostname, value }) => [hostname, value]));
  });
  return { "servers.json": { broker: ofBroker, backend: ofBackend }, "queues.json": queues, "workers.json": workers };
}

async function told(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    return await ask();
  } catch (error) {
    return { error: CeleriacError.is(error) ? error.code : null, reason: redactText(reasonOf(error)) };
  }
}
