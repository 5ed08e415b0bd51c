/** A poke that waits for an object of S3, as Airflow's S3KeySensor. */
import { CeleriacError, isText, shownValue } from "@celeriac/core/runtime";
import { hook } from "../hooks/hook.ts";
import { loadS3 } from "../hooks/s3.ts";
import type { RunContext } from "../runner/run-context.ts";

export interface S3Object {
  readonly bucket: string;
  readonly key: string;
  /** bytes */
  readonly size: number;
}

/**
 * Waits until the bucket has an object of this key, which may be a function of the run, and gives where it is. What may not be looked at fails the
 * try, and so does, without the right to list, what is not there. Throws DAG_DEFINITION; its look throws CONFIG_DRIVER_MISSING, DAG_HTTP.
 */
export function s3Object(
  connectionId: string,
  bucket: string,
  key: string | ((run: RunContext) => string),
): (run: RunContext) => Promise<S3Object | false> {
  if (!isText(connectionId) || !isText(bucket) || !(isText(key) || typeof key === "function"))
    throw new CeleriacError(
      "DAG_DEFINITION",
      `s3Object(${shownValue(connectionId)}, …): expected the id of a connection, a bucket, and a key or a function`,
    );
  return async (run) => {
    const wanted = typeof key === "function" ? key(run) : key;
    const s3 = await hook("s3", connectionId);
    const { HeadObjectCommand } = await loadS3();
    try {
      const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: wanted }), { abortSignal: run.signal });
      return { bucket, key: wanted, size: head.ContentLength ?? 0 };
    } catch (error) {
      const { $metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } };
      const status = $metadata?.httpStatusCode;
      if (status === 404) return false;
      if (status === undefined) throw error;
      // The answer to a HEAD has no words of its own.
      throw new CeleriacError("DAG_HTTP", `HEAD s3://${bucket}/${wanted} was answered ${status}`, { cause: error });
    }
  };
}
