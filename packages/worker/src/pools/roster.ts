/** Who belongs to a fleet of executors: all that live, which of them take ordinary runs for good, and which are to go first. */
import type { Lane } from "./lane.ts";

export class Roster {
  /** all that live, those for suspects included */
  readonly lanes = new Set<Lane>();
  /** They end when what they run has ended, and are not replaced. */
  readonly #leaving = new Set<Lane>();
  /** how many restarts there had been when it was opened */
  readonly #generations = new WeakMap<Lane, number>();
  #generation = 0;
  /** opened to follow another: no member until that one goes */
  incoming: Lane | null = null;

  /** How many take ordinary runs, or soon will. */
  get size(): number {
    let size = 0;
    for (const lane of this.lanes) if (this.isMember(lane)) size++;
    return size;
  }

  /** Some were opened before the last restart. */
  get hasOld(): boolean {
    return this.#members().some((lane) => this.#age(lane) > 0);
  }

  isMember(lane: Lane): boolean {
    return !lane.isForSuspects && lane !== this.incoming && !this.#leaving.has(lane);
  }

  add(lane: Lane): void {
    this.lanes.add(lane);
    this.#generations.set(lane, this.#generation);
  }

  remove(lane: Lane): void {
    this.lanes.delete(lane);
    this.#leaving.delete(lane);
  }

  /** All that are here are old from now on. */
  restart(): void {
    this.#generation++;
  }

  /** Of the oldest members the one that is missed least: it is none any more. Throws where there is none. */
  letGo(): Lane {
    const [lane] = this.#members().sort((a, b) => this.#age(b) - this.#age(a) || leastMissed(a, b));
    if (lane === undefined) throw new Error("A fleet without members lets none go");
    this.#leaving.add(lane);
    return lane;
  }

  #members(): Lane[] {
    return [...this.lanes].filter((lane) => this.isMember(lane));
  }

  /** restarts since it was opened */
  #age(lane: Lane): number {
    return this.#generation - (this.#generations.get(lane) ?? 0);
  }
}

/** Those that are not ready yet are missed least, then those with the least work. */
function leastMissed(a: Lane, b: Lane): number {
  return Number(b.state === "starting") - Number(a.state === "starting") || a.held.workMs - b.held.workMs;
}
