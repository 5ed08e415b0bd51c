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

/** It is not over yet: this try goes on with a new beginning. */
export class TaskPutOff extends Error {
  readonly until: Date;
  constructor(until: Date) {
    super(`put off until ${until.toISOString()}`);
    this.name = "TaskPutOff";
    this.until = until;
  }
}
