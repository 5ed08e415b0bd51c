/** The tasks of an app as a test wants them: some with another body, some that fail or end their executor the next few times. */
import { type AnyTask, CeleriacError } from "@celeriac/core";
import type { Registry, TaskCode, TaskDefinition } from "@celeriac/core/runtime";

// biome-ignore lint/suspicious/noExplicitAny: a stub takes what its task takes
type Body = (...args: any[]) => unknown;

export interface StagedTasks {
  /** looks up the app's tasks as the test wants them */
  readonly registry: Registry;
  stub(task: AnyTask, body: Body): void;
  fail(task: AnyTask, error: Error, times: number): void;
  crash(task: AnyTask, times: number): void;
  /** true: this run of it ends its executor */
  takesCrash(task: string): boolean;
}

interface Fault {
  readonly error: Error;
  timesLeft: number;
}

export function createStagedTasks(own: Registry): StagedTasks {
  const stubs = new Map<string, Body>();
  const failures = new Map<string, Fault[]>();
  const crashes = new Map<string, number>();

  /** Throws TASK_NOT_REGISTERED. */
  function require({ name }: AnyTask): string {
    if (own.get(name) === undefined)
      throw new CeleriacError("TASK_NOT_REGISTERED", `Task ${name} is not known to the app under test: declare it there, or test its app`);
    return name;
  }

  function codeOf({ name, code }: TaskDefinition): TaskCode {
    const body = stubs.get(name);
    const staged: TaskCode = body === undefined ? code : { kind: "plain", run: body };
    if (!failures.has(name)) return staged;
    const run: Body = staged.kind === "declared" ? () => {} : staged.run;
    const failing: Body = (...args) => {
      throwNext(name);
      return run(...args);
    };
    return { kind: staged.kind === "declared" ? "plain" : staged.kind, run: failing };
  }

  function throwNext(name: string): void {
    const fault = failures.get(name)?.find(({ timesLeft }) => timesLeft > 0);
    if (fault === undefined) return;
    fault.timesLeft--;
    throw fault.error;
  }

  function get(name: string): TaskDefinition | undefined {
    const definition = own.get(name);
    if (definition === undefined || !(stubs.has(name) || failures.has(name) || crashes.has(name))) return definition;
    return { ...definition, code: codeOf(definition) };
  }

  const definitions = () => own.definitions().map(({ name }) => get(name)!);
  return {
    registry: {
      add: (definition) => own.add(definition),
      addBuiltIn: (definition) => own.addBuiltIn(definition),
      get,
      definitions,
      runnable: () => definitions().flatMap(({ name, code }) => (code.kind === "declared" ? [] : [name])),
    },
    stub: (task, body) => void stubs.set(require(task), body),
    fail(task, error, times) {
      const name = require(task);
      failures.set(name, [...(failures.get(name) ?? []), { error, timesLeft: times }]);
    },
    crash: (task, times) => void crashes.set(require(task), times),
    takesCrash(task) {
      const left = crashes.get(task) ?? 0;
      crashes.set(task, left - 1);
      return left > 0;
    },
  };
}
