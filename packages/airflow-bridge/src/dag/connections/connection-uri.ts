/** Airflow's URI of a connection: `conn-type://login:password@host:port/schema?extra=…`, every part percent-encoded. */
import { type Connection, connectionOf } from "./connection.ts";
import { type Extra, readExtra } from "./extra.ts";

const parts = /^([a-z][\w+.-]*):\/\/(?:([a-z][\w+.-]*):\/\/)?([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?/i;
const authority = /^(?:(.*)@)?(\[[^\]]*\]|[^:@]*)(?::(\d*))?$/;
/** All of extra as one JSON object, where a query cannot say it. */
const extraKey = "__extra__";

/** As Airflow 3 reads it (`Connection.from_uri`); a part that is empty is null. A text: what is wrong with it, without any of it. */
export function readConnectionUri(id: string, text: string): Connection | string {
  const [, type, protocol, place = "", path = "", query = ""] = parts.exec(text.trim()) ?? [];
  if (type === undefined) return 'it is neither a URI, as "postgres://login@host:5432/schema", nor a JSON object';
  const [, user, host = "", port = ""] = authority.exec(place) ?? [];
  if (!authority.test(place) || path.includes("://") || (place.endsWith(":") && path.startsWith("//")))
    return "its login, password, host and port cannot be told apart: signs in them such as / : # ? are percent-encoded, %2F for /";
  if (Number(port) > 65_535) return "its port is above 65535";
  const [login = "", ...rest] = (user ?? "").split(":");
  const extra = extraOf(query);
  if (typeof extra === "string") return extra;
  return connectionOf(id, {
    type: type.toLowerCase(),
    host: hostOf(protocol, host),
    login: decoded(login),
    password: decoded(rest.join(":")),
    port: port === "" ? null : Number(port),
    schema: decoded(path.slice(1)),
    extra,
  });
}

function hostOf(protocol: string | undefined, quoted: string): string | null {
  const host = decoded(quoted.replace(/^\[(.*)\]$/, "$1"));
  if (host === null) return null;
  // Names are written small, as Airflow does it, but for paths of sockets.
  const name = host.includes("/") ? host : host.toLowerCase();
  return protocol === undefined ? name : `${protocol.toLowerCase()}://${name}`;
}

function extraOf(query: string): Extra | string {
  const given = Object.fromEntries(new URLSearchParams(query));
  const whole = given[extraKey];
  return whole === undefined ? given : readExtra(whole);
}

/** What is no percent-encoding stays as it is. "": null */
function decoded(text: string): string | null {
  const plain = text.replace(/(?:%[\da-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll("%", ""), "hex").toString("utf8"));
  return plain === "" ? null : plain;
}
