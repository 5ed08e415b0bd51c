/** RabbitMQ's management API, which tells more of queues than the broker does: asked where `broker_api` names it. */
import { CeleriacError, reasonOf } from "@celeriac/core/runtime";

/** A queue in RabbitMQ's words, as it is. */
export type ManagedQueue = Readonly<Record<string, unknown>> & { readonly name: string };

const patienceMs = 2_000;

/** Of the virtual host that `brokerUrl` names. Throws BROKER_REFUSED and BROKER_UNREACHABLE with what is wrong. */
export async function managedQueues(brokerApi: string, brokerUrl: string): Promise<readonly ManagedQueue[]> {
  const { href, authorization } = addressOf(brokerApi);
  const virtualHost = decodeURIComponent(new URL(brokerUrl).pathname.slice(1)) || "/";
  let response: Response;
  try {
    response = await fetch(`${href}/queues/${encodeURIComponent(virtualHost)}`, {
      headers: { accept: "application/json", ...(authorization === null ? {} : { authorization }) },
      signal: AbortSignal.timeout(patienceMs),
    });
  } catch (cause) {
    throw new CeleriacError("BROKER_UNREACHABLE", `The management API at ${href} does not answer: ${reasonOf(cause)}`, { cause });
  }
  if (!response.ok)
    throw new CeleriacError("BROKER_REFUSED", `The management API at ${href} answers ${response.status}: ${whyNot(response.status)}`);
  const queues: unknown = await response.json();
  return Array.isArray(queues) ? queues.filter((queue): queue is ManagedQueue => typeof queue?.name === "string") : [];
}

/** User and password go into a header: a URL with them cannot be fetched. */
function addressOf(brokerApi: string): { readonly href: string; readonly authorization: string | null } {
  const url = new URL(brokerApi);
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const authorization = url.username === "" ? null : `Basic ${Buffer.from(user).toString("base64")}`;
  url.username = "";
  url.password = "";
  return { href: url.href.replace(/\/+$/, ""), authorization };
}

function whyNot(status: number): string {
  if (status === 401) return "user or password are wrong, or the user may not use it";
  return status === 404 ? "there is no such virtual host, or the plugin is off" : "see RabbitMQ's log";
}
