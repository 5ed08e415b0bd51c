/** `node work.mjs <adapter> <config as JSON>`: a worker of one peer. Prints "ready", works until SIGTERM, then prints what the peer says of itself. */
const [adapter, text] = process.argv.slice(2);
const { startWorker } = await import(`./${adapter}.mjs`);
const worker = await startWorker(JSON.parse(text));
process.once("SIGTERM", async () => {
  const stats = await worker.stop();
  console.log(JSON.stringify(stats ?? {}));
  process.exit(0);
});
console.log("ready");
