/** The queues that one consumer consumes at present: those it was opened with and those added since, less those cancelled. */
import { randomUUID } from "node:crypto";
import { copyOf, type QueueDeclaration, type QueueTable } from "./queue-table.ts";

export class ConsumedQueues {
  readonly #table: QueueTable;
  /** name asked for → what is consumed for it */
  readonly #byName = new Map<string, QueueDeclaration>();
  #byQueue: ReadonlyMap<string, QueueDeclaration> = new Map();

  constructor(names: readonly string[], table: QueueTable) {
    this.#table = table;
    for (const name of names) this.add(table.declaration(name));
  }

  /** As they were asked for, in order. */
  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  /** What is consumed for each: of a broadcast a copy of its own. */
  get declarations(): readonly QueueDeclaration[] {
    return [...this.#byName.values()];
  }

  /** Of `declarations`. */
  get queues(): readonly string[] {
    return [...this.#byQueue.keys()];
  }

  /** By the name under which it is consumed. */
  consumes(queue: string): boolean {
    return this.#byQueue.has(queue);
  }

  /** Gives what is consumed from now on; null: it was already. */
  add(declaration: QueueDeclaration): QueueDeclaration | null {
    const { name, kind } = declaration;
    if (this.#byName.has(name)) return null;
    const consumed = kind === "broadcast" ? this.#table.declaration(copyOf(name, randomUUID())) : declaration;
    this.#byName.set(name, consumed);
    this.#changed();
    return consumed;
  }

  /** Gives what was consumed; null: nothing was. */
  remove(name: string): QueueDeclaration | null {
    const consumed = this.#byName.get(name) ?? null;
    this.#byName.delete(name);
    this.#changed();
    return consumed;
  }

  /** What the app knows of queues, and what was told of those that were added. */
  get table(): QueueTable {
    return { ...this.#table, declaration: (queue) => this.#byQueue.get(queue) ?? this.#table.declaration(queue) };
  }

  #changed(): void {
    this.#byQueue = new Map(this.declarations.map((declaration) => [declaration.name, declaration]));
  }
}
