/**
 * The names of all keys and channels the Redis broker uses. A queue is up to four lists, one for each of kombu's priority steps; what belongs to a
 * list carries the list's hash tag, so that on a cluster it lies beside it.
 */

/** What kombu puts between the parts of a list's name and of a binding. */
export const separator = "\u0006\u0016";

/** kombu's priority steps on the wire, where 0 is served first. */
export const prioritySteps = [0, 3, 6, 9] as const;

/** The list of a queue for one step. */
export function listOf(queue: string, step: number): string {
  return step === 0 ? queue : `${queue}${separator}${step}`;
}

/** All lists of a queue, first served first. */
export function listsOf(queue: string): readonly string[] {
  return prioritySteps.map((step) => listOf(queue, step));
}

/** The queue of a list, also of one that this process does not consume. */
export function queueOfList(list: string): string {
  const step = prioritySteps.find((each) => each > 0 && list.endsWith(`${separator}${each}`));
  return step === undefined ? list : list.slice(0, -`${separator}${step}`.length);
}

/** The step of a wire priority: the largest that is not above it. */
export function stepOf(wirePriority: number): number {
  let step = 0;
  for (const each of prioritySteps) if (each <= wirePriority) step = each;
  return step;
}

/** What the keys beside a list begin with. A list that has a hash tag of its own keeps it; the colon more keeps `{q}` apart from `q`. */
function beside(list: string): string {
  return /\{[^}]+\}/.test(list) ? `${list}:` : `{${list}}`;
}

/** Hash: what one incarnation has claimed of one list. `@` → number of its session while it may claim, n → raw message, `b:<n>` → its run has begun. */
export function claimsKey(list: string, incarnation: string): string {
  return `${beside(list)}:c:${incarnation}`;
}

/** The field that stands in a claim hash while its incarnation may claim. */
export const sentinelField = "@";

/** Zset: tag of a parked message → due, epoch ms. */
export function delayKey(list: string): string {
  return `${beside(list)}:delay`;
}

/** Never there: it is touched when something is parked that is due before all else, which is what whoever moves messages has to hear of. */
export function firstDueKey(list: string): string {
  return `${delayKey(list)}:first`;
}

/** Hash: tag of a parked message → message, on a cluster, where kombu's hash for it lies elsewhere. */
export function delayedKey(list: string): string {
  return `${beside(list)}:delayed`;
}

/** String with a time to live: a guarded publication of this tag was taken. */
export function publishedKey(list: string, tag: string): string {
  return `${beside(list)}:pub:${tag}`;
}

/** kombu's: bodies of parked messages, and of those Python workers hold. */
export const unackedKey = "unacked";
/** kombu's: when Python restores them, counted from this instant (epoch seconds) on. */
export const unackedIndexKey = "unacked_index";

export const pulsesKey = "{celeriac}:pulses";
export const deadKey = "{celeriac}:dead";
export const sweeperKey = "{celeriac}:sweeper";
/** Set: queues out of which nothing is taken. */
export const pausedKey = "{celeriac}:paused";
export const layoutKey = "{celeriac}:layout";

/** Set: the lists of which an incarnation may have claims. */
export function registeredListsKey(incarnation: string): string {
  return `{celeriac}:lists:${incarnation}`;
}

/** The channel on which kombu tells what is published to a fanout exchange. */
export function fanoutChannel(db: number, exchange: string, routingKey: string): string {
  return `/${db}.${exchange}${routingKey === "" ? "" : `/${routingKey}`}`;
}
