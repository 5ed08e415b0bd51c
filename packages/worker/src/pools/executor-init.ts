/** What an executor is told first: which user code to load, and how to get an Execute from it. */
import type { AppSource, Execute, LogLevel } from "@celeriac/core/runtime";
import type { Lifetime } from "./lifetime.ts";

export interface ExecutorContext {
  /** node name, e.g. "celery@host" */
  readonly worker: string;
  readonly logLevel: LogLevel;
}

/** Loads user code inside the executor. Its rejection is the reason of a failed start. */
export type OpenExecute = (source: AppSource, context: ExecutorContext) => Promise<OpenedExecute>;

/** An Execute, and if it holds something open, how to close it before the executor ends in good order. */
export type OpenedExecute = Execute & { readonly close?: () => Promise<void> };

export interface ExecutorInit extends ExecutorContext {
  readonly source: AppSource;
  /** runs at once; 1 or more */
  readonly slots: number;
  /** absent: it lives as long as its pool */
  readonly lifetime?: Lifetime | undefined;
  /** file: URL of the module that exports an OpenExecute */
  readonly executeModule: string;
  readonly executeExport: string;
}
