/** Drivers are picked in one place, lazily, and stand only on their contracts, the ground and their server's own room. */
import type { SourceFile, SourceImport } from "../project.ts";
import { packageSources, type Rule } from "../rule.ts";

const core = "packages/core/src/";
const driverFolder = /^packages\/core\/src\/(?:brokers|backends|coordinators|schedule-stores)\//;
const serverRoom = /^packages\/core\/src\/(memory|redis|sqlite|postgres|amqp)\//;
const opener = `${core}open.ts`;

/** What drivers and server rooms may stand on: contracts, the ground, and the shapes that cross the wire. */
const ground = new Set(
  [
    ...["backend", "broker", "chord", "coordinator", "schedule-store"],
    ...[
      "clock",
      "consumed-queues",
      "credentials",
      "deferred",
      "derived-id",
      "driver",
      "duration",
      "entry",
      "environment",
      "envelope",
      "error-table",
      "errors",
      "exchange",
      "failpoint",
    ],
    ...[
      "failure",
      "heap",
      "live-exchange",
      "logger",
      "pauses",
      "queue-table",
      "redact",
      "result-meta",
      "retry-log",
      "schedule",
      "sequence",
      "serializer",
      "server-facts",
      "service",
      "states",
      "stored-entry",
    ],
    ...["tls", "token-bucket", "wildcards"],
  ].map((name) => `${core}${name}.ts`),
);

export const drivers: Rule = {
  name: "drivers",
  *check(project) {
    for (const file of packageSources(project))
      for (const found of file.imports) {
        const message = opensDriver(file, found, project.doors) ?? leansOnMore(file, found);
        if (message !== null) yield { path: file.path, line: found.line, message };
      }
  },
};

function opensDriver(file: SourceFile, { target, kind, specifier }: SourceImport, doors: ReadonlySet<string>): string | null {
  if (target === null || !driverFolder.test(target) || isDriverSide(file.path) || doors.has(file.path)) return null;
  if (file.path !== opener) return `${specifier} is a driver: only open.ts loads drivers`;
  return kind === "value" ? `${specifier} is a driver: open.ts loads it lazily, with import()` : null;
}

function leansOnMore({ path }: SourceFile, { target, specifier }: SourceImport): string | null {
  if (target === null || !isDriverSide(path) || ground.has(target)) return null;
  if (driverFolder.test(target)) {
    const isNeighbour = driverFolder.exec(path)?.[0] === driverFolder.exec(target)?.[0];
    return isNeighbour ? null : `${specifier} is a driver of another contract: what both need belongs into their server's room`;
  }
  if (serverRoom.test(target)) {
    const room = serverRoom.exec(target)![1]!;
    return roomsOf(path).includes(room) ? null : `${specifier} is the room of ${room}, which is not this driver's server`;
  }
  return `${specifier} is neither a contract nor the ground: a driver knows nothing above it`;
}

function isDriverSide(path: string): boolean {
  return driverFolder.test(path) || serverRoom.test(path);
}

/** brokers/redis.ts, brokers/redis/broker.ts and redis/connection.ts → redis; the rpc backend (backends/rpc.ts, backends/reply-….ts) → amqp. */
function roomsOf(path: string): readonly string[] {
  const server = /^(?:[a-z-]+\/)?(memory|redis|sqlite|postgres|amqp|rpc|reply)/.exec(path.slice(core.length))?.[1] ?? "";
  return server === "rpc" || server === "reply" ? ["amqp"] : [server];
}
