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

/** Controls that Tab does not come to, or that do not show it. */
export async function unreachable(page: Page): Promise<readonly string[]> {
  const controls = await page.evaluate<readonly string[]>(
    `[...document.querySelectorAll("a[href], button:not(:disabled), input, summary")].filter((e) => e.checkVisibility() && e.tabIndex >= 0).map(${told})`,
  );
  await page.evaluate(`{
    window.reached = [];
    document.activeElement.blur();
    addEventListener("focusin", ({ target }) => {
      if (getComputedStyle(target).outlineStyle !== "none") window.reached.push(${told}(target));
    });
  }`);
  for (let presses = 0; presses < controls.length + 10; presses++) await page.keyboard.press("Tab");
  const reached = new Set(await page.evaluate<readonly string[]>("window.reached"));
  return controls.filter((name) => !reached.has(name));
}
