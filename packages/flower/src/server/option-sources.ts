/** Where options come from, as in Flower: a flag wins over the file, the file over the environment, and that over the default. For the command. */
import { ConfigError, camelCase, environmentSettings, type Logger, shownValue, unknownName } from "@celeriac/core/runtime";
import { readConfigFile } from "./config-file.ts";
import { variableOf } from "./option-kinds.ts";
import { type MonitorOptions, monitorOptionTable } from "./options.ts";

export interface OptionSources {
  /** Of the command line; what it does not say is undefined. */
  readonly flags: MonitorOptions;
  /** in which a file that is not named is looked for */
  readonly folder: string;
  readonly logger: Logger;
}

type Given = Readonly<Record<string, unknown>>;
const table: Readonly<Record<string, (typeof monitorOptionTable)[keyof typeof monitorOptionTable]>> = monitorOptionTable;

/** Throws CONFIG_UNKNOWN, CONFIG_INVALID and CONFIG_FILE, naming the flag, the key of the file or the variable. */
export async function readMonitorOptions({ flags, folder, logger }: OptionSources): Promise<MonitorOptions> {
  const said = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const environment = fromEnvironment(logger);
  const { conf = environment["conf"] } = said;
  const file = await readConfigFile(typeof conf === "string" ? conf : null, folder);
  return { ...environment, ...(file === null ? {} : named(file.options, file.path)), ...said };
}

function fromEnvironment(logger: Logger): Given {
  const found: Record<string, string> = environmentSettings(table);
  // Kubernetes tells each container of a service called "flower" where that is, under this name.
  if (found["port"] !== undefined && /^\w+:\/\//.test(found["port"])) {
    logger.warn("FLOWER_PORT is no port, and is passed over", { value: found["port"] });
    delete found["port"];
  }
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, checked(name, value, variableOf(name))]));
}

/** In a file a name may be written either way. */
function named(options: Given, path: string): Given {
  return Object.fromEntries(
    Object.entries(options).map(([written, value]) => {
      const name = camelCase(written);
      if (!Object.hasOwn(table, name)) throw unknownName(`option in ${path}`, written, Object.keys(table));
      return [name, checked(name, value, `${path}: ${written}`)];
    }),
  );
}

function checked(name: string, value: unknown, source: string): unknown {
  const row = table[name]!;
  const read = row.read(value);
  if (read !== undefined) return read;
  const came = row.secret ? "a value that cannot be used" : shownValue(value);
  throw new ConfigError("CONFIG_INVALID", `${source}: expected ${row.kind}, got ${came}`);
}
