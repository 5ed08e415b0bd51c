/** What a task throws that is no error of its own, but says how it ends. */

export type EndingKind = "skip" | "fail" | "retry";

export class TaskEnding extends Error {
  readonly kind: EndingKind;
  constructor(kind: EndingKind, reason: string) {
    super(reason);
    this.name = "TaskEnding";
    this.kind = kind;
  }
}
