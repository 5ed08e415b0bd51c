/** What the monitor gives a browser to keep: nobody can read, make or change it, nor use it for something else or later. */
import { hkdfSync } from "node:crypto";
import type { Clock } from "@celeriac/core/runtime";
import { EncryptJWT, jwtDecrypt } from "jose";

export interface Seal {
  close(purpose: string, content: object, lifeMs: number): Promise<string>;
  /** null: it was not made here for this purpose, or its time is over */
  open(purpose: string, sealed: string): Promise<Readonly<Record<string, unknown>> | null>;
}

export function createSeal(secret: string, clock: Pick<Clock, "now">): Seal {
  const key = new Uint8Array(hkdfSync("sha256", secret, "", "celeriac monitor seal", 32));
  return {
    close(purpose, content, lifeMs) {
      const until = Math.floor((clock.now() + lifeMs) / 1000);
      return new EncryptJWT({ ...content })
        .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
        .setAudience(purpose)
        .setExpirationTime(until)
        .encrypt(key);
    },
    async open(purpose, sealed) {
      try {
        const { payload } = await jwtDecrypt(sealed, key, {
          audience: purpose,
          currentDate: new Date(clock.now()),
          requiredClaims: ["exp"],
        });
        return payload;
      } catch {
        return null;
      }
    },
  };
}
