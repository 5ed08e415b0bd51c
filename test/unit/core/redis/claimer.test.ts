import { expect, test } from "vitest";
import { Claimer } from "../../../../packages/core/src/brokers/redis/claimer.ts";
import type { Session } from "../../../../packages/core/src/brokers/redis/session.ts";
import { createFakeClock, quiet } from "../../../support/fake-clock.ts";

/** A claimer of list "q" whose claims are answered when a test says so, unless `run` answers them. */
function openClaimer({ run, tracks = true }: { readonly run?: () => Promise<unknown>; readonly tracks?: boolean } = {}) {
  const clock = createFakeClock();
  const answers: ((reply: unknown) => void)[] = [];
  const taken: string[] = [];
  let last = 0;
  const connection = {
    isOpen: true,
    areTogether: () => true,
    call: async (): Promise<unknown> => 0,
    run: run ?? (() => new Promise((resolve) => answers.push(resolve))),
  };
  let tell: (keys: readonly string[]) => void = () => {};
  const session: Pick<Session, "tracks" | "track" | "onChange"> = {
    tracks,
    track() {},
    onChange(listener) {
      tell = listener;
    },
  };
  const claimer: Claimer = new Claimer({
    clock,
    session: { ...session, data: connection } as unknown as Session,
    incarnation: "inc",
    sessionNumber: 1,
    steps: [["q"]],
    lookAgainMs: 1_000,
    credit: () => 10 - taken.length - claimer.asked,
    reserve: (count) => {
      last += count;
      return last - count;
    },
    workers: () => 1,
    claimed: (list, n, raw) => {
      taken.push(`${list} ${n} ${raw}`);
      return false;
    },
    fenced() {},
    refused() {},
  });
  return { claimer, clock, connection, answers, taken, tell };
}

test("takes what it asked for, under the numbers it chose", async () => {
  const { claimer, answers, taken } = openClaimer();
  claimer.start();
  answers[0]!([0, 1, ["one", "two"]]);
  await quiet();
  expect(taken).toEqual(["q 1 one", "q 2 two"]);
});

test("takes nothing when it is stopped before the answer: the next session finds it among its claims", async () => {
  const { claimer, answers, taken } = openClaimer();
  claimer.start();
  claimer.stop();
  answers[0]!([0, 1, ["one"]]);
  await quiet();
  expect(taken).toEqual([]);
});

/** Rejects each call; after a hundred it never answers, which ends what would else be an endless chain. */
function refuser() {
  const refusals = { count: 0 };
  const refuse = () => (++refusals.count > 100 ? new Promise(() => {}) : Promise.reject(new Error("the stream is not writeable")));
  return { refusals, refuse };
}

test("asks nothing of a connection that is gone, whatever it knows to be there", async () => {
  const { refusals, refuse } = refuser();
  const { claimer, connection } = openClaimer({ run: refuse });
  claimer.start();
  connection.isOpen = false;
  await quiet();
  expect(refusals.count).toBe(1);
});

test("waits after a refusal", async () => {
  const { refusals, refuse } = refuser();
  const { claimer, clock } = openClaimer({ run: refuse });
  claimer.start();
  await quiet();
  claimer.poke();
  await quiet();
  expect(refusals.count).toBe(1);
  await clock.advance(1_000);
  expect(refusals.count).toBe(2);
});

test("claims again what changed after it was found empty, and what is there although no notice came", async () => {
  const { claimer, clock, answers, connection, tell } = openClaimer();
  claimer.start();
  answers[0]!([0]);
  await quiet();
  expect(answers).toHaveLength(1);
  tell(["other"]);
  expect(answers).toHaveLength(1);
  tell(["q"]);
  expect(answers).toHaveLength(2);
  answers[1]!([0]);
  await clock.advance(1_000);
  expect(answers).toHaveLength(2);
  connection.call = async () => 1;
  await clock.advance(1_000);
  expect(answers).toHaveLength(3);
});

test("claims again what changed while its claim was on its way", async () => {
  const { claimer, answers, tell } = openClaimer();
  claimer.start();
  tell(["q"]);
  answers[0]!([0]);
  await quiet();
  expect(answers).toHaveLength(2);
});

test("where nothing is told it asks 20 times a second behind what was found, and then down to 4 times", async () => {
  let asked = 0;
  let found: readonly unknown[] = [];
  const { claimer, clock } = openClaimer({
    tracks: false,
    async run() {
      asked++;
      return [0, ...found];
    },
  });
  claimer.start();
  await clock.advance(5_000);
  asked = 0;
  await clock.advance(1_000);
  expect(asked).toBe(4);
  found = [1, ["one"]];
  await clock.advance(250);
  found = [];
  asked = 0;
  await clock.advance(350);
  expect(asked).toBe(3);
  claimer.stop();
  expect(clock.pending).toBe(0);
});
