/** What narrows the list beside search and states: name, worker, queue, a range of time. */
import { useId, useState } from "react";
import { narrowings, type TaskFilter } from "../../api/task-filter.ts";
import { Icon } from "../../parts/icon.tsx";

interface FiltersProps {
  readonly filter: TaskFilter;
  onChange(part: Partial<TaskFilter>): void;
}

const fields = [
  ["name", "Name", "tasks.add"],
  ["worker", "Worker", "worker@host"],
  ["queue", "Queue", "celery"],
] as const;

const noFilters = { name: undefined, worker: undefined, queue: undefined, from: undefined, to: undefined };

export function Filters({ filter, onChange }: FiltersProps) {
  const narrowed = narrowings(filter);
  const [isOpen, setIsOpen] = useState(narrowed > 0);
  const id = useId();
  return (
    <>
      <button
        type="button"
        className={`button${narrowed > 0 ? " on" : ""}`}
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setIsOpen(!isOpen)}
      >
        <Icon name="filter" />
        Filter{narrowed > 0 && ` (${narrowed})`}
      </button>
      <form
        id={id}
        className="filters"
        hidden={!isOpen}
        aria-label="Filter"
        onSubmit={(event) => {
          event.preventDefault();
          const typed = new FormData(event.currentTarget);
          const text = (name: string) => String(typed.get(name) ?? "").trim() || undefined;
          onChange({
            name: text("name"),
            worker: text("worker"),
            queue: text("queue"),
            from: secondsOf(text("from")),
            to: secondsOf(text("to")),
          });
        }}
      >
        {fields.map(([name, title, example]) => (
          <label key={name} className="field-label">
            {title}
            <input
              className="field"
              name={name}
              placeholder={example}
              defaultValue={filter[name]}
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
            />
          </label>
        ))}
        <label className="field-label">
          From
          <input className="field" type="datetime-local" step={1} name="from" defaultValue={localOf(filter.from)} />
        </label>
        <label className="field-label">
          To
          <input className="field" type="datetime-local" step={1} name="to" defaultValue={localOf(filter.to)} />
        </label>
        <div className="field-buttons">
          <button type="submit" className="button first">
            Apply
          </button>
          {narrowed > 0 && (
            <button type="button" className="button" onClick={() => onChange(noFilters)}>
              Clear
            </button>
          )}
        </div>
      </form>
    </>
  );
}

/** A field for times knows no zone: it is the browser's. */
function secondsOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Math.floor(new Date(text).getTime() / 1000);
}

function localOf(at: number | undefined): string | undefined {
  if (at === undefined) return undefined;
  const date = new Date(at * 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
