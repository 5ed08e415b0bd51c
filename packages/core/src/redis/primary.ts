/** Which server to connect to now: the one that the URL names or, behind sentinels, the one that they call the primary at this moment. */
import type { Timer } from "../clock.ts";
import type { ConnectionOptions } from "./connection.ts";
import { unanswered } from "./failure.ts";
import { openServer } from "./server-connection.ts";
import { type HostAddress, hostText, type RedisAddress, type RedisServer, type RedisTarget, type Sentinels, serverAt } from "./url.ts";

type AskOptions = Omit<ConnectionOptions, "name">;

/** When one sentinel has answered, the others are waited for no longer than this. */
const patienceMs = 200;

/**
 * Calls `open` with the server; whatever it opens is on that one. Behind sentinels it is called with each server that one of them takes for
 * the primary, until one is: those that most of them name come first. Rejects with the first failure.
 */
export async function atPrimary<T>(
  place: RedisAddress | Sentinels,
  target: RedisTarget,
  options: AskOptions,
  open: (server: RedisServer) => Promise<T>,
): Promise<T> {
  if (!("sentinels" in place)) return open(serverAt(place, target, "any"));
  const failures: unknown[] = [];
  for (const address of await namedPrimaries(place, options)) {
    try {
      return await open(serverAt(address, target, "primary"));
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0];
}

/** Without doubles, what most sentinels name first. Rejects when none names one. */
async function namedPrimaries(place: Sentinels, options: AskOptions): Promise<readonly HostAddress[]> {
  const { named, failures } = await askAll(place, options);
  if (named.length === 0)
    throw unanswered(`none of ${place.sentinels.length} sentinels tells where ${JSON.stringify(place.primary)} is`, failures);
  const votes = new Map<string, { readonly address: HostAddress; count: number }>();
  for (const address of named) {
    const vote = votes.get(hostText(address)) ?? { address, count: 0 };
    vote.count++;
    votes.set(hostText(address), vote);
  }
  return [...votes.values()].sort((left, right) => right.count - left.count).map(({ address }) => address);
}

interface Answers {
  readonly named: readonly HostAddress[];
  readonly failures: readonly unknown[];
}

/** All at once; resolves when all have answered or failed, or soon after the first answer. */
function askAll(place: Sentinels, options: AskOptions): Promise<Answers> {
  return new Promise((resolve) => {
    const named: HostAddress[] = [];
    const failures: unknown[] = [];
    let patience: Timer | null = null;
    const finish = () => {
      patience?.cancel();
      resolve({ named: [...named], failures });
    };
    const counted = () => {
      if (named.length + failures.length === place.sentinels.length) finish();
      else if (named.length > 0) patience ??= options.clock.after(patienceMs, finish);
    };
    for (const sentinel of place.sentinels) {
      ask(sentinel, place, options)
        .then(
          (address) => named.push(address),
          (error: unknown) => failures.push(error),
        )
        .then(counted);
    }
  });
}

async function ask(sentinel: HostAddress, { primary, credentialsOf, ...login }: Sentinels, options: AskOptions): Promise<HostAddress> {
  const credentials = credentialsOf?.(sentinel) ?? null;
  const server = { ...login, credentials, address: sentinel, db: 0, keyPrefix: "", role: "any" } as const;
  const connection = await openServer(server, { ...options, name: "celeriac:sentinel" });
  try {
    const answer = (await connection.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", primary)) as readonly [string, string] | null;
    if (answer === null) throw new Error(`the sentinel ${hostText(sentinel)} knows no ${JSON.stringify(primary)}`);
    return { host: answer[0], port: Number(answer[1]) };
  } finally {
    connection.close();
  }
}
