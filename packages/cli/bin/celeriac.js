#!/usr/bin/env node
// Starts the command: the built one, or in a checkout that is not built its TypeScript source through tsx.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";

const condition = "--conditions=celeriac-source";
const built = new URL("../dist/main.js", import.meta.url);
const source = new URL("../src/main.ts", import.meta.url);

if (process.execArgv.includes(condition)) await start(source);
else if (existsSync(built)) await start(built);
else startAnew();

async function start(url) {
  const { main } = await import(url.href);
  await main();
}

/** In a session of its own with a channel: each signal reaches it once, through us, and it ends when we are killed. */
function startAnew() {
  const node = [condition, "--import", import.meta.resolve("tsx"), process.argv[1], ...process.argv.slice(2)];
  const child = spawn(process.execPath, node, { stdio: ["inherit", "inherit", "inherit", "ipc"], detached: true });
  for (const signal of ["SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP", "SIGUSR1"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128);
  });
}
