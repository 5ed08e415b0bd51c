/** Whether a task fits a search: the last word where a database cannot say it as Flower does. Pure. */
import type { TaskRecord } from "../history/task-record.ts";
import type { SearchExpression, SearchField } from "./expression.ts";
import { dictPairs } from "./python-dict.ts";

/** What a bare word is looked for in. */
export const anyFields: readonly SearchField[] = ["uuid", "name", "state", "worker", "args", "kwargs", "result"];

export function matches(expression: SearchExpression, task: TaskRecord): boolean {
  switch (expression.kind) {
    case "and":
      return expression.of.every((each) => matches(each, task));
    case "or":
      return expression.of.some((each) => matches(each, task));
    case "not":
      return !matches(expression.of, task);
    case "is":
      return folded(task[expression.field]) === folded(expression.text);
    case "text": {
      const text = folded(expression.text);
      const fields = expression.field === "any" ? anyFields : [expression.field];
      return fields.some((field) => folded(task[field]).includes(text));
    }
    case "pair":
      return hasPair(task.kwargs, folded(expression.key), folded(expression.value));
  }
}

function hasPair(kwargs: string | null, key: string, value: string): boolean {
  for (const [name, shown] of dictPairs(kwargs ?? "") ?? []) if (folded(name) === key && folded(shown) === value) return true;
  return false;
}

function folded(text: string | null): string {
  return (text ?? "").toLowerCase();
}
