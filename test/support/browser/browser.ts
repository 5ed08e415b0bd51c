/** Chromium for the tests of the monitor's pages: what goes wrong in a page, and what it asks for, is written down beside it. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { chromium as program } from "../install.ts";

export interface WatchedPage {
  readonly page: Page;
  /** errors and warnings of its console, the content security policy's among them, and what its scripts threw */
  readonly troubles: string[];
  /** addresses that it asked for, with the status of each answer */
  readonly asked: { readonly url: string; readonly status: number }[];
}

export async function openBrowser(): Promise<Browser> {
  const executablePath = program();
  if (executablePath === null) throw new Error("Chromium is not installed: apt-get install chromium-headless-shell");
  // Root has no sandbox; what is opened here is our own.
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options });
  return watched(await context.newPage());
}

/** Another tab of the same browser. */
export async function openTab({ page }: WatchedPage): Promise<WatchedPage> {
  return watched(await page.context().newPage());
}

function watched(page: Page): WatchedPage {
  const troubles: string[] = [];
  const asked: { url: string; status: number }[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") troubles.push(message.text());
  });
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("response", (response) => asked.push({ url: response.url(), status: response.status() }));
  return { page, troubles, asked };
}
