/** The connections of a task's process to its supervisor. */
import { connect, type Socket } from "node:net";

/** `address`: host:port. Rejects when nobody listens there. */
export function connectTo(address: string): Promise<Socket> {
  const at = address.lastIndexOf(":");
  return new Promise((ready, refused) => {
    const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)), noDelay: true });
    socket.once("connect", () => ready(socket)).once("error", refused);
  });
}
