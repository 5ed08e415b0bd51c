/** What happens to an order: it is looked at, charged, confirmed, and its customer reminded of it. */
import { type ContextOf, createApp } from "celeriac";

/** What the tasks need of the world: opened once in each process that runs them. */
export interface World {
  readonly bank: { charge(order: number, signal: AbortSignal): Promise<string> };
  readonly mail: { send(to: string, text: string): Promise<void> };
}

export class MailServerAway extends Error {}

export const app = createApp<World>("orders", {
  broker: process.env["BROKER_URL"],
  deps: () => ({
    bank: {
      charge: async (order, signal) => (await fetch(`https://bank.example/charge/${order}`, { method: "POST", signal })).text(),
    },
    mail: {
      async send(to, text) {
        const answer = await fetch(`https://mail.example/${to}`, { method: "POST", body: text });
        if (answer.status >= 500) throw new MailServerAway(answer.statusText);
      },
    },
  }),
});

type Self = ContextOf<typeof app>;

/** A model in Python tells how likely an order is a fraud, 0 to 1. */
export const suspicion = app.declare<(order: number) => number>("ml.suspicion", { queue: "ml" });

export const confirm = app.bound(
  "orders.confirm",
  { autoretryFor: [MailServerAway], maxRetries: 5, retryBackoff: "1m", retryJitter: false },
  async (self: Self, to: string, receipt: string) => {
    await self.deps.mail.send(to, `Thank you. ${receipt}`);
  },
);

/** A bank that does not answer within half a minute has not charged anything. */
export const charge = app.bound("orders.charge", { softTimeLimit: "30s" }, async (self: Self, order: number) =>
  self.deps.bank.charge(order, self.signal),
);

export const remind = app.bound("orders.remind", async (self: Self, to: string, order: number) => {
  await self.deps.mail.send(to, `How do you like order ${order}?`);
});

/** Gives whether the order was taken. */
export const place = app.bound("orders.place", async (_self: Self, order: number, to: string) => {
  if ((await suspicion.delay(order).get()) > 0.9) return false;
  const receipt = await charge.delay(order).get();
  await confirm.delay(to, receipt);
  await remind.applyAsync([to, order], { countdown: "3d", expires: "5d" });
  return true;
});
