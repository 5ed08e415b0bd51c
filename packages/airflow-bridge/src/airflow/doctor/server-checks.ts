/** The doctor's questions to the servers of Celery: broker and result backend, as a worker opens them. */
import { createApp } from "@celeriac/core";
import { type Clock, reasonOf, redactUrl, runtimeOf, type ServerFacts } from "@celeriac/core/runtime";
import type { AirflowWorkerConfig } from "../worker-config.ts";
import { bad, doubtful, type Finding, good } from "./finding.ts";

interface Asked {
  connect?(): Promise<void>;
  health(): Promise<void>;
  facts(): Promise<ServerFacts>;
}

const answerLimitMs = 10_000;
const toleratedSkewMs = 1_000;

export async function* askServers({ app: options }: AirflowWorkerConfig, clock: Clock): AsyncGenerator<Finding> {
  let app: ReturnType<typeof createApp>;
  try {
    app = createApp("airflow", options);
  } catch (error) {
    yield bad("broker", reasonOf(error), "[celery] broker_url and result_backend, and what is beside them.");
    return;
  }
  try {
    const runtime = runtimeOf(app)!;
    yield await ask("broker", options.broker as string, async () => (await runtime.links()).broker, clock);
    yield await ask("result backend", options.backend as string, async () => (await runtime.links()).backend, clock);
  } finally {
    await Promise.race([app.close(), clock.sleep(answerLimitMs)]);
  }
}

async function ask(what: string, url: string, open: () => Promise<Asked | null>, clock: Clock): Promise<Finding> {
  const shown = redactUrl(url);
  const remedy = what === "broker" ? "[celery] broker_url: the scheduler's." : "[celery] result_backend: the scheduler's, which polls it.";
  const late = new AbortController();
  try {
    const facts = await Promise.race([
      open().then(async (driver) => {
        await driver?.connect?.();
        await driver?.health();
        return driver === null ? null : await driver.facts();
      }),
      clock.sleep(answerLimitMs, late.signal).then(() => {
        throw new Error(`no answer within ${answerLimitMs / 1_000} s`);
      }),
    ]);
    if (facts === null) return bad(what, "none is configured", remedy);
    const { software, skewMs } = facts;
    if (skewMs === null || Math.abs(skewMs) <= toleratedSkewMs) return good(what, `${shown}, ${software}`);
    return doubtful(what, `${shown}, ${software}, whose clock differs by ${Math.round(skewMs / 1_000)} s`, "Let both keep time by NTP.");
  } catch (error) {
    return bad(what, `${shown}: ${reasonOf(error)}`, remedy);
  } finally {
    late.abort();
  }
}
