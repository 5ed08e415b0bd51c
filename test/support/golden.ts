/** The captures of the real Celery in test/golden: see the README there. */
import { readFileSync } from "node:fs";

type Members = Readonly<Record<string, unknown>>;

interface Capture {
  readonly name: string;
  /** the Python that was run */
  readonly call: string;
  /** settings that were not the default */
  readonly conf: Members;
}

export interface RedisItem {
  readonly key: string;
  /** the list item as it lay there */
  readonly raw: string;
  /** the body as Python reads it; absent where JSON cannot say it, and for other content types */
  readonly decoded?: readonly [args: readonly unknown[], kwargs: Members, embed: Members];
}

export interface AmqpMessage {
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: Members;
  readonly headers: Members;
  /** base64 */
  readonly body: string;
}

export interface StoredText {
  readonly key: string;
  /** seconds; null: kept for ever */
  readonly expires: number | null;
  readonly text: string;
}

/** A text that was put into Redis by hand. */
export interface Probe {
  readonly name: string;
  readonly raw: string;
  /** the state or value that Python came to */
  readonly python: string | null;
}

interface Files {
  readonly "probes-redis": Probe;
  readonly "messages-redis": Capture & { readonly messages: readonly RedisItem[] };
  readonly "messages-amqp": Capture & { readonly messages: readonly AmqpMessage[] };
  readonly "worker-publishes-redis": Omit<Capture, "conf"> & { readonly messages: readonly RedisItem[] };
  readonly "results-redis": Capture & { readonly taskId: string; readonly stored: readonly StoredText[] };
  readonly "results-rpc": Omit<Capture, "conf"> & { readonly taskId: string; readonly results: readonly Omit<AmqpMessage, "queue">[] };
}

/** Every capture of a file, in order. */
export function golden<F extends keyof Files>(file: F): readonly Files[F][] {
  return JSON.parse(readFileSync(new URL(`../golden/${file}.json`, import.meta.url), "utf8")) as readonly Files[F][];
}

/** Names of all captures that there are, also of those whose data is not here, by file. */
export function goldenNames(): Readonly<Record<string, readonly string[]>> {
  return JSON.parse(readFileSync(new URL("../golden/cases.json", import.meta.url), "utf8")) as Readonly<Record<string, readonly string[]>>;
}

/** The capture called `name`. */
export function goldenCase<F extends keyof Files>(file: F, name: string): Files[F] {
  const found = golden(file).find((capture) => capture.name === name);
  if (found === undefined) throw new Error(`${file} has no capture called ${name}`);
  return found;
}

/** Where the producer's clock stood while messages were captured: Python's counts microseconds. */
export const goldenNowMs = Date.parse("2026-01-02T03:04:05.678Z") + 0.901;
