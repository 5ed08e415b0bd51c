/** What the doctor says of one thing that a worker of Airflow's tasks needs. Ground of its checks. */

export interface Finding {
  /** such as "broker" */
  readonly what: string;
  /** doubtful: workers run, and something will be missed */
  readonly verdict: "good" | "doubtful" | "bad";
  /** what was seen; without secrets */
  readonly text: string;
  /** null where all is well */
  readonly remedy: string | null;
}

export function good(what: string, text: string): Finding {
  return { what, verdict: "good", text, remedy: null };
}

export function doubtful(what: string, text: string, remedy: string): Finding {
  return { what, verdict: "doubtful", text, remedy };
}

export function bad(what: string, text: string, remedy: string): Finding {
  return { what, verdict: "bad", text, remedy };
}
