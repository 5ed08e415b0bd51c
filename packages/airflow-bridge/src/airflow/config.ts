/**
 * Airflow's configuration as Airflow reads it: AIRFLOW__SECTION__KEY, its _CMD and _SECRET, airflow.cfg and its key_cmd and key_secret. First of all that is done
 * by a worker or the doctor; what the values mean is worker-config.ts's.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ConfigError, reasonOf } from "@celeriac/core/runtime";
import { type CfgFile, cfgValue, parseCfg } from "./cfg-file.ts";
import { commandWords } from "./command-words.ts";

export interface AirflowConfig {
  /** AIRFLOW_HOME */
  readonly home: string;
  /** of airflow.cfg; null: there is none, and everything comes from the environment */
  readonly file: string | null;
  /** null: not set, or empty. Throws AIRFLOW_CONFIG where a command or a secrets backend that is to give it does not. */
  text(section: string, key: string): string | null;
  /** Throws AIRFLOW_CONFIG for what is neither true nor false. */
  flag(section: string, key: string, fallback: boolean): boolean;
  /** Throws AIRFLOW_CONFIG for what is no whole number. */
  whole(section: string, key: string, fallback: number): number;
  /** An object that is written as JSON; empty where it is not set. Throws AIRFLOW_CONFIG. */
  json(section: string, key: string): Readonly<Record<string, unknown>>;
  /** All of a section, each key in small letters. Throws as `text`. */
  section(name: string): Readonly<Record<string, string>>;
  /** What is set for a team of Airflow 3.2 or later, AIRFLOW__TEAM___SECTION__KEY and [team=section]: nothing of what is set for all. */
  ofTeam(name: string): AirflowConfig;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Runs a program and gives what it prints. */
export type RunProgram = (file: string, args: readonly string[], environment: Environment) => string;

/** Only these may come from a command or a secrets backend: section.key of those that Airflow calls sensitive and a worker asks for. */
const sensitive: ReadonlySet<string> = new Set([
  "api.secret_key",
  "api_auth.jwt_secret",
  "celery.broker_url",
  "celery.result_backend",
  "celery_broker_transport_options.sentinel_kwargs",
  "celery_result_backend_transport_options.sentinel_kwargs",
  "core.fernet_key",
  "core.internal_api_secret_key",
  "core.sql_alchemy_conn",
  "database.sql_alchemy_conn",
  "webserver.secret_key",
]);

/** Throws AIRFLOW_CONFIG for a file that cannot be read; what a value lacks is found when it is asked for. */
export function readAirflowConfig(environment: Environment, run: RunProgram = runProgram): AirflowConfig {
  const expand = (text: string) => expanded(text, environment);
  const home = expand(environment["AIRFLOW_HOME"] || "~/airflow");
  const path = expand(environment["AIRFLOW_CONFIG"] || join(home, "airflow.cfg"));
  const cfg = readCfg(path);
  return configOf({ environment, run, home, path, cfg, team: null });
}

interface Sources {
  readonly environment: Environment;
  readonly run: RunProgram;
  readonly home: string;
  readonly path: string;
  readonly cfg: CfgFile;
  /** whose values are read; null: those that are for all */
  readonly team: string | null;
}

function configOf(sources: Sources): AirflowConfig {
  const { environment, run, home, path, cfg, team } = sources;
  const expand = (text: string) => expanded(text, environment);
  const variableOf = (section: string, key: string) => variableName(team, section, key);
  const asked = new Map<string, string | null>();

  function text(section: string, key: string): string | null {
    const name = `${section}.${key}`;
    const known = asked.get(name);
    if (known !== undefined) return known;
    const value = lookUp(section, key) || null;
    asked.set(name, value);
    return value;
  }

  function lookUp(section: string, key: string): string | null {
    const variable = variableOf(section, key);
    const given = environment[variable];
    if (given !== undefined) return expand(given);
    const mayBeElsewhere = sensitive.has(`${section}.${key}`);
    if (mayBeElsewhere && environment[`${variable}_CMD`] !== undefined)
      return printedBy(`${variable}_CMD`, environment[`${variable}_CMD`]!);
    if (mayBeElsewhere && environment[`${variable}_SECRET`] !== undefined) return askedOfAirflow(section, key);
    const written = cfgValue(cfg, sectionOf(section), key);
    if (written !== null) return expand(written);
    // As in Airflow, a team's file names no commands and no secrets.
    if (!mayBeElsewhere || team !== null) return null;
    const command = cfgValue(cfg, section, `${key}_cmd`);
    if (command !== null) return printedBy(`[${section}] ${key}_cmd`, command);
    return cfgValue(cfg, section, `${key}_secret`) === null ? null : askedOfAirflow(section, key);
  }

  function sectionOf(section: string): string {
    return team === null ? section : `${team.toLowerCase()}=${section}`;
  }

  function printedBy(name: string, command: string): string {
    const [file, ...args] = commandWords(command);
    if (file === undefined) throw wrong(`${name} is empty: expected a command that prints the value`);
    return printed(name, file, args).trim();
  }

  /** Secrets backends are Python's; Airflow prints warnings in front of the value. */
  function askedOfAirflow(section: string, key: string): string {
    if (team !== null)
      throw wrong(`${variableOf(section, key)}_SECRET: Airflow's command tells no secrets of teams; name a command with …_CMD instead`);
    const lines = printed(`the secret of [${section}] ${key}`, "airflow", ["config", "get-value", section, key]).trim().split("\n");
    return lines.at(-1)!.trim();
  }

  function printed(name: string, file: string, args: readonly string[]): string {
    try {
      return run(file, args, environment);
    } catch (cause) {
      throw wrong(`${name} could not be had: ${reasonOf(cause)}`, cause);
    }
  }

  return {
    home,
    file: cfg.size === 0 ? null : path,
    text,
    flag(section, key, fallback) {
      const value = text(section, key);
      if (value === null) return fallback;
      const read = flagOf(value);
      if (read === undefined) throw wrong(`[${section}] ${key}: expected True or False, got ${JSON.stringify(value)}`);
      return read;
    },
    whole(section, key, fallback) {
      const value = text(section, key);
      if (value === null) return fallback;
      if (!/^[+-]?\d+$/.test(value.trim())) throw wrong(`[${section}] ${key}: expected a whole number, got ${JSON.stringify(value)}`);
      return Number(value);
    },
    json(section, key) {
      const value = text(section, key);
      return value === null ? {} : objectOf(value, `[${section}] ${key}`);
    },
    section(name) {
      const prefix = variableOf(name, "");
      const ofEnvironment = Object.keys(environment).flatMap((variable) =>
        variable.startsWith(prefix) ? [variable.slice(prefix.length).toLowerCase()] : [],
      );
      const keys = new Set([...(cfg.get(sectionOf(name))?.keys() ?? []), ...ofEnvironment].map((key) => withoutSource(name, key)));
      return Object.fromEntries([...keys].flatMap((key) => (text(name, key) === null ? [] : [[key, text(name, key)!]])));
    },
    ofTeam: (name) => configOf({ ...sources, team: name }),
  };
}

/** An object as JSON. Throws AIRFLOW_CONFIG; `name` is what errors call it. The text stays out of them: it may hold secrets. */
export function objectOf(text: string, name: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(`${name}: expected an object, written as JSON`);
  return value as Readonly<Record<string, unknown>>;
}

function wrong(message: string, cause?: unknown): ConfigError {
  return new ConfigError("AIRFLOW_CONFIG", message, cause === undefined ? {} : { cause });
}

function variableName(team: string | null, section: string, key: string): string {
  const ofTeam = team === null ? "" : `${team.toUpperCase()}___`;
  return `AIRFLOW__${ofTeam}${section.replaceAll(".", "_").toUpperCase()}__${key.toUpperCase()}`;
}

/** broker_url_cmd → broker_url, where that may come from a command. */
function withoutSource(section: string, key: string): string {
  const bare = key.replace(/_(?:cmd|secret)$/, "");
  return sensitive.has(`${section}.${bare}`) ? bare : key;
}

function flagOf(value: string): boolean | undefined {
  // Airflow allows a remark behind it.
  const word = value.split("#")[0]!.trim().toLowerCase();
  if (["t", "true", "1"].includes(word)) return true;
  return ["f", "false", "0"].includes(word) ? false : undefined;
}

/** As Airflow does it, until nothing changes any more: $NAME, ${NAME} and ~ at the beginning. */
function expanded(text: string, environment: Environment): string {
  let last = text;
  for (let turn = 0; turn < 20; turn++) {
    const next = last
      .replace(/\$(?:\{([^}]*)\}|(\w+))/g, (whole, braced: string | undefined, bare: string | undefined) => {
        return environment[braced ?? bare ?? ""] ?? whole;
      })
      .replace(/^~(?=\/|$)/, () => environment["HOME"] ?? homedir());
    if (next === last) break;
    last = next;
  }
  return last;
}

function readCfg(path: string): CfgFile {
  if (!existsSync(path)) return new Map();
  try {
    return parseCfg(readFileSync(path, "utf8"));
  } catch (cause) {
    throw wrong(`${path} cannot be read: ${reasonOf(cause)}`, cause);
  }
}

function runProgram(file: string, args: readonly string[], environment: Environment): string {
  return execFileSync(file, args, { encoding: "utf8", env: { ...environment }, stdio: ["ignore", "pipe", "inherit"] });
}
