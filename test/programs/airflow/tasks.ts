/** Tasks of Airflow, as a user's module registers them: each does what its test is about. */
import { setTimeout as sleep } from "node:timers/promises";
import { registerTask, type TaskContext, type TaskFunction } from "@celeriac/airflow-bridge/airflow";

const register = (taskId: string, run: TaskFunction) => registerTask({ dagId: "report", taskId }, run);

register("extract", async ({ ctx, client }) => {
  client.log.info("extracting", { rows: ctx.dagRun.conf["rows"], at: ctx.dagRun.logicalDate?.toISOString() });
  client.log.debug("too much to say");
  console.log("printed");
  console.error("complained");
  const connection = await client.getConnectionOrThrow("warehouse");
  client.log.info(`signing in with ${connection.password}`, { extra: connection.extra });
  await client.setVariable("seen", "yes", "by the test");
  const seen = await client.getVariableOrThrow("seen");
  await client.deleteVariable("seen");
  await client.setXCom({ key: "detail", value: { seen, gone: await client.getVariable("seen") } });
  return { rows: 3, big: 2n ** 63n - 1n, huge: 10n ** 30n, small: 2n ** 53n, at: new Date("2026-03-06T00:00:00.250Z"), left: undefined };
});

register("transform", async ({ client }) => await client.getXCom({ taskId: "extract", key: "return_value" }));
register("list", () => ["a", "b", "c"]);
register("mapped", async ({ ctx, client }) => {
  await client.setXCom({ key: "own", value: ctx.mapIndex });
  return [await client.getXCom({ key: "own" }), await client.getXCom({ key: "item", taskId: "group.list", mapIndex: 4 })];
});
register("absent", async ({ client }) => {
  const found = [await client.getConnection("none"), await client.getVariable("none"), await client.getXCom({ key: "none" })];
  const error = await client.getConnectionOrThrow("none").catch((failed: { readonly code: string }) => failed.code);
  return [...found, error];
});
register("quiet", () => {});
register("throws", () => {
  throw new Error("no rows", { cause: new TypeError("not a table") });
});
register("rejected", async ({ client }) => {
  await client.setVariable("forbidden", "x");
});
register("puts_off", ({ ctx, client }) => {
  throw client.reschedule(ctx.rescheduleCount === 0 ? "5m" : new Date("2027-01-01T00:00:00Z"));
});

register("skips", ({ client }) => {
  throw client.skip("nothing new");
});
register("fails", ({ client }) => {
  throw client.fail("no such customer");
});
register("retries", ({ client }) => {
  throw client.retry("not yet");
});
register("branches", async ({ client }) => {
  await client.skipDownstreamTasks(["left", ["right", 2]]);
  return "went on";
});
register("waits", async ({ ctx, client }) => {
  client.log.info("waiting");
  await untilAborted(ctx);
  client.log.info("aborted");
});
register("deaf", async ({ client }) => {
  client.log.info("waiting");
  await sleep(60_000);
});
register("exits", () => process.exit(3));
register("token", () => ({ args: process.argv, env: process.env }));
registerTask({ dagId: "report", taskId: "late", timeout: "100ms" }, async ({ ctx }) => await untilAborted(ctx));

function untilAborted({ signal }: TaskContext): Promise<void> {
  return new Promise((_, ended) => signal.addEventListener("abort", () => ended(signal.reason), { once: true }));
}
