/** Who is at the other end of a connection to a loopback port: any user of the machine can connect to one, and only the task's process may. */
import { readdir, readFile, readlink } from "node:fs/promises";
import type { Socket } from "node:net";
import { type Clock, reasonOf } from "@celeriac/core/runtime";

/** A connection is not in the kernel's table the instant it is accepted. */
const looks = 20;
const lookAgainMs = 50;

/** Whether the connection was made by process `pid` or one that it started. Known on Linux; elsewhere every connection is taken for one. */
export async function isFromProcess(socket: Socket, pid: number, clock: Clock): Promise<boolean> {
  if (process.platform !== "linux") return true;
  for (let look = 0; look < looks; look++) {
    const inode = await inodeOfPeer(socket);
    // Whoever connects has the socket before the kernel lists it.
    if (inode !== null) return await holdsSocket(pid, inode);
    await clock.sleep(lookAgainMs);
  }
  return false;
}

/** The inode of the socket at the other end, from the kernel's table of connections. */
async function inodeOfPeer({ remotePort, localPort }: Socket): Promise<string | null> {
  const ports = [`:${hexPort(remotePort)}`, `:${hexPort(localPort)}`] as const;
  for (const line of (await readFile("/proc/net/tcp", "latin1")).split("\n")) {
    const [, local = "", remote = "", , , , , , , inode] = line.trim().split(/\s+/);
    if (local.endsWith(ports[0]) && remote.endsWith(ports[1]) && inode !== undefined) return inode;
  }
  return null;
}

function hexPort(port = 0): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}

async function holdsSocket(pid: number, inode: string): Promise<boolean> {
  try {
    for (const fd of await readdir(`/proc/${pid}/fd`))
      if ((await readlink(`/proc/${pid}/fd/${fd}`).catch(reasonOf)) === `socket:[${inode}]`) return true;
    for (const child of (await readFile(`/proc/${pid}/task/${pid}/children`, "latin1")).split(" "))
      if (child !== "" && (await holdsSocket(Number(child), inode))) return true;
    return false;
  } catch {
    // It has ended meanwhile, or is another user's: then it is not ours.
    return false;
  }
}
