/** Flower's search, with what it understands at hand. */
import { useState } from "react";
import { Icon } from "../../parts/icon.tsx";
import { SearchField } from "../../parts/search-field.tsx";

const grammar = [
  ["report", "in any text of a task"],
  ['"connection refused"', "these words in this order"],
  ["name:  worker:  queue:  uuid:", "a piece of one field, three letters or more"],
  ["args:  result:  exception:", "a piece of what went in or came out"],
  ["kwargs:user=42", "a keyword argument with this value"],
  ["state:FAILURE", "exactly this state"],
  ["one two  ·  one OR two", "both  ·  either"],
  ["-name:cleanup", "without"],
  ["(a OR b) state:RETRY", "grouped"],
] as const;

interface TaskSearchProps {
  readonly value: string;
  readonly error: string | null;
  onChange(value: string): void;
}

export function TaskSearch({ value, error, onChange }: TaskSearchProps) {
  const [isHelping, setIsHelping] = useState(false);
  return (
    <div className="task-search">
      <SearchField
        label="Search tasks"
        placeholder="Search tasks: words, or state:FAILURE name:report"
        value={value}
        error={error}
        pause={0.35}
        onChange={onChange}
      />
      <button
        type="button"
        className="button plain square"
        aria-expanded={isHelping}
        aria-label="What the search understands"
        title="What the search understands"
        onClick={() => setIsHelping(!isHelping)}
      >
        <Icon name="help" />
      </button>
      {isHelping && (
        <dl className="pairs panel search-help">
          {grammar.map(([text, meaning]) => (
            <div key={text}>
              <dt className="mono">{text}</dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
