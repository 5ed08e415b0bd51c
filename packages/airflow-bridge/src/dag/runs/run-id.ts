/** The ids of runs and how dates are written in them, as Airflow 3 spells both. */
import { randomInt } from "node:crypto";
import type { RunType } from "../states.ts";

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** "scheduled__2026-03-29T01:00:00+00:00". One by hand ends in 8 random letters: several may be asked for at one time. */
export function runIdOf(type: RunType, runAfter: number): string {
  const id = `${type}__${isoText(runAfter)}`;
  return type === "manual" ? `${id}_${Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join("")}` : id;
}

/** Python's str() of a date in UTC: "2026-03-29 01:00:00+00:00". */
export function logicalDateText(epochMs: number): string {
  return isoText(epochMs).replace("T", " ");
}

/** Python's isoformat(): a fraction only where there is one, and then of six digits. */
function isoText(epochMs: number): string {
  const [seconds, fraction] = new Date(epochMs).toISOString().slice(0, -1).split(".");
  return `${seconds}${fraction === "000" ? "" : `.${fraction}000`}+00:00`;
}
