import { describe, expect, it } from "vitest";
import { readWorkload } from "../../../packages/airflow-bridge/src/airflow/messages.ts";
import { commandOf, token, workloadOf } from "../../support/airflow/messages.ts";

const refused = (reason: string) => expect.objectContaining({ code: "AIRFLOW_MESSAGE", message: expect.stringContaining(reason) });

describe("a command of Airflow 2", () => {
  it("is read as far as a worker must know it, and kept as it came", () => {
    const command = commandOf("a_dag", "--map-index", "3");
    expect(readWorkload("command", command)).toEqual({
      ...{ kind: "command", command, dagId: "a_dag", taskId: "a_task", runId: "manual__2026-03-06T00:00:00+00:00", mapIndex: 3 },
    });
    expect(readWorkload("command", commandOf("a_dag"))).toMatchObject({ mapIndex: null });
  });

  it("may have every option that schedulers send", () => {
    const flags = ["--mark-success", "--job-id", "7", "--ignore-all-dependencies", "--ignore-dependencies", "--depends-on-past", "wait"];
    expect(readWorkload("command", commandOf("a_dag", ...flags, "--force", "--pool", "a pool"))).toMatchObject({ dagId: "a_dag" });
  });

  it.each([
    ["another program", ["sh", "-c", "id"], "not `airflow tasks run`"],
    ["another command of Airflow's", ["airflow", "tasks", "test", "d", "t", "r"], "not `airflow tasks run`"],
    ["too few words", ["airflow", "tasks", "run", "d", "t"], "expected dag, task and run"],
    ["an option in place of a name", ["airflow", "tasks", "run", "--raw", "t", "r"], "expected dag, task and run"],
    ["an option that brings code along", commandOf("d", "--pickle", "7"), '"--pickle"'],
    ["an option that brings settings along", commandOf("d", "--cfg-path", "/tmp/x"), '"--cfg-path"'],
    ["an option glued to its value", commandOf("d", "--map-index=3"), '"--map-index=3"'],
    ["a word that is no option", commandOf("d", "x"), '"x"'],
    ["an option without its value", commandOf("d", "--map-index"), "--map-index cannot be null"],
    ["an option in place of a value", commandOf("d", "--pool", "--raw"), "--pool cannot be"],
    ["a zero byte", commandOf("d\0"), "the words of a command"],
    ["what is no list of words", ["airflow", 1], "the words of a command"],
    ["what is no list", "airflow tasks run d t r", "the words of a command"],
  ])("is refused when it is %s", (_, argument, reason) => {
    expect(() => readWorkload("command", argument)).toThrow(refused(reason));
  });
});

describe("a workload of Airflow 3", () => {
  it("is kept byte for byte, whatever is in it", () => {
    const text = `  ${workloadOf("a_dag", { map_index: 4, try_number: 2, some_day: { n: 1.0 } })}`.replace('"n":1', '"n":1.0');
    expect(readWorkload("workload", text)).toEqual({
      kind: "workload",
      text,
      type: "ExecuteTask",
      instance: {
        ...{ id: "0199b7a0-0000-7000-8000-000000000001", dagId: "a_dag", taskId: "a_task", runId: "manual__2026-03-06T00:00:00+00:00" },
        ...{ tryNumber: 2, mapIndex: 4 },
      },
    });
  });

  it("need not be a task's", () => {
    const text = JSON.stringify({ type: "ExecuteCallback", callback: { id: "c", data: {} }, token });
    expect(readWorkload("workload", text)).toEqual({ kind: "workload", text, type: "ExecuteCallback", instance: null });
  });

  it.each([
    ["no text", { type: "ExecuteTask" }, "as one text"],
    ["no JSON", `{"token":"${token}"`, "is not JSON"],
    ["no object", "[]", "is not an object"],
    ["of no type", `{"token":"${token}"}`, "has no type"],
    ["a task without its instance", `{"token":"${token}","type":"ExecuteTask"}`, "no task instance"],
    ["a task without its dag", JSON.stringify({ token, type: "ExecuteTask", ti: { id: "i", task_id: "t", run_id: "r" } }), "no dag_id"],
  ])("is refused when it is %s, and its token stays out of that", (_, argument, reason) => {
    expect(() => readWorkload("workload", argument)).toThrow(refused(reason));
    expect(() => readWorkload("workload", argument)).not.toThrow(refused(token));
  });
});
