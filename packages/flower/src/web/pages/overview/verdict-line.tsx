/** The verdict, and below it what is wrong, each with a way to it. */
import { Link } from "wouter";
import { pages } from "../../address.ts";
import { Icon, type IconName } from "../../parts/icon.tsx";
import type { Lead, Level, Verdict } from "../../present/verdict.ts";

const signs: Readonly<Record<Level, IconName>> = { good: "check", idle: "clock", warn: "warn", bad: "warn" };

export function VerdictLine({ verdict: { level, headline, troubles } }: { readonly verdict: Verdict }) {
  const [only] = troubles;
  return (
    <section className={`verdict ${level}`} aria-label="Health">
      <p className="headline">
        <span className="sign">
          <Icon name={signs[level]} />
        </span>
        <span className="wraps">{headline}</span>
        {troubles.length === 1 && only?.lead != null && <Link href={addressOf(only.lead)}>Look</Link>}
      </p>
      {troubles.length > 1 && (
        <ul className="troubles">
          {troubles.map(({ level: weight, text, lead }) => (
            <li key={text}>
              <span className={`dot ${weight}`} />
              <span className="wraps">{text}</span>
              {lead !== null && (
                <Link className="look" href={addressOf(lead)} aria-label={`Look at: ${text}`}>
                  Look
                </Link>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function addressOf(lead: Lead): string {
  if (lead.to === "tasks") return pages.tasksWhere(lead.filter);
  return lead.show === undefined ? pages.workers : `${pages.workers}?show=${lead.show}`;
}
