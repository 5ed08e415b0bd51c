/** Holds the queues and exchanges of a virtual host against the key table. */
import { readKeyTable } from "./key-table.ts";
import type { RabbitmqNode } from "./rabbitmq-server.ts";

export interface RabbitmqAudit {
  /** what breaks the table, in words */
  readonly problems: readonly string[];
  /** pattern of queues → how many it names */
  readonly queues: ReadonlyMap<string, number>;
}

interface Listed {
  readonly name: string;
  readonly arguments: readonly (readonly [name: string, type: string, value: unknown])[];
}

export async function auditRabbitmq(node: RabbitmqNode, vhost: string, queues: readonly string[]): Promise<RabbitmqAudit> {
  const table = readKeyTable("RabbitMQ", queues);
  const problems: string[] = [];
  const counts = new Map<string, number>();
  const list = async (what: string) =>
    JSON.parse(await node.ctl(what, "-p", vhost, "--formatter", "json", "name", "arguments")) as readonly Listed[];
  const ofTheServer = /^(?:|amq\..*)$/;

  const found = [
    ...(await list("list_queues")).map((listed) => ({ type: "queue", ...listed })),
    ...(await list("list_exchanges")).filter(({ name }) => !ofTheServer.test(name)).map((listed) => ({ type: "exchange", ...listed })),
  ];
  for (const { type, name, arguments: given } of found) {
    const [match, ...others] = table.matches(name).filter(({ row }) => row.type === type);
    if (match === undefined || others.length > 0) {
      problems.push(`${type} ${name} is named by ${match === undefined ? "no row" : `${1 + others.length} rows`}`);
      continue;
    }
    const { pattern, ttlMs } = match.row;
    if (type === "queue") counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
    const expires = given.find(([argument]) => argument === "x-expires")?.[2];
    if (ttlMs === null ? expires !== undefined : !(Number(expires) <= ttlMs)) {
      problems.push(`${type} ${name} expires ${String(expires)} ms after its last use, the table says ${ttlMs}`);
    }
  }
  return { problems, queues: counts };
}
