/** The kinds of task that failed most in the last hour, with the last thing each said. */
import { Link } from "wouter";
import type { Overview } from "../../../shared/contract.ts";
import { pages } from "../../address.ts";
import { count, percent } from "../../format/number.ts";
import { Empty, Panel } from "../../parts/panel.tsx";

export function FailingKinds({ kinds }: { readonly kinds: Overview["failing"] }) {
  const failing = kinds.filter(({ failed }) => failed > 0);
  return (
    <Panel title="Failing most" flush end={<span className="faint">last hour</span>}>
      {failing.length === 0 ? (
        <Empty icon="check" title="Nothing failed in the last hour" />
      ) : (
        <ul className="kinds">
          {failing.map(({ name, failed, ended, lastException }) => (
            <li key={name}>
              <Link className="main-link cut" href={pages.tasksWhere({ state: "FAILURE", name })} title={name}>
                {name}
              </Link>
              <span className="figures tone-bad">{percent(ended === 0 ? 1 : failed / ended)}</span>
              <code className="cut faint" title={lastException ?? undefined}>
                {lastException ?? "–"}
              </code>
              <span className="figures faint">
                {count(failed)} of {count(ended)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
