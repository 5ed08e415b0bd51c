/** What stands round every page. */
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useLive } from "../live/live.tsx";
import { Banners } from "./banners.tsx";
import { useHotkeys } from "./hotkeys.ts";
import { KeyHelp } from "./key-help.tsx";
import { Sidebar } from "./sidebar.tsx";

export function Shell({ children }: { readonly children: ReactNode }) {
  const [isHelping, setIsHelping] = useState(false);
  const { pause, isPaused } = useLive();
  useHotkeys({ help: () => setIsHelping(true), pause: () => pause(!isPaused) });
  return (
    <div className="shell">
      <a href="#page" className="skip">
        Skip to the page
      </a>
      <Sidebar />
      <div className="main">
        <Banners />
        {children}
      </div>
      {isHelping && <KeyHelp onClose={() => setIsHelping(false)} />}
    </div>
  );
}

interface PageProps {
  /** of the window; also the heading, unless there is one */
  readonly title: string;
  readonly heading?: ReactNode;
  /** right of the heading */
  readonly end?: ReactNode;
  readonly children: ReactNode;
}

/** One page: names the window, and takes the focus when one comes to it, so that whoever hears it knows. */
export function Page({ title, heading, end, children }: PageProps) {
  const main = useRef<HTMLElement>(null);
  const [location] = useLocation();
  const cameTo = useRef(location);
  useEffect(() => {
    document.title = `${title} · Celeriac`;
  }, [title]);
  useEffect(() => {
    if (cameTo.current !== location) main.current?.focus({ preventScroll: true });
    cameTo.current = location;
  }, [location]);
  return (
    <main id="page" ref={main} className="page" tabIndex={-1}>
      <div className="page-head">
        {heading ?? <h1>{title}</h1>}
        {end !== undefined && <div className="end">{end}</div>}
      </div>
      {children}
    </main>
  );
}
