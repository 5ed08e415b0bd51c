/** Several contents of which one is shown; arrow keys go from one to the next. */
import { type KeyboardEvent, type ReactNode, useRef } from "react";

interface TabListProps {
  readonly label: string;
  readonly tabs: readonly { readonly id: string; readonly title: string }[];
  readonly current: string;
  onChoose(id: string): void;
}

export function TabList({ label, tabs, current, onChoose }: TabListProps) {
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const next = (tabs.findIndex(({ id }) => id === current) + step + tabs.length) % tabs.length;
    onChoose(tabs[next]!.id);
    list.current?.querySelectorAll("button")[next]?.focus();
    event.preventDefault();
  };
  return (
    <div ref={list} className="tabs" role="tablist" aria-label={label} onKeyDown={move}>
      {tabs.map(({ id, title }) => (
        <button
          key={id}
          type="button"
          role="tab"
          id={`tab-of-${id}`}
          aria-selected={id === current}
          aria-controls={`panel-of-${id}`}
          tabIndex={id === current ? 0 : -1}
          onClick={() => onChoose(id)}
        >
          {title}
        </button>
      ))}
    </div>
  );
}

export function TabPanel({ id, current, children }: { readonly id: string; readonly current: string; readonly children: ReactNode }) {
  return (
    <div role="tabpanel" id={`panel-of-${id}`} aria-labelledby={`tab-of-${id}`} className="tab-panel" hidden={id !== current}>
      {id === current && children}
    </div>
  );
}
