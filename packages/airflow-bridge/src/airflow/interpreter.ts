/** Where Airflow is: its command, and the Python that has it. For launchers, which start it, and the doctor. */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { CeleriacError } from "@celeriac/core/runtime";
import type { Environment } from "./config.ts";

export interface Interpreter {
  /** path of the command `airflow` */
  readonly airflow: string;
  /** the Python it runs with, as its first line names it */
  readonly python: string;
}

/** Whether there is a command `airflow` in PATH. */
export function hasInterpreter(environment: Environment): boolean {
  return commandIn(environment) !== undefined;
}

/** Throws AIRFLOW_LAUNCHER where there is no command `airflow` in PATH. */
export function findInterpreter(environment: Environment): Interpreter {
  const airflow = commandIn(environment);
  if (airflow === undefined) {
    throw new CeleriacError(
      "AIRFLOW_LAUNCHER",
      "There is no command `airflow` in PATH: start the worker in the environment that has Airflow installed",
    );
  }
  return { airflow, python: pythonOf(airflow) ?? "python3" };
}

function commandIn(environment: Environment): string | undefined {
  const folders = (environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, "airflow")).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** `#!/usr/bin/python3`, `#!/usr/bin/env python3`, and what installers write where the path is too long for a first line. */
function pythonOf(script: string): string | null {
  const [first = "", second = ""] = beginning(script).split("\n");
  const long = /^'''exec'\s+"?([^"]+?)"?\s+"\$0"/.exec(second)?.[1];
  if (long !== undefined) return long;
  const words = first.startsWith("#!") ? first.slice(2).trim().split(/\s+/) : [];
  const program = words[0]?.endsWith("/env") ? words[1] : words[0];
  return program !== undefined && /python[\d.]*$/.test(program) ? program : null;
}

function beginning(path: string): string {
  const bytes = Buffer.alloc(1_024);
  const file = openSync(path, "r");
  try {
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(file);
  }
}
