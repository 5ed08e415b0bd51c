/** The tasks that were written last, so that what is heard of them next needs no reading: so many bytes of them at most. */
import type { TaskRecord } from "./task-record.ts";

/** characters of text */
export const mostRecent = 16_000_000;

export interface KeptTask {
  readonly id: number;
  readonly record: TaskRecord;
}

export class RecentTasks {
  readonly #tasks = new Map<string, KeptTask>();
  readonly #most: number;
  #size = 0;

  /** `most`: characters of text */
  constructor(most: number) {
    this.#most = most;
  }

  get(uuid: string): KeptTask | undefined {
    return this.#tasks.get(uuid);
  }

  set(task: KeptTask): void {
    this.#forget(task.record.uuid);
    this.#tasks.set(task.record.uuid, task);
    this.#size += sizeOf(task.record);
    while (this.#size > this.#most) this.#forget(this.#tasks.keys().next().value as string);
  }

  clear(): void {
    this.#tasks.clear();
    this.#size = 0;
  }

  #forget(uuid: string): void {
    const known = this.#tasks.get(uuid);
    if (known === undefined) return;
    this.#tasks.delete(uuid);
    this.#size -= sizeOf(known.record);
  }
}

/** about as many bytes as it takes */
export function sizeOf({ args, kwargs, result, exception, traceback }: TaskRecord): number {
  const texts = [args, kwargs, result, exception, traceback];
  return 500 + texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
}
