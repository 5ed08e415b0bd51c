/** Which queues an exchange of the file feeds. Every writing function runs inside the caller's transaction. */
import { type ExchangeBinding, ledQueues, refuseOtherType } from "../exchange.ts";
import type { Connection } from "./connection.ts";

export interface BindingTable {
  /** `inc`: for as long as that incarnation lives. Bound before: nothing changes. Throws BROKER_REFUSED when the exchange is there with another type. */
  add(binding: ExchangeBinding, inc?: number): void;
  /** Ends what binds a queue for as long as an incarnation lives. */
  drop(queue: string): void;
  /** The queues that get a message, each once. Throws PUBLISH_UNROUTABLE. */
  lead(exchange: string, routingKey: string): readonly string[];
  all(): readonly ExchangeBinding[];
}

export function openBindingTable(connection: Connection): BindingTable {
  const insert = connection.query("insert or ignore into binding (exchange, type, routing_key, queue, inc) values (?, ?, ?, ?, ?)");
  const drop = connection.query("delete from binding where queue = ? and inc is not null");
  const of = connection.query("select type, routing_key, queue from binding where exchange = ? order by routing_key, queue");
  const all = connection.query("select exchange, type, routing_key, queue from binding order by exchange, routing_key, queue");
  const bound = (exchange: string) =>
    of.all([exchange]).map(([type, routingKey, queue]) => ({ exchange, type, routingKey, queue }) as ExchangeBinding);
  return {
    add(binding, inc) {
      const { exchange, type, routingKey, queue } = binding;
      refuseOtherType(binding, bound(exchange));
      insert.run([exchange, type, routingKey, queue, inc ?? null]);
    },
    drop: (queue) => void drop.run([queue]),
    all: () => all.all([]).map(([exchange, type, routingKey, queue]) => ({ exchange, type, routingKey, queue }) as ExchangeBinding),
    lead: (exchange, routingKey) => ledQueues(bound(exchange), exchange, routingKey),
  };
}
