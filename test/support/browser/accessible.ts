/** Holds a page against axe-core's rules, and against the width of its window. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
}

/** Serious and critical ones, one line each. Evaluated from outside: the page's own policy lets no other script in. */
export async function violations(page: Page): Promise<readonly string[]> {
  if (!(await page.evaluate<boolean>("'axe' in window"))) await page.evaluate(axe);
  const found = await page.evaluate<{ readonly violations: readonly Violation[] }>("axe.run({ resultTypes: ['violations'] })");
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target.join(" ")}: ${failureSummary}`));
}

/** How much of the page stands out at the right, in pixels. */
export function overhang(page: Page): Promise<number> {
  return page.evaluate<number>("Math.max(0, document.documentElement.scrollWidth - window.innerWidth)");
}

const told = "(e => (e.getAttribute('aria-label') || e.title || e.textContent || e.name || e.id).trim().slice(0, 60))";

/** Controls that Tab does not come to, or that do not show it; of those that stay, for a live page may take one away. */
export async function unreachable(page: Page): Promise<readonly string[]> {
  const count = await page.evaluate<number>(`{
    window.controls = [...document.querySelectorAll("a[href], button:not(:disabled), input, summary")].filter((e) => e.checkVisibility() && e.tabIndex >= 0);
    window.reached = new Set();
    document.activeElement.blur();
    addEventListener("focusin", ({ target }) => {
      if (getComputedStyle(target).outlineStyle !== "none") window.reached.add(target);
    });
    window.controls.length;
  }`);
  for (let presses = 0; presses < count + 10; presses++) await page.keyboard.press("Tab");
  return await page.evaluate<readonly string[]>(`window.controls.filter((e) => e.isConnected && !window.reached.has(e)).map(${told})`);
}
