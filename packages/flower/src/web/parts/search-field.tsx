/** A field to search in. "/" leads to it; Escape empties it, then leaves it. */
import { type ReactNode, useEffect, useId, useState } from "react";
import { after } from "../clock.ts";
import { Icon } from "./icon.tsx";

interface SearchFieldProps {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  /** what is wrong with it; null: nothing */
  readonly error?: string | null;
  /** to suggest while one types */
  readonly suggestions?: readonly string[];
  /** seconds of quiet after which it is used */
  readonly pause?: number;
  readonly children?: ReactNode;
  onChange(value: string): void;
}

export function SearchField({
  label,
  placeholder,
  value,
  error = null,
  suggestions = [],
  pause = 0,
  children,
  onChange,
}: SearchFieldProps) {
  const [typed, setTyped] = useState(value);
  const [told, setTold] = useState(value);
  const ids = { error: useId(), list: useId() };
  // Somebody went to another address: the field follows.
  if (value !== told) {
    setTold(value);
    setTyped(value);
  }
  const use = (text: string) => {
    setTold(text);
    onChange(text);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is typed starts the wait
  useEffect(() => (typed === told ? undefined : after(pause, () => use(typed))), [typed]);
  return (
    <div className="search">
      <Icon name="search" />
      <input
        type="search"
        className="field"
        aria-label={label}
        aria-invalid={error !== null}
        aria-describedby={error === null ? undefined : ids.error}
        placeholder={placeholder}
        value={typed}
        list={suggestions.length === 0 ? undefined : ids.list}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") use(typed);
          if (event.key !== "Escape") return;
          event.preventDefault();
          if (typed === "") event.currentTarget.blur();
          setTyped("");
        }}
      />
      {typed === "" && <kbd>/</kbd>}
      {suggestions.length > 0 && (
        <datalist id={ids.list}>
          {suggestions.map((suggestion) => (
            <option key={suggestion} value={suggestion} />
          ))}
        </datalist>
      )}
      {error !== null && (
        <p id={ids.error} className="search-error" role="alert">
          {error}
        </p>
      )}
      {children}
    </div>
  );
}
