/** What a browser keeps for us, sealed, read by no script and sent by no page of others: who has logged in, and a login on its way. */
import { fastifyCookie } from "@fastify/cookie";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Seal } from "./seal.ts";

/** One kind of what is kept. */
export interface Keepsake {
  keep(request: FastifyRequest, reply: FastifyReply, content: object): Promise<void>;
  /** null: there is none that holds */
  read(request: FastifyRequest): Promise<Readonly<Record<string, unknown>> | null>;
  forget(request: FastifyRequest, reply: FastifyReply): void;
}

export const sessionLifeMs = 12 * 3_600_000;
export const departureLifeMs = 10 * 60_000;

export function createKeepsake(seal: Seal, purpose: "session" | "login", lifeMs: number): Keepsake {
  // Over TLS under a name that browsers let nobody else set, from a neighbouring host or without encryption.
  const nameOf = (request: FastifyRequest) => `${request.protocol === "https" ? "__Host-" : ""}flower-${purpose}`;
  const set = (request: FastifyRequest, reply: FastifyReply, value: string, maxAge: number) => {
    const secure = request.protocol === "https";
    reply.header(
      "set-cookie",
      fastifyCookie.serialize(nameOf(request), value, { path: "/", httpOnly: true, sameSite: "lax", secure, maxAge }),
    );
  };
  return {
    keep: async (request, reply, content) => set(request, reply, await seal.close(purpose, content, lifeMs), lifeMs / 1000),
    async read(request) {
      const sealed = fastifyCookie.parse(request.headers.cookie ?? "")[nameOf(request)];
      return sealed === undefined || sealed === "" ? null : await seal.open(purpose, sealed);
    },
    forget: (request, reply) => set(request, reply, "", 0),
  };
}
