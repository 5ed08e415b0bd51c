/** The beat: builds its rooms, starts and stops them in order. Any number may run: one of them leads and sends, the others wait to take its place. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { App } from "@celeriac/core";
import {
  type AppRuntime,
  CeleriacError,
  createSender,
  createService,
  durationMs,
  type HttpServer,
  type Logger,
  reasonOf,
  resolveSettings,
  runtimeOf,
  type Service,
  scheduleStorePlace,
  silentLogger,
} from "@celeriac/core/runtime";
import { Book } from "./book.ts";
import { Courier } from "./courier.ts";
import { Leader } from "./leader.ts";
import { type BeatOptions, beatOptionTable } from "./options.ts";
import { Peers } from "./peers.ts";
import { Rounds } from "./rounds.ts";
import { type BeatStats, nothingSent } from "./stats.ts";

/** What whoever embeds a beat may add; the command does. */
export interface BeatSurroundings {
  readonly logger?: Logger | undefined;
  /** It runs inside a worker. */
  readonly isEmbedded?: boolean | undefined;
}

export interface Beat extends Service {
  stats(): BeatStats;
}

/** Throws CONFIG_UNKNOWN, CONFIG_INVALID and CONFIG_DURATION for options, APP_NOT_FOUND for what is no app. */
export function createBeat(app: App<unknown>, options: BeatOptions = {}, surroundings: BeatSurroundings = {}): Beat {
  const found = runtimeOf(app);
  if (found === undefined) throw new CeleriacError("APP_NOT_FOUND", "createBeat takes an app made by createApp");
  const runtime: AppRuntime = found;
  const given = resolveSettings(beatOptionTable, options);
  const logger = surroundings.logger ?? silentLogger;
  let rooms: {
    readonly leader: Leader;
    readonly rounds: Rounds;
    readonly courier: Courier;
    readonly book: Book;
    readonly peers: Peers | null;
  } | null = null;
  let probes: HttpServer | null = null;
  let isStarted = false;
  let isStopping = false;

  async function open() {
    probes = await serveProbes();
    const store = await runtime.scheduleStore();
    const { clock } = runtime;
    const id = randomUUID();
    const ttlMs = durationMs(given.failover, "failover");
    const { url } = scheduleStorePlace(runtime.settings);
    // Whoever reaches the broker reaches what lies with it.
    const peers = url === runtime.settings.brokerUrl ? null : new Peers({ runtime, store, logger, id, everyMs: ttlMs / 6 });
    const sender = createSender(runtime);
    const book = new Book({ runtime, store, logger, changed: (name) => rounds.plan(name) });
    const leader: Leader = new Leader({
      ...{ store, clock, logger },
      ...{ holder: `${hostname()}.${id}`, ttlMs },
      allowed: async (leadsSince) => peers?.look(leadsSince),
      async gained(token) {
        logger.info("beat-leading", { term: token });
        await rounds.begin(async () => {
          if ((await book.open(token)) === "lost") leader.stepDown();
          else logger.info("the schedule is read", { entries: book.size });
        });
      },
      lost(reason) {
        rounds.end();
        logger.warn("beat-following", { reason });
      },
      async looked(revision) {
        if (leader.token === null) return;
        await book.follow(revision);
        await courier.flush();
      },
    });
    const courier = new Courier({
      ...{ store, clock, logger },
      sender: (departure) => createSender(runtime, departure),
      now: () => leader.now(),
      term: () => leader.term,
      token: () => leader.token,
      isStopping: () => isStopping,
    });
    const rounds: Rounds = new Rounds({ runtime, sender, store, logger, book, courier, leader });
    rooms = { leader, rounds, courier, book, peers };
    await leader.start();
    isStarted = true;
    if (leader.token === null && leader.loss === null) logger.info("beat-following", { reason: "another beat leads" });
  }

  /** Before anything else, so that whoever probes sees a beat that waits for its store. */
  async function serveProbes(): Promise<HttpServer | null> {
    if (given.http === null) return null;
    const opened = await (await import("./probes/probes.ts")).openProbes(given.http, { stats, started: () => isStarted });
    logger.info("probes are served", { url: opened.url });
    return opened;
  }

  const service = createService("beat", {
    async start() {
      runtime.signals.send("beatInit", () => ({ hostname: hostname() }));
      if (surroundings.isEmbedded === true) runtime.signals.send("beatEmbeddedInit", () => ({ hostname: hostname() }));
      try {
        await open();
      } catch (error) {
        // Nobody has to stop a beat that did not start: its probes would keep their port, and its ear the process.
        await Promise.all([probes?.close(), rooms?.peers?.close()]);
        throw error;
      }
    },
    /** Nothing more is begun → what is being sent ends → it is written down → the lead is given back. */
    async stop(deadlineMs = durationMs(given.grace, "grace")) {
      if (rooms === null) return await probes?.close();
      const { leader, rounds, courier, peers } = rooms;
      isStopping = true;
      const late = runtime.clock.sleep(deadlineMs, undefined, { background: true });
      const quiet = Promise.all([leader.stop(), rounds.stop()])
        .then(() => courier.flush())
        .then(() => Promise.all([leader.resign(), peers?.close()]));
      await Promise.race([quiet.catch((error: unknown) => logger.warn("beat did not stop in order", { reason: reasonOf(error) })), late]);
      await probes?.close();
      logger.info("beat-stopped", { sent: rounds.stats.sent });
    },
  });

  function stats(): BeatStats {
    const leads = rooms !== null && rooms.leader.token !== null;
    const nextDueAt = rooms?.rounds.nextAt ?? null;
    return {
      ...(rooms?.rounds.stats ?? nothingSent),
      leads,
      entries: rooms?.book.size ?? 0,
      nextDueAt,
      lagMs: rooms === null || !leads || nextDueAt === null ? 0 : Math.max(0, rooms.leader.now() - nextDueAt),
      loss: rooms?.leader.loss ?? null,
    };
  }

  return { ...service, stats };
}
