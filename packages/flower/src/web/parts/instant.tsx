/** A point in time as this browser wants it: in which zone, as a time or as "3 min ago"; exact when pointed at. */
import { createContext, useContext, useEffect, useState } from "react";
import { every, now } from "../clock.ts";
import { ago, duration } from "../format/duration.ts";
import { brief, exact } from "../format/instant.ts";

export interface Face {
  /** IANA name; undefined: the browser's own */
  readonly zone: string | undefined;
  /** "3 min ago" rather than the time */
  readonly natural: boolean;
}

export const FaceContext = createContext<Face>({ zone: undefined, natural: false });

export function Instant({ at }: { readonly at: number | null }) {
  const { zone, natural } = useContext(FaceContext);
  const current = useNow(natural ? 5 : 60);
  if (at === null) return <span className="faint">–</span>;
  return (
    <time className="figures" dateTime={isoOf(at)} title={exact(at, zone)}>
      {natural ? ago(current - at) : brief(at, current, zone)}
    </time>
  );
}

/** "12 s ago", whatever is preferred. */
export function Ago({ at }: { readonly at: number }) {
  const { zone } = useContext(FaceContext);
  const current = useNow(1);
  return (
    <time className="figures" dateTime={isoOf(at)} title={exact(at, zone)}>
      {ago(Math.max(0, current - at))}
    </time>
  );
}

/** How long it has been going on, counting. */
export function Since({ at }: { readonly at: number }) {
  const current = useNow(1);
  return <span className="figures">{duration(Math.max(0, Math.floor(current - at)))}</span>;
}

/** epoch seconds, new every so many. */
export function useNow(seconds: number): number {
  const [current, setCurrent] = useState(now);
  useEffect(() => every(seconds, () => setCurrent(now())), [seconds]);
  return current;
}

function isoOf(at: number): string {
  return new Date(at * 1000).toISOString();
}
