/** The tasks' side of the notice board of the pair tests. */
import { connect } from "node:net";

/** Says something on the board of that port; resolves when it was noted, and who is held there may go on. */
export function say(port: number, key: string, value: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${JSON.stringify([key, value])}\n`));
    socket.once("data", () => resolve());
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("The board was closed")));
  });
}
