/** The bodies of the tasks that dags/stubs.py only names. */
import { appendFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { registerTask } from "celeriac/airflow";

registerTask({ dagId: "stub", taskId: "extract" }, async ({ client }) => {
  client.log.info("extracting in TypeScript");
  return [1, 2, 3];
});

registerTask({ dagId: "stub", taskId: "transform" }, async ({ client }) => {
  const rows = await client.getXCom<number[]>({ taskId: "extract", key: "return_value" });
  return { rows: rows?.length, doubled: rows?.map((row) => row * 2) };
});

registerTask({ dagId: "stub_retry", taskId: "throws" }, () => {
  throw new Error("as it should");
});

registerTask({ dagId: "stub_retry", taskId: "gives_up" }, ({ client }) => {
  throw client.fail("no use in another try");
});

/** Waits as long as the run says, and notes when it begins, ends, and is told to end. */
registerTask({ dagId: "stub_waits", taskId: "waits" }, async ({ ctx }) => {
  const { notes, seconds } = ctx.dagRun.conf as { readonly notes: string; readonly seconds: number };
  const note = (word: string) => appendFileSync(notes, `${word}\n`);
  note("began");
  ctx.signal.addEventListener("abort", () => note("aborted"));
  await pause(seconds * 1_000, undefined, { signal: ctx.signal });
  note("ended");
});

/** Sees what it waits for at its second look. */
registerTask({ dagId: "stub_looks", taskId: "looks" }, ({ ctx, client }) => {
  const { notes } = ctx.dagRun.conf as { readonly notes: string };
  appendFileSync(notes, `try ${ctx.tryNumber}, put off ${ctx.rescheduleCount} times\n`);
  if (ctx.rescheduleCount === 0) throw client.reschedule("3s");
});

registerTask({ dagId: "stub_client", taskId: "skips" }, ({ client }) => {
  throw client.skip("nothing to do");
});

registerTask({ dagId: "stub_client", taskId: "chooses" }, async ({ client }) => {
  await client.skipDownstreamTasks(["not_chosen"]);
});

registerTask({ dagId: "stub_client", taskId: "not_chosen" }, () => {
  throw new Error("it was not chosen");
});

registerTask({ dagId: "stub_client", taskId: "keeps" }, async ({ client }) => {
  await client.setVariable("from typescript", "grüße");
  const kept = await client.getVariable("from typescript");
  await client.deleteVariable("from typescript");
  const after = await client.getVariable("from typescript");
  return { kept, after, connection: await client.getConnection("there_is_none") };
});

registerTask({ dagId: "stub_client", taskId: "counts" }, ({ ctx }) => `index ${ctx.mapIndex}`);

registerTask({ dagId: "stub_client", taskId: "adds_one" }, async ({ client }) => {
  const number = await client.getXCom<bigint>({ taskId: "big", key: "return_value" });
  return (number ?? 0n) + 1n;
});
