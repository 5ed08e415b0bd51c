/** A piece of a page with a heading, and what stands there while there is nothing to show. */
import { type ReactNode, useId } from "react";
import { Icon, type IconName } from "./icon.tsx";

interface PanelProps {
  readonly title: string;
  /** right of the title */
  readonly end?: ReactNode;
  /** without a margin of its own, for tables */
  readonly flush?: boolean;
  readonly children: ReactNode;
}

export function Panel({ title, end, flush = false, children }: PanelProps) {
  const id = useId();
  return (
    <section className="panel" aria-labelledby={id}>
      <div className="panel-head">
        <h2 id={id}>{title}</h2>
        {end !== undefined && <div className="end">{end}</div>}
      </div>
      {flush ? children : <div className="panel-body">{children}</div>}
    </section>
  );
}

export function Empty({ icon, title, children }: { readonly icon: IconName; readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="empty">
      <Icon name={icon} />
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** Where something is about to be: lines of a sensible height. */
export function Waiting({ lines = 5 }: { readonly lines?: number }) {
  return (
    <div className="panel-body waiting-lines" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: nothing but its place tells one from another
        <div key={line} className="waiting line" />
      ))}
    </div>
  );
}

/** A name and a value, as many as there are. */
export function Pairs({
  of,
  isCode = false,
}: {
  readonly of: readonly (readonly [name: string, value: ReactNode])[];
  readonly isCode?: boolean;
}) {
  return (
    <dl className="pairs">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className={isCode ? "mono wraps" : "figures"}>{value ?? <span className="faint">–</span>}</dd>
        </div>
      ))}
    </dl>
  );
}
