/** Cuts the connections of drivers under test at the server, as an operator or a failing proxy would. */
import { Redis } from "ioredis";

/** Ends every connection of ours to the URLs' databases; resolves when the servers have closed them. */
export async function cutRedisConnections(urls: readonly string[]): Promise<void> {
  await Promise.all(urls.map(cut));
}

async function cut(url: string): Promise<void> {
  const client = new Redis(url, { protocol: 2 });
  try {
    const db = new URL(url).pathname.slice(1);
    for (const line of String(await client.client("LIST")).split("\n")) {
      const id = /^id=(\d+) .* name=celeriac:/.exec(line)?.[1];
      if (id === undefined || !line.includes(` db=${db} `)) continue;
      // It may have gone by itself meanwhile.
      await client.client("KILL", "ID", id);
    }
  } finally {
    client.disconnect();
  }
}
