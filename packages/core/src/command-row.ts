/** A command of remote control as its table describes it. */
import type { ArgumentRow } from "./command-argument.ts";

export interface RemoteCommandRow {
  /** inspect: only asks; control: changes something */
  readonly kind: "inspect" | "control";
  readonly doc: string;
  /** by their names on the wire, in the order of a command line */
  readonly args: Readonly<Record<string, ArgumentRow>>;
  /** Celery's other names of it */
  readonly aliases?: readonly string[];
  /** Celery has it, and here there is nothing to do: why, which is the answer */
  readonly notApplicable?: string;
  /** true: monitors send it every few seconds; the log tells of it where it changes something */
  readonly repeats?: true;
  /** false: is never answered, as in Celery */
  readonly answers?: false;
}
