/** What a task gave, as the store keeps it for those behind it: JSON within limits. Between the work and the end of its try. */
import { CeleriacError, reasonOf } from "@celeriac/core/runtime";

export const returnValueKey = "return_value";

/** The size from which Airflow's own documents advise against it: told, not refused. */
export const xcomAdvisedBytes = 49_344;

export interface EncodedXCom {
  readonly text: string;
  readonly bytes: number;
}

/** null for `undefined`, which is kept nowhere. `maxBytes`: of the JSON in UTF-8. Throws DAG_XCOM for what is no JSON, and above the limit. */
export function encodeXCom(value: unknown, maxBytes: number): EncodedXCom | null {
  if (value === undefined) return null;
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new CeleriacError("DAG_XCOM", `What the task gave cannot be written as JSON: ${reasonOf(cause)}`, { cause });
  }
  if (text === undefined) throw new CeleriacError("DAG_XCOM", `What the task gave cannot be written as JSON: it is a ${typeof value}`);
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes)
    throw new CeleriacError(
      "DAG_XCOM",
      `What the task gave has ${bytes} bytes as JSON: more than ${maxBytes} (CELERIAC_DAG_MAX_XCOM_BYTES) are refused, more than ${xcomAdvisedBytes} advised against: keep large data elsewhere, and give where`,
    );
  return { text, bytes };
}
