/** Which file a URL names, where it may lie, and how an envelope lies in it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSqliteBroker } from "../../../../packages/core/src/brokers/sqlite.ts";
import { filePathOf, isSameFile } from "../../../../packages/core/src/sqlite/file-path.ts";
import { networkFileSystemOf } from "../../../../packages/core/src/sqlite/file-system.ts";
import { readEnvelope, writeEnvelope } from "../../../../packages/core/src/sqlite/raw-envelope.ts";
import { driverContext } from "../../../support/driver-context.ts";
import { createEnvelope } from "../../../support/envelopes.ts";

describe("the URL of a SQLite file", () => {
  test.each([
    ["sqlite:///var/lib/celeriac.db", "/var/lib/celeriac.db"],
    ["sqlite://./celeriac.db", `${process.cwd()}/celeriac.db`],
    ["sqlite://celeriac.db", `${process.cwd()}/celeriac.db`],
    ["sqlite://../my%20tasks.db", `${process.cwd().replace(/\/[^/]*$/, "")}/my tasks.db`],
    ["SQLite:///a.db", "/a.db"],
    ["db+sqlite:///results.db", `${process.cwd()}/results.db`],
    ["db+sqlite:////var/lib/results.db", "/var/lib/results.db"],
  ])("%s names %s", (url, path) => {
    expect(filePathOf(url)).toBe(path);
  });

  test.each([
    "sqlite://",
    "sqlite:///folder/",
    "sqlite://:memory:",
    "sqlite:///a.db?mode=ro",
    "db+sqlite://a.db",
    "redis://localhost",
    "sqlite:///%zz",
  ])("%s is refused", (url) => {
    expect(() => createSqliteBroker(url, driverContext(), { resultUrl: null })).toThrowError(
      expect.objectContaining({ code: "CONFIG_URL" }),
    );
  });

  test("two names of one file are the same file", () => {
    expect(isSameFile("sqlite://./a.db", `sqlite://${process.cwd()}/a.db`)).toBe(true);
    expect(isSameFile("sqlite://./a.db", "db+sqlite:///a.db")).toBe(true);
    expect(isSameFile("sqlite://./a.db", "sqlite://./b.db")).toBe(false);
    expect(isSameFile("sqlite://./a.db", "redis://localhost")).toBe(false);
    expect(isSameFile("sqlite://./a.db", null)).toBe(false);
  });
});

describe("file systems", () => {
  const mounts = [
    "/dev/sda1 / ext4 rw 0 0",
    "server:/export /srv/nfs nfs4 rw 0 0",
    "tmpfs /srv/nfs/local tmpfs rw 0 0",
    "//nas/share /mnt/my\\040share cifs rw 0 0",
    "me@host:/home /mnt/ssh fuse.sshfs rw 0 0",
    "portal /run/user/doc fuse.portal rw 0 0",
    "/dev/sdb1 /mnt/over ext4 rw 0 0",
    "server:/x /mnt/over nfs rw 0 0",
  ].join("\n");

  test.each([
    ["/var/celeriac.db", null],
    ["/srv/nfs/celeriac.db", "nfs4"],
    ["/srv/nfs/local/celeriac.db", null],
    ["/srv/nfsx/celeriac.db", null],
    ["/mnt/my share/celeriac.db", "cifs"],
    ["/mnt/ssh/celeriac.db", "fuse.sshfs"],
    ["/run/user/doc/celeriac.db", null],
    ["/mnt/over/celeriac.db", "nfs"],
  ])("%s lies on %s", (path, type) => {
    expect(networkFileSystemOf(path, mounts)).toBe(type);
  });
});

describe("an envelope in the file", () => {
  test("comes back as it was, whatever its headers and bytes", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue()),
        fc.uint8Array({ maxLength: 300 }),
        fc.option(fc.integer({ min: 0, max: 9 })),
        (headers, body, priority) => {
          const envelope = createEnvelope({ headers, body, priority });
          const read = readEnvelope(writeEnvelope(envelope));
          expect(read.headers).toEqual(JSON.parse(JSON.stringify(envelope.headers)));
          expect(read.properties).toEqual(envelope.properties);
          expect(Buffer.from(read.body).equals(body)).toBe(true);
        },
      ),
    );
  });

  test("is refused, never misread, when it is cut off or something else", () => {
    const raw = writeEnvelope(createEnvelope({ body: new Uint8Array(0) }));
    for (let length = 0; length < raw.byteLength; length += 1) {
      expect(() => readEnvelope(raw.subarray(0, length))).toThrowError(expect.objectContaining({ code: "MESSAGE_UNDECODABLE" }));
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(() => readEnvelope(bytes)).toThrowError(expect.objectContaining({ code: "MESSAGE_UNDECODABLE" }));
      }),
    );
  });
});
