/** Arguments between the caller's form and the function's: schemas and Python's keyword arguments. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { CeleriacError } from "./errors.ts";
import type { TaskDefinition } from "./registry.ts";

interface Arguments {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** A schema that checks nothing at run time: `input: shape<{ to: string }>()`. */
export function shape<T>(): StandardSchemaV1<T, T> {
  return { "~standard": { version: 1, vendor: "celeriac", validate: (value) => ({ value: value as T }) } };
}

/** For the wire: the one object of a schema task travels as kwargs, checked but untransformed. Throws TASK_INPUT. */
export async function toWire(definition: TaskDefinition, given: Arguments): Promise<Arguments> {
  if (definition.input === null) return given;
  const input = inputOf(definition, given);
  await validate(definition.name, definition.input, input);
  return { args: [], kwargs: input };
}

/** For the function: positional arguments in its own order; a schema's output. Throws or rejects with TASK_INPUT for keyword arguments that bind to nothing. A promise only where a schema is asked. */
export function fromWire(definition: TaskDefinition, given: Arguments): readonly unknown[] | Promise<readonly unknown[]> {
  if (definition.input === null) return bindKeywords(definition, given);
  return validate(definition.name, definition.input, inputOf(definition, given)).then((input) => [input]);
}

/** One positional object (a parent's result) or kwargs; both merge, kwargs win. */
function inputOf(definition: TaskDefinition, { args, kwargs }: Arguments): Record<string, unknown> {
  if (args.length === 0) return { ...kwargs };
  const [first] = args;
  if (args.length === 1 && typeof first === "object" && first !== null && !Array.isArray(first)) return { ...first, ...kwargs };
  throw new CeleriacError("TASK_INPUT", `Task ${definition.name} takes one object, got ${args.length} positional arguments`);
}

async function validate(task: string, schema: StandardSchemaV1, input: unknown): Promise<unknown> {
  const checked = await schema["~standard"].validate(input);
  if (checked.issues === undefined) return checked.value;
  const problems = checked.issues.map(({ path, message }) => `${pathText(path)}${message}`).join("; ");
  throw new CeleriacError("TASK_INPUT", `Input of task ${task} is not valid: ${problems}`);
}

function pathText(path: StandardSchemaV1.Issue["path"]): string {
  if (path === undefined || path.length === 0) return "";
  return `${path.map((part) => String(typeof part === "object" ? part.key : part)).join(".")}: `;
}

function bindKeywords(definition: TaskDefinition, { args, kwargs }: Arguments): readonly unknown[] {
  const names = Object.keys(kwargs);
  if (names.length === 0) return args;
  const params = definition.options.params as readonly string[] | undefined;
  if (params === undefined)
    throw new CeleriacError("TASK_INPUT", `Task ${definition.name} got keyword arguments (${names.join(", ")}) but names no params`);
  const bound = [...args];
  for (const name of names) {
    const position = params.indexOf(name);
    if (position < 0)
      throw new CeleriacError(
        "TASK_INPUT",
        `Task ${definition.name} got an unexpected keyword argument ${JSON.stringify(name)}; it has ${params.join(", ")}`,
      );
    if (position < args.length) throw new CeleriacError("TASK_INPUT", `Task ${definition.name} got two values for ${JSON.stringify(name)}`);
    bound[position] = kwargs[name];
  }
  return bound;
}
