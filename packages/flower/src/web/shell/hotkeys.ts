/** Keys that work anywhere but in a field: "/" goes to the search, "g" and a letter to a page. */
import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { pages } from "../address.ts";
import { now } from "../clock.ts";

export const hotkeys = [
  ["/", "Search"],
  ["g o", "Overview"],
  ["g w", "Workers"],
  ["g t", "Tasks"],
  ["p", "Pause or go on with live updates"],
  ["?", "These keys"],
] as const;

const places: Readonly<Record<string, string>> = { o: pages.overview, w: pages.workers, t: pages.tasks };
/** Between "g" and the letter. */
const longest = 1.5;

interface Does {
  help(): void;
  pause(): void;
}

export function useHotkeys(does: Does): void {
  const [, go] = useLocation();
  const latest = useRef(does);
  latest.current = does;
  useEffect(() => {
    let wentAt = 0;
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector("dialog[open]") !== null) return;
      const place = now() - wentAt < longest ? places[event.key] : undefined;
      wentAt = event.key === "g" ? now() : 0;
      if (place !== undefined) go(place);
      else if (event.key === "?") latest.current.help();
      else if (event.key === "p") latest.current.pause();
      else if (event.key === "/") document.querySelector<HTMLInputElement>("input[type=search]")?.focus();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [go]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null;
}
