/** Secrets that a process has read. What one test hides stays hidden for the others: each has its own. */
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { hideSecret } from "../../../packages/core/src/known-secrets.ts";
import { redact, redactText, stars } from "../../../packages/core/src/redact.ts";

it("takes a secret out of a text in every form that it may have there", () => {
  const secret = 'q"7/ü+.*\\x';
  hideSecret(secret);
  for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
    expect(redactText(`(${form}|${form})`)).toBe(`(${stars}|${stars})`);
  expect(redact({ a: [secret, new Error(`no ${secret}`)] })).toMatchObject({ a: [stars, { message: `no ${stars}` }] });
});

it("takes one out line by line, as a log has it", () => {
  hideSecret("-----BEGIN KEY-----\nMIIkey-line-1\nabc\n-----END KEY-----\n");
  expect(["MIIkey-line-1", "say abc"].map(redactText)).toEqual([stars, "say abc"]);
});

it("takes the longer one where one is part of another", () => {
  hideSecret("inner-secret");
  hideSecret("inner-secret-and-outer");
  expect(redactText("inner-secret-and-outer inner-secret")).toBe(`${stars} ${stars}`);
});

it("leaves what is too short to be one, and Airflow's own name", () => {
  for (const word of ["", "four", "airflow"]) hideSecret(word);
  expect(redactText("four airflows")).toBe("four airflows");
});

it("forgets the ones that nobody has read for long", () => {
  hideSecret("read-long-ago");
  hideSecret("read-again-and-again");
  for (let n = 0; n < 999; n++) {
    hideSecret(`changes-every-hour-${n}.`);
    hideSecret("read-again-and-again");
  }
  expect(redactText("read-long-ago read-again-and-again changes-every-hour-998.")).toBe(`read-long-ago ${stars} ${stars}`);
});

it("holds for whatever text is a secret", () => {
  // Some of them are ordinary words, such as "value": other tests of this process are to read those in their texts.
  onTestFinished(() => {
    for (let n = 0; n < 1_000; n++) hideSecret(`takes-the-place-of-another-${n}.`);
  });
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 5, maxLength: 20 }), fc.string(), (secret, around) => {
      fc.pre(!secret.includes("*") && secret !== "airflow");
      hideSecret(secret);
      expect(redactText(`${around}${secret}${around}`)).not.toContain(secret);
    }),
  );
});
