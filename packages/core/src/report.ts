/** What an app and the process it is in are made of, for whoever is to find out what is wrong with them: `celeriac report`, and `inspect report` of a worker. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, release, type as systemName, totalmem } from "node:os";
import { dirname, join } from "node:path";
import type { AppRuntime } from "./app-runtime.ts";
import { resultUrlOf } from "./open.ts";
import { shownJson, shownSettings } from "./shown-settings.ts";

export interface AppReport {
  /** name → version, of what takes part */
  readonly software: Readonly<Record<string, string>>;
  readonly platform: {
    readonly system: string;
    readonly kernel: string;
    readonly arch: string;
    readonly cpus: number;
    readonly memoryMb: number;
  };
  readonly app: string;
  /** schemes of the URLs; null: unset, or not a URL */
  readonly transports: Readonly<Record<"broker" | "results" | "coordinator", string | null>>;
  readonly queues: readonly string[];
  /** whose code is here; with the options they were defined with */
  readonly tasks: readonly { readonly name: string; readonly options: unknown }[];
  /** that differ from their defaults, without secrets */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What takes messages and results somewhere, where it is installed. */
const libraries = ["ioredis", "amqplib", "libsql", "pg"] as const;

export function reportOf({ name, settings, queues, registry }: AppRuntime): AppReport {
  const found = libraries.flatMap((library) => {
    const version = versionOf(library);
    return version === null ? [] : [[library, version] as const];
  });
  return {
    software: { celeriac: ownVersion(), node: process.versions.node, v8: process.versions.v8, ...Object.fromEntries(found) },
    platform: {
      system: systemName(),
      kernel: release(),
      arch: process.arch,
      cpus: availableParallelism(),
      memoryMb: Math.round(totalmem() / 1_048_576),
    },
    app: name,
    transports: {
      broker: schemeOf(settings.brokerUrl),
      results: schemeOf(resultUrlOf(settings)),
      coordinator: settings.coordinator === null ? null : schemeOf(settings.coordinator),
    },
    queues: queues.names,
    tasks: [...registry.runnable()].sort().map((task) => ({ name: task, options: shownJson(registry.get(task)?.options ?? {}) })),
    settings: shownSettings(settings, false),
  };
}

/** As Celery's `report` reads. */
export function reportText({ software, platform, app, transports, queues, tasks, settings }: AppReport): string {
  const pairs = (values: object) =>
    Object.entries(values)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}:${value}`)
      .join(" ");
  return [
    `software -> ${pairs(software)}`,
    `platform -> ${pairs(platform)}`,
    `app      -> ${app}`,
    `settings -> ${pairs(transports)}`,
    `queues   -> ${queues.join(" ")}`,
    "",
    ...Object.entries(settings).map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
    "",
    ...tasks.map(({ name, options }) => (isEmpty(options) ? name : `${name} ${JSON.stringify(options)}`)),
  ].join("\n");
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** What stands before "://": without that it is no URL, and may be a secret that was put in its place. */
function schemeOf(url: string): string | null {
  return url === "disabled" ? url : (/^[a-z][a-z0-9+.-]*(?=:\/\/)/i.exec(url)?.[0] ?? null);
}

function ownVersion(): string {
  return (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version;
}

/** null: it is not installed. */
function versionOf(library: string): string | null {
  let folder: string;
  try {
    folder = dirname(createRequire(import.meta.url).resolve(library));
  } catch {
    return null;
  }
  // Not every package lets others see its manifest; the folders above its code do.
  for (; folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name?: string; version?: string };
      if (name === library && version !== undefined) return version;
    } catch {
      // none here
    }
  }
  return null;
}
