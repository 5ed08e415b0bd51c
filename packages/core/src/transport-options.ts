/** What of Celery's transport options means something here: one table. The others are taken, and a worker's log says once why they do nothing. */
import { isDeepStrictEqual } from "node:util";
import type { SentinelAccess } from "./redis/url.ts";
import { type Setting, snakeCase, unknownName } from "./setting.ts";
import { readTlsOptions, type TlsInput } from "./tls.ts";

export interface TransportOptions {
  /** Redis: in front of every key and channel */
  readonly globalKeyprefix?: string;
  /** what sentinels call the primary */
  readonly masterName?: string;
  /** how to get into the sentinels themselves */
  readonly sentinelKwargs?: SentinelAccess;
  /** what RabbitMQ shows of each connection, beside what the driver tells it */
  readonly clientProperties?: ClientProperties;
}
export type ClientProperties = Readonly<Record<string, string | number | boolean>>;

/** As Celery's users write them. */
export interface TransportInput {
  readonly [other: string]: unknown;
  readonly globalKeyprefix?: string | undefined;
  readonly global_keyprefix?: string | undefined;
  readonly masterName?: string | undefined;
  readonly master_name?: string | undefined;
  readonly sentinelKwargs?: SentinelInput | undefined;
  readonly sentinel_kwargs?: SentinelInput | undefined;
  readonly clientProperties?: ClientProperties | undefined;
  readonly client_properties?: ClientProperties | undefined;
}
type SentinelInput = { readonly username?: string; readonly password?: string; readonly ssl?: boolean } & TlsInput;

interface Row {
  readonly why: string;
  /** the value that asks for nothing but what is done anyway */
  readonly agrees?: unknown;
}

const claims: Row = { why: "claims belong to workers, not to timeouts" };
const keys: Row = { why: "keys and priorities are those that Celery has without options" };
const watching: Row = { why: "the driver watches its connections itself" };
const repeating: Row = { why: "delay() repeats until publish_timeout" };
const rotating: Row = { why: "give createApp `credentials`, which is asked at each connect" };

/** kombu's and Celery's options that do nothing. */
const unusedOptions: Readonly<Record<string, Row>> = {
  visibility_timeout: claims,
  unacked_key: claims,
  unacked_index_key: claims,
  unacked_mutex_key: claims,
  unacked_mutex_expire: claims,
  unacked_restore_limit: claims,
  unacked_restore_interval: claims,
  unacked_restore_throttle: claims,
  ack_emulation: { ...claims, agrees: true },
  sep: keys,
  priority_steps: { ...keys, agrees: [0, 3, 6, 9] },
  queue_order_strategy: { why: "queues take turns", agrees: "round_robin" },
  fanout_prefix: { ...keys, agrees: true },
  fanout_patterns: { ...keys, agrees: true },
  socket_timeout: watching,
  socket_connect_timeout: watching,
  socket_keepalive: watching,
  socket_keepalive_options: watching,
  health_check_interval: watching,
  retry_on_timeout: watching,
  max_connections: watching,
  connect_timeout: { why: "it is the setting broker_connection_timeout" },
  read_timeout: watching,
  write_timeout: watching,
  client_name: watching,
  additional_connection_errors: watching,
  credential_provider: rotating,
  reauth_check_interval: rotating,
  min_other_sentinels: { why: "what most sentinels say is taken first, whatever their number", agrees: 0 },
  confirm_publish: { why: "the broker confirms every message", agrees: true },
  max_retries: repeating,
  interval_start: repeating,
  interval_step: repeating,
  interval_max: repeating,
  retry_policy: repeating,
  login_method: { why: "it is the setting broker_login_method" },
  heartbeat: { why: "it is the setting broker_heartbeat" },
  ssl: { why: "it is the setting broker_use_ssl" },
  channel_max: { why: "a connection has the channels and frames that RabbitMQ allows" },
  frame_max: { why: "a connection has the channels and frames that RabbitMQ allows" },
  on_blocked: { why: "the log and app.health() say when RabbitMQ takes no publications" },
  on_unblocked: { why: "the log and app.health() say when RabbitMQ takes no publications" },
  result_chord_ordered: { why: "a chord is counted in order, or in the list that a Python worker has begun" },
};

/** Those that mean something for a broker, and for results nothing. */
const unusedForResults: Readonly<Record<string, Row>> = {
  client_properties: { why: "results of rpc:// come by connections of the broker: give it in broker_transport_options" },
};

/** Options of a setting that was given which do nothing. Throws CONFIG_UNKNOWN, with the nearest name, for what neither Celery nor we know. */
export function unusedTransportOptions(
  setting: string,
  given: unknown,
  of: "broker" | "results",
): readonly { readonly setting: string; readonly reason: string }[] {
  if (typeof given !== "object" || given === null) return [];
  const found = [];
  for (const [written, value] of Object.entries(given)) {
    const name = snakeCase(written);
    const unused = of === "results" ? { ...unusedOptions, ...unusedForResults } : unusedOptions;
    const row = Object.hasOwn(unused, name) ? unused[name] : undefined;
    if (value === undefined || value === null || (row === undefined && Object.hasOwn(readers, name))) continue;
    if (row === undefined) throw unknownName(`option of ${setting}`, written, [...Object.keys(readers), ...Object.keys(unusedOptions)]);
    if (!("agrees" in row && isDeepStrictEqual(row.agrees, value))) found.push({ setting: `${setting}.${written}`, reason: row.why });
  }
  return found;
}

const readers: Readonly<Record<string, (value: unknown, what: string) => Partial<TransportOptions> | undefined>> = {
  global_keyprefix: (value) => (typeof value === "string" ? { globalKeyprefix: value } : undefined),
  master_name: (value) => (typeof value === "string" && value !== "" ? { masterName: value } : undefined),
  sentinel_kwargs: (value, what) => {
    const sentinelKwargs = readSentinelAccess(value, what);
    return sentinelKwargs === undefined ? undefined : { sentinelKwargs };
  },
  client_properties: (value) => (isClientProperties(value) ? { clientProperties: Object.freeze({ ...value }) } : undefined),
};

/** What a client is able to do the driver says. */
function isClientProperties(value: unknown): value is ClientProperties {
  if (typeof value !== "object" || value === null || Array.isArray(value) || "capabilities" in value) return false;
  return Object.values(value).every((each) => ["string", "boolean"].includes(typeof each) || Number.isFinite(each));
}

/** What redis-py hands to each connection with a sentinel: user, password and TLS; how it watches such a connection is left to the driver. */
function readSentinelAccess(value: unknown, what: string): SentinelAccess | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { username, password, ssl, ...others } = value as Readonly<Record<string, unknown>>;
  const encryption = Object.entries(others).filter(([name]) => unusedOptions[snakeCase(name)] !== watching);
  const tls = readTlsOptions(Object.fromEntries(encryption), `${what}.sentinel_kwargs`);
  for (const text of [username, password]) if (text !== undefined && text !== null && typeof text !== "string") return undefined;
  if (ssl !== undefined && ssl !== null && typeof ssl !== "boolean") return undefined;
  return Object.freeze({
    ...(typeof username === "string" ? { username } : {}),
    ...(typeof password === "string" ? { password } : {}),
    ssl: ssl === true || encryption.length > 0 ? tls : false,
  });
}

/** A row of a table of settings. */
export const transportSetting = (doc: string): Setting<TransportOptions> => ({
  kind: "{globalKeyprefix: text, masterName: text, sentinelKwargs: {username, password, ssl, …}, clientProperties: {name: text, number or flag}}, or Celery's names of them",
  default: Object.freeze({}),
  doc,
  secret: "inside",
  read(value, name = "value") {
    if (value === null) return Object.freeze({});
    if (typeof value !== "object" || Array.isArray(value)) return undefined;
    const options: TransportOptions = {};
    for (const [written, option] of Object.entries(value as object)) {
      if (option === undefined || option === null) continue;
      const row = snakeCase(written);
      if (!Object.hasOwn(readers, row)) continue;
      const read = readers[row]?.(option, name);
      if (read === undefined) return undefined;
      Object.assign(options, read);
    }
    return Object.freeze(options);
  },
});
