/** What composition looks at: a step that takes something and gives something, and how a signature is written on the wire. */

export declare const takes: unique symbol;
declare const gives: unique symbol;
/** All that composition looks at: the arguments still missing (a parent's result is prepended) and what comes out. */
export interface Step<in Takes, out Gives> {
  readonly [takes]: (missing: Takes) => void;
  readonly [gives]: Gives;
}

export interface FailureInfo {
  readonly type: string;
  readonly message: string;
  readonly traceback: string | null;
}
/** An error callback gets the failed task's id; our workers add what went wrong, a Python worker does not. */
export type Errback = Step<[taskId: string, failure?: FailureInfo], unknown> | Step<[taskId: string], unknown>;

/** Celery's signature on the wire. Members besides `task` may be missing in what others write. */
export interface SignatureJson {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly subtask_type: string | null;
  readonly immutable: boolean;
}

/** A complete call by name. */
export function callStep(task: string, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): Step<[], unknown> {
  const json: SignatureJson = { task, args, kwargs, options: {}, subtask_type: null, immutable: true };
  // The two phantom members exist in types only.
  return { toJSON: () => json } as unknown as Step<[], unknown>;
}

/** The dictionary of anything composable. */
export function stepJson(step: unknown): SignatureJson {
  return (step as { toJSON(): SignatureJson }).toJSON();
}

/** The dictionaries of one or several steps; null for none. */
export function stepsJson(steps: unknown): readonly SignatureJson[] | null {
  if (steps === undefined) return null;
  return (Array.isArray(steps) ? steps : [steps]).map(stepJson);
}
