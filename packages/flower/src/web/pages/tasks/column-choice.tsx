/** Which columns the list has, in this browser. */
import { useEffect, useRef, useState } from "react";
import { Icon } from "../../parts/icon.tsx";
import { prefer, usePreferences } from "../../preferences.ts";
import { useSession } from "../../shell/session.tsx";
import { taskColumns } from "./columns.tsx";

export function ColumnChoice() {
  const { options } = useSession();
  const { columns } = usePreferences();
  const shown = columns ?? options.tasksColumns;
  const [isOpen, setIsOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    const close = (event: Event) => {
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !place.current?.contains(event.target as Node)) setIsOpen(false);
    };
    addEventListener("pointerdown", close);
    addEventListener("keydown", close);
    return () => {
      removeEventListener("pointerdown", close);
      removeEventListener("keydown", close);
    };
  }, [isOpen]);
  const toggle = (id: string) => prefer({ columns: shown.includes(id) ? shown.filter((other) => other !== id) : [...shown, id] });
  return (
    <div ref={place} className="menu-place desk-only">
      <button type="button" className="button" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
        <Icon name="columns" />
        Columns
      </button>
      {isOpen && (
        <fieldset className="menu">
          <legend className="unseen">Columns</legend>
          {taskColumns
            .filter(({ id }) => id !== "name")
            .map(({ id, title }) => (
              <label key={id}>
                <input type="checkbox" checked={shown.includes(id)} onChange={() => toggle(id)} />
                {title}
              </label>
            ))}
          {columns !== null && (
            <button type="button" className="button plain" onClick={() => prefer({ columns: null })}>
              As the monitor is set
            </button>
          )}
        </fieldset>
      )}
    </div>
  );
}
