/** What a task has to know to reach another system: Airflow's connection, whose fields it has. */

export interface Connection {
  readonly id: string;
  /** such as "postgres", "http" or "google_cloud_platform"; "generic" where nothing says it */
  readonly type: string;
  readonly host: string | null;
  readonly login: string | null;
  readonly password: string | null;
  /** 0 to 65,535 */
  readonly port: number | null;
  /** of a database its name; of HTTP the scheme */
  readonly schema: string | null;
  /** what its type has besides */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** Frozen, with Airflow's name of its type: `_` for `-`, and postgres for postgresql. */
export function connectionOf(
  id: string,
  given: { readonly [K in Exclude<keyof Connection, "id">]?: Connection[K] | undefined },
): Connection {
  const { type, host = null, login = null, password = null, port = null, schema = null, extra = {} } = given;
  return Object.freeze({ id, type: typeName(type), host, login, password, port, schema, extra: Object.freeze(extra) });
}

function typeName(type: string | undefined): string {
  if (type === undefined || type === "") return "generic";
  return type === "postgresql" ? "postgres" : type.replaceAll("-", "_");
}
