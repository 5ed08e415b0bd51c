/** Settings of DAGs, and where an app's DAGs are kept. */
import { describe, expect, it, vi } from "vitest";
import { dagSettings, dagStoreUrl } from "../../../../packages/airflow-bridge/src/dag/config.ts";

describe("settings of DAGs", () => {
  it("come from what is given, else from the environment, else they are the defaults", () => {
    vi.stubEnv("CELERIAC_DAG_PARALLELISM", "4");
    vi.stubEnv("CELERIAC_DAG_STORE_URL", "sqlite://./a.db");
    expect(dagSettings({ store_url: "sqlite://./b.db" })).toMatchObject({
      ...{ storeUrl: "sqlite://./b.db", parallelism: 4, executor: "local" },
    });
    vi.stubEnv("CELERIAC_DAG_EXECUTOR", "kubernetes");
    expect(() => dagSettings()).toThrowError(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(() => dagSettings({ executor: "celery", parallelism: 0 })).toThrowError(/whole number 1 to 10000/);
  });

  it("keep the store beside the broker's file, or where they say", () => {
    const storeUrl = null;
    expect(dagStoreUrl({ storeUrl }, "sqlite:///var/lib/celeriac.db")).toBe("sqlite:///var/lib/celeriac.db-dags");
    expect(dagStoreUrl({ storeUrl }, "redis://localhost")).toBe("sqlite://./celeriac-dags.db");
    expect(dagStoreUrl({ storeUrl: "db+postgresql://x/y" }, "sqlite://./celeriac.db")).toBe("db+postgresql://x/y");
  });
});
