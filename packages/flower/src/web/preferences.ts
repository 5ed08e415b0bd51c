/** What somebody has chosen for this browser: theme, time zone, columns. Kept in its local storage, told to whoever shows it. */
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";
export type Zone = "browser" | "celery";

export interface Preferences {
  readonly theme: Theme;
  readonly zone: Zone;
  /** of the list of tasks, in their order; null: as `tasks_columns` says */
  readonly columns: readonly string[] | null;
}

const place = "celeriac.preferences";
const standard: Preferences = { theme: "system", zone: "browser", columns: null };
const listeners = new Set<() => void>();
let current: Preferences = read();

export function usePreferences(): Preferences {
  return useSyncExternalStore(follow, () => current);
}

export function prefer(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(place, JSON.stringify(current));
  } catch {
    // A browser may forbid it; then the choice holds for as long as the page is open.
  }
  apply();
}

/** Puts the theme on the page, now and when another tab chooses another. */
export function applyPreferences(): void {
  apply();
  addEventListener("storage", ({ key }) => {
    if (key !== place) return;
    current = read();
    apply();
  });
}

function apply(): void {
  const { theme } = current;
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  for (const tell of listeners) tell();
}

function follow(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

function read(): Preferences {
  try {
    return checked(JSON.parse(localStorage.getItem(place) ?? "{}") as Partial<Record<keyof Preferences, unknown>>);
  } catch {
    return standard;
  }
}

function checked({ theme, zone, columns }: Partial<Record<keyof Preferences, unknown>>): Preferences {
  return {
    theme: theme === "light" || theme === "dark" ? theme : "system",
    zone: zone === "celery" ? "celery" : "browser",
    columns: Array.isArray(columns) && columns.every((column) => typeof column === "string") ? (columns as string[]) : null,
  };
}
