/** The layout of a DAG store. */

import type { Layout } from "./layout.ts";
import { stepsFrom, versionTable } from "./schema.ts";
import type { Tables } from "./store.ts";
import { tablesOf } from "./tables.ts";

export function dagLayout(defaultPoolSlots: number): Layout<Tables> {
  return {
    versionTable,
    stepsFrom: (version, dialect, label) => stepsFrom(version, dialect, label, defaultPoolSlots),
    tables: tablesOf,
  };
}
