/** The feed of events, with clients that only note what they are told. */
import { expect, it } from "vitest";
import { contentRules } from "../../../../packages/core/src/content.ts";
import type { HeardMessage } from "../../../../packages/flower/src/server/history/history.ts";
import { createRedactor } from "../../../../packages/flower/src/server/security/redaction.ts";
import { EventFeed } from "../../../../packages/flower/src/server/stream/event-feed.ts";
import { type EventWish, readEventWish } from "../../../../packages/flower/src/server/stream/wish.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { heard, taskEvent } from "../../../support/heard.ts";

function world() {
  const clock = createFakeClock();
  const followers = new Set<(message: HeardMessage) => void>();
  const ear = {
    follow(follower: (message: HeardMessage) => void) {
      followers.add(follower);
      return () => followers.delete(follower);
    },
  };
  const content = contentRules({ acceptContent: ["json"], maxMessageBytes: 1_000_000 });
  const feed = new EventFeed({ clock, ear, content, redactor: createRedactor() });
  const hear = (message: HeardMessage) => {
    for (const follower of followers) follower(message);
  };
  return {
    clock,
    feed,
    followers,
    hear,
    /** "started:a" */
    tell: (...events: readonly string[]) => {
      for (const event of events) hear(heard(taskEvent(event.split(":")[0]!, event.split(":")[1]!, 1)));
    },
    client(wish: EventWish = readEventWish({}), lastEventId?: string) {
      const texts: string[] = [];
      const client = { id: lastEventId, isEnded: false, writes: 0 };
      const note = (text: string) => {
        for (const [, id] of text.matchAll(/^id: (.*)$/gm)) client.id = id;
        texts.push(...[...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data!));
      };
      const write = (text: string) => {
        client.writes += 1;
        note(text);
      };
      const end = () => {
        client.isEnded = true;
      };
      const leave = feed.join({ write, ping: note, end }, wish, lastEventId);
      const taken = () =>
        texts.splice(0).map((text) => {
          const { type, uuid, dropped } = JSON.parse(text);
          return dropped === undefined ? `${type.slice(5)}:${uuid}` : `lost ${dropped}`;
        });
      return Object.assign(client, { leave, taken });
    },
  };
}

it("tells what is heard in a tenth of a second in one piece, to each what it wants", async () => {
  const { clock, tell, client } = world();
  const all = client();
  const some = client(readEventWish({ types: "task-succeeded,task-failed", uuids: "a,b" }));
  tell("started:a", "succeeded:a", "succeeded:c");
  expect(all.taken()).toEqual([]);
  await clock.advance(100);
  expect([all.taken(), all.writes]).toEqual([["started:a", "succeeded:a", "succeeded:c"], 1]);
  expect(some.taken()).toEqual(["succeeded:a"]);
});

it("gives a client that comes back what it missed, also where little of it was for it", async () => {
  const { clock, tell, client } = world();
  const one = client(readEventWish({ types: "task-failed" }));
  client();
  tell("failed:a");
  await clock.advance(100);
  one.leave();
  tell("started:b", "failed:b");
  await clock.advance(59_000);
  expect(client(readEventWish({ types: "task-failed" }), one.id).taken()).toEqual(["failed:b"]);
  const two = client(readEventWish({ types: "task-failed" }));
  tell("started:c");
  await clock.advance(15_000);
  two.leave();
  tell("failed:d");
  // The last that was for it is forgotten by now; where it was told to be is not.
  await clock.advance(50_000);
  expect(client(readEventWish({ types: "task-failed" }), two.id).taken()).toEqual(["failed:d"]);
});

it("says how much is lost, or that nobody knows", async () => {
  const { clock, tell, client } = world();
  const one = client();
  client();
  tell("started:a");
  await clock.advance(100);
  one.leave();
  tell("succeeded:a");
  await clock.advance(61_000);
  tell("started:b");
  await clock.advance(100);
  expect(client(undefined, one.id).taken()).toEqual(["lost 2"]);
  expect(client(undefined, "feed-1").taken()).toEqual(["lost 0"]);
  expect(client(undefined, "nonsense").taken()).toEqual(["lost 0"]);
});

it("reads nothing before somebody listens, nor a minute after the last one left", async () => {
  const { clock, feed, tell, client, followers } = world();
  expect(followers.size).toBe(0);
  const one = client();
  tell("started:a");
  one.leave();
  await clock.advance(59_000);
  expect(followers.size).toBe(1);
  const back = client(undefined, one.id);
  expect(back.taken()).toEqual(["started:a"]);
  await clock.advance(10_000);
  expect(followers.size).toBe(1);
  back.leave();
  await clock.advance(61_000);
  expect(followers.size).toBe(0);
  // What was told meanwhile nobody knows.
  expect(client(undefined, back.id).taken()).toEqual(["lost 0"]);
  const last = client();
  feed.close();
  expect([last.isEnded, followers.size]).toEqual([true, 0]);
});

it("passes over what is no event", async () => {
  const { clock, hear, tell, client } = world();
  const one = client();
  hear({ body: Buffer.from("{nonsense"), headers: {}, contentType: "application/json" });
  hear({ body: Buffer.from("[1, null]"), headers: {}, contentType: "application/json" });
  tell("started:a");
  await clock.advance(100);
  expect(one.taken()).toEqual(["started:a"]);
});
