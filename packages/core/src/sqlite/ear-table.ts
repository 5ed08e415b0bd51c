/** Who listens to which exchange: a row for each incarnation and exchange, gone with the incarnation. Every writing function runs inside the caller's transaction. */
import type { Connection } from "./connection.ts";

export interface EarTable {
  /** Harmless when it is there. */
  add(inc: number, exchange: string): void;
  remove(inc: number, exchange: string): void;
  /** incarnations, of any process */
  listeners(exchange: string): readonly number[];
}

export function openEarTable(connection: Connection): EarTable {
  const insert = connection.query("insert or ignore into ear (exchange, inc) values (?, ?)");
  const remove = connection.query("delete from ear where exchange = ? and inc = ?");
  const listeners = connection.query("select inc from ear where exchange = ?");
  return {
    add: (inc, exchange) => void insert.run([exchange, inc]),
    remove: (inc, exchange) => void remove.run([exchange, inc]),
    listeners: (exchange) => listeners.all([exchange]).map(([inc]) => inc as number),
  };
}
