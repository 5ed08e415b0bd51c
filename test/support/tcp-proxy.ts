/** A TCP proxy in front of a server, so that a test can cut or stall connections without touching the server. */
import { connect, createServer, type Server, type Socket } from "node:net";

export interface TcpProxy {
  readonly port: number;
  /** Destroys every connection there is now; new ones are accepted at once. */
  cut(): void;
  /** From now on all connections are destroyed, those there are and those to come, as at a server that is down; `accept` ends it. */
  refuse(): void;
  accept(): void;
  /** From now on nothing is forwarded and nothing closed, like a network that swallows packets; `resume` forwards again. */
  stall(): void;
  resume(): void;
  /** From now on what the server says on connections there are now reaches nobody; what it is told still does. */
  mute(): void;
  /** connections open now */
  readonly connections: number;
  close(): Promise<void>;
}

/** Listens on a free loopback port and forwards to `port` of 127.0.0.1. */
export async function startTcpProxy(port: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const upstreams = new Set<Socket>();
  let stalled = false;
  let refusing = false;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((client) => {
    if (refusing) {
      client.on("error", () => {}).destroy();
      return;
    }
    const upstream = connect(port, "127.0.0.1");
    upstreams.add(upstream);
    upstream.on("close", () => upstreams.delete(upstream));
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on("data", (bytes) => to.write(bytes));
      from.on("error", () => {});
      from.on("end", () => to.end());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
      if (stalled) from.pause();
    }
  });
  await listen(server);
  return {
    port: (server.address() as { port: number }).port,
    cut,
    refuse() {
      refusing = true;
      cut();
    },
    accept() {
      refusing = false;
    },
    stall() {
      stalled = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      stalled = false;
      for (const socket of sockets) socket.resume();
    },
    mute() {
      for (const upstream of upstreams) upstream.pause();
    },
    get connections() {
      return sockets.size / 2;
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
}
