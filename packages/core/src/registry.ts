/** The tasks of an app by name: what a worker looks up and a sender takes defaults from. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { TaskContext } from "./context.ts";
import { CeleriacError } from "./errors.ts";
import type { TaskOptions } from "./task-options.ts";

// biome-ignore lint/suspicious/noExplicitAny: the arguments of a task are known to its own types only
type Body = (...args: any[]) => unknown;

/** The code of a task, by how it is called. */
export type TaskCode =
  | { readonly kind: "declared" }
  | { readonly kind: "plain"; readonly run: Body }
  /** gets the context first */
  | { readonly kind: "bound"; readonly run: (self: TaskContext, ...args: unknown[]) => unknown }
  | { readonly kind: "builtIn"; readonly run: BuiltInRun };

/** Gets its arguments as they came. */
export type BuiltInRun = (self: TaskContext, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>) => unknown;

export interface TaskDefinition {
  readonly name: string;
  readonly options: TaskOptions<readonly unknown[]>;
  readonly input: StandardSchemaV1 | null;
  readonly code: TaskCode;
  /** URL of the module that defined it; null when unknown */
  readonly module: string | null;
}

export interface Registry {
  /** A second definition from the same module, or code for a declaration, replaces. Throws TASK_DUPLICATE otherwise, TASK_DEFINITION for a bad name. */
  add(definition: TaskDefinition): void;
  /** A task that everybody knows: `get` finds it unless the app has one of that name, and no list has it. */
  addBuiltIn(definition: TaskDefinition): void;
  get(name: string): TaskDefinition | undefined;
  /** all of them, declared ones included */
  definitions(): readonly TaskDefinition[];
  /** names of the tasks whose code is here */
  runnable(): readonly string[];
}

export function createRegistry(): Registry {
  const definitions = new Map<string, TaskDefinition>();
  const builtIn = new Map<string, TaskDefinition>();
  return {
    addBuiltIn: (definition) => void builtIn.set(definition.name, definition),
    add(definition) {
      const { name } = definition;
      if (typeof name !== "string" || name.trim() === "")
        throw new CeleriacError("TASK_DEFINITION", `A task's name must be a text, got ${JSON.stringify(name)}`);
      const earlier = definitions.get(name);
      if (earlier !== undefined && earlier.code.kind !== "declared") {
        if (definition.code.kind === "declared") return;
        if (earlier.module !== definition.module) {
          throw new CeleriacError(
            "TASK_DUPLICATE",
            `Task ${JSON.stringify(name)} is defined in ${definition.module ?? "an unknown module"} and in ${earlier.module ?? "an unknown module"}`,
          );
        }
      }
      definitions.set(name, definition);
    },
    get: (name) => definitions.get(name) ?? builtIn.get(name),
    definitions: () => [...definitions.values()],
    runnable: () => [...definitions.values()].filter(({ code }) => code.kind !== "declared").map(({ name }) => name),
  };
}

/** Calls a task's function. `kwargs` where they did not become arguments. */
export function runCode(
  code: TaskCode,
  self: TaskContext,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>> = {},
): unknown {
  switch (code.kind) {
    case "plain":
      return code.run(...args);
    case "bound":
      return code.run(self, ...args);
    case "builtIn":
      return code.run(self, args, kwargs);
    case "declared":
      return undefined;
  }
}
