/** S3, and what speaks as it does, for tasks: a client of `@aws-sdk/client-s3`, from Airflow's connection of the type aws. */
import { ConfigError } from "@celeriac/core/runtime";
import type { Connection } from "../connections/connection.ts";
import type { HookDefinition } from "./open-hooks.ts";

/** An `S3Client` of `@aws-sdk/client-s3`, by what its users call. */
export interface S3Hook {
  /** Commands of `@aws-sdk/client-s3`. Rejects with its errors. */
  send<Output>(command: S3Command<Output>, options?: { readonly abortSignal?: AbortSignal }): Promise<Output>;
}

/** What each command of the SDK has. */
export interface S3Command<Output> {
  resolveMiddleware(...stack: never[]): (...input: never[]) => Promise<{ readonly output: Output }>;
}

/** The SDK, as far as we call it: its types are not ours to have. */
interface S3Sdk {
  readonly S3Client: new (options: Readonly<Record<string, unknown>>) => S3Hook & { destroy(): void };
  readonly HeadObjectCommand: new (input: {
    readonly Bucket: string;
    readonly Key: string;
  }) => S3Command<{ readonly ContentLength?: number | undefined }>;
}

export const s3Hook: HookDefinition<S3Hook> = {
  types: ["aws", "s3"],
  async open(connection) {
    const options = s3OptionsOf(connection);
    return new (await loadS3()).S3Client(options);
  },
  close: (client) => (client as InstanceType<S3Sdk["S3Client"]>).destroy(),
};

/** Login and password are the access key and its secret; without them the SDK looks where it always does. */
export function s3OptionsOf({ login, password, extra }: Connection): Readonly<Record<string, unknown>> {
  const text = (name: string) => (typeof extra[name] === "string" && extra[name] !== "" ? extra[name] : null);
  const accessKeyId = login ?? text("aws_access_key_id");
  const secretAccessKey = password ?? text("aws_secret_access_key");
  const [sessionToken, profile, endpoint] = ["aws_session_token", "profile_name", "endpoint_url"].map(text);
  const region = text("region_name") ?? (endpoint === null ? null : "us-east-1");
  return {
    ...(accessKeyId === null || secretAccessKey === null
      ? {}
      : { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === null ? {} : { sessionToken }) } }),
    ...(profile === null ? {} : { profile }),
    ...(region === null ? {} : { region }),
    // Who serves it elsewhere seldom has a name for each bucket.
    ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
  };
}

/** Throws CONFIG_DRIVER_MISSING. */
export async function loadS3(): Promise<S3Sdk> {
  const name: string = "@aws-sdk/client-s3";
  try {
    return (await import(name)) as S3Sdk;
  } catch (cause) {
    throw new ConfigError(
      "CONFIG_DRIVER_MISSING",
      `hook("s3") needs the package ${name}, which is not installed here: npm install ${name}`,
      {
        cause,
      },
    );
  }
}
