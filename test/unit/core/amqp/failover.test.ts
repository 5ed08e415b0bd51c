import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAmqpUrls } from "../../../../packages/core/src/amqp/address.ts";
import { createFailover, type Failover } from "../../../../packages/core/src/amqp/failover.ts";

const servers = (...hosts: string[]) => parseAmqpUrls(hosts.map((host) => `amqp://${host}`).join(";"));
const turn = (failover: Failover) => failover.inTurn().map(({ hostname }) => hostname);
const reach = (failover: Failover, host: string) => failover.reached(failover.inTurn().find(({ hostname }) => hostname === host)!);

describe("several servers", () => {
  test("are tried as listed, from the one that was reached last on", () => {
    const failover = createFailover(servers("a", "b", "c"));
    expect(turn(failover)).toEqual(["a", "b", "c"]);
    reach(failover, "b");
    expect(turn(failover)).toEqual(["b", "c", "a"]);
    reach(failover, "b");
    expect(turn(failover)).toEqual(["b", "c", "a"]);
    reach(failover, "a");
    expect(turn(failover)).toEqual(["a", "b", "c"]);
  });

  test("are tried in any order where that is wanted, the one that was reached last first", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 9, maxLength: 9 }), fc.nat(2), (dice, at) => {
        const failover = createFailover(servers("a", "b", "c"), "shuffle", () => dice.pop() ?? 0);
        expect(turn(failover).sort()).toEqual(["a", "b", "c"]);
        const host = "abc"[at]!;
        reach(failover, host);
        expect(turn(failover)[0]).toBe(host);
        expect(turn(failover).sort()).toEqual(["a", "b", "c"]);
      }),
    );
    const dice = [0.9, 0.1, 0.5];
    expect(turn(createFailover(servers("a", "b", "c"), "shuffle", () => dice.shift()!))).toEqual(["b", "c", "a"]);
  });

  test("share the time that one alone would have, 1 s each at least", () => {
    const timeouts = (...hosts: string[]) =>
      createFailover(servers(...hosts))
        .inTurn()
        .map(({ timeoutMs }) => timeoutMs);
    expect(timeouts("a")).toEqual([4_000]);
    expect(timeouts("a", "b")).toEqual([2_000, 2_000]);
    expect(timeouts(..."abcdefgh")).toEqual(Array(8).fill(1_000));
    expect(timeouts("a?connect_timeout=0.5", "b?connect_timeout=30")).toEqual([500, 15_000]);
  });
});
