import { expect, it } from "vitest";
import { createFernet } from "../../../../../packages/airflow-bridge/src/dag/connections/fernet.ts";
import { systemClock } from "../../../../../packages/core/src/clock.ts";

/** Made by Python's cryptography 48: Fernet(key).encrypt_at_time("pässword".encode(), 1767225600). */
const key = "Pj4_Y2VsZXJpYWMtdGVzdC1rZXktb2YtMzItYnl0ZXM=";
const token = "gAAAAABpVbkA53n1_gm85U52onxuBqjFrMNd0zldarRVNle8OVwEOMIesRzZkFRLTAxHTJ9VIi1ZaZ_f6joTvX9FHd-4G2gb1g==";
const other = Buffer.alloc(32, 7).toString("base64url");

it("reads what Python has encrypted, with whichever of its keys fits", () => {
  expect(createFernet(key, systemClock).decrypt(token)).toBe("pässword");
  expect(createFernet(`${other}=, ${key}`, systemClock).decrypt(token)).toBe("pässword");
  expect(createFernet(`${other}=`, systemClock).decrypt(token)).toBeNull();
});

it("encrypts with its first key, in the form of Python's tokens, another one each time", () => {
  const fernet = createFernet(`${key},${other}=`, { now: () => 1_767_225_600_999 });
  const [one, two] = [fernet.encrypt("pässword"), fernet.encrypt("pässword")];
  expect([one.length, one.slice(0, 12), one.at(-1)]).toEqual([token.length, token.slice(0, 12), "="]);
  expect(one).not.toBe(two);
  for (const text of ["", "pässword", "x".repeat(1_000)]) expect(createFernet(key, systemClock).decrypt(fernet.encrypt(text))).toBe(text);
});

it("gives nothing of a token that was changed, or is none", () => {
  const fernet = createFernet(key, systemClock);
  const bytes = Buffer.from(token, "base64url");
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    expect(fernet.decrypt(changed.toString("base64url"))).toBeNull();
  }
  for (const none of ["", "gAAAAA", "x".repeat(100), token.slice(0, -20)]) expect(fernet.decrypt(none)).toBeNull();
});

it.each(["", "short", `${key},`, key.slice(0, -1), `${key}x`, Buffer.alloc(33).toString("base64url")])(
  "refuses the key %s, and shows nothing of it",
  (keys) => {
    expect(() => createFernet(keys, systemClock)).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: "CELERIAC_DAG_FERNET_KEY: expected keys of 32 bytes in URL-safe base64, with commas between them",
      }),
    );
  },
);
