import { describe, expect, it } from "vitest";
import { CeleriacError } from "../../../../packages/core/src/errors.ts";
import { parsePostgresUrl } from "../../../../packages/core/src/postgres/address.ts";
import { backendFailure, coordinatorFailure } from "../../../../packages/core/src/postgres/failure.ts";

describe("a PostgreSQL URL", () => {
  it.each([
    ["db+postgresql://host/shop", "postgresql://host/shop", "host:5432/shop"],
    ["db+postgresql+psycopg2://me:pa%2Fss@host:6000/shop", "postgresql://me:pa%2Fss@host:6000/shop", "host:6000/shop"],
    ["DB+POSTGRES://me@host/shop?sslmode=require", "postgresql://me@host/shop?sslmode=require", "host:5432/shop"],
    ["postgresql:///shop?host=/run/postgresql", "postgresql:///shop?host=/run/postgresql", "/run/postgresql:5432/shop"],
  ])("%s is read", (url, connectionString, label) => {
    expect(parsePostgresUrl(url)).toEqual({ connectionString, credentials: null, label });
  });

  it.each(["db+postgresql:", "db+mysql://me:s3cret@host/shop", "db+postgresql://me:s3cret@host:port/shop"])(
    "%s is refused without telling its password",
    (url) => {
      expect(() => parsePostgresUrl(url)).toThrow(
        expect.objectContaining({ code: "CONFIG_URL", message: expect.not.stringContaining("s3cret") }),
      );
    },
  );
});

describe("a failure of PostgreSQL", () => {
  const answered = (code: string) => Object.assign(new Error("the server's words"), { severity: "ERROR", code });

  it.each([
    [answered("28P01"), "AUTH"],
    [answered("25006"), "REFUSED"],
    [answered("53100"), "REFUSED"],
    [answered("57P01"), "UNREACHABLE"],
    [answered("57P03"), "UNREACHABLE"],
    [answered("53300"), "UNREACHABLE"],
    [Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }), "UNREACHABLE"],
    [new Error("Query read timeout"), "UNREACHABLE"],
  ])("%o is told as what it means: %s", (error, verdict) => {
    expect(backendFailure(error, "host")).toMatchObject({ code: `BACKEND_${verdict}`, cause: error });
    expect(coordinatorFailure(error, "host")).toMatchObject({ code: `BROKER_${verdict}`, cause: error });
  });

  it("that is ours already stays as it is", () => {
    const ours = new CeleriacError("BROKER_LAYOUT", "newer");
    expect([backendFailure(ours, "host"), coordinatorFailure(ours, "host")]).toEqual([ours, ours]);
  });
});
