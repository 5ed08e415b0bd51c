/** Whose certificate a client has shown: TLS lets nobody through whose certificate no authority of ours has signed. */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** Its common name, or its whole subject where it has none; null: there is none, or it was not checked. */
export function certificateName(socket: Socket): string | null {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return null;
  const { subject } = socket.getPeerCertificate();
  if (subject === undefined) return null;
  // There may be several of a kind, whatever the types say.
  const [name] = [(subject as { readonly CN?: string | readonly string[] }).CN ?? []].flat();
  return (
    name ??
    Object.entries(subject)
      .map(([kind, value]) => `${kind}=${value}`)
      .join(",")
  );
}
