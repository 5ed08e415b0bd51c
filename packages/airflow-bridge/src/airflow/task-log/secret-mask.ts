/** Takes a task's secrets out of its log: what Airflow's server gave it as such, whatever text they stand in. */
import { isSecretKey } from "@celeriac/core/runtime";

/** Shorter ones would blot out ordinary words; the default of Airflow's `[logging] min_length_masked_secret`. */
const shortest = 5;
/** As Airflow writes it. */
const mark = "***";

export class SecretMask {
  #secrets: readonly string[] = [];

  /** Texts, and those in lists and objects. */
  add(secret: unknown): void {
    if (typeof secret === "object" && secret !== null) {
      for (const part of Object.values(secret)) this.add(part);
    } else if (typeof secret === "string" && secret.length >= shortest && !this.#secrets.includes(secret)) {
      // One may be part of another.
      this.#secrets = [...this.#secrets, secret].sort((a, b) => b.length - a.length);
    }
  }

  /** A connection's `extra`: as a whole, and what its JSON calls a secret. */
  addExtra(extra: string): void {
    this.add(extra);
    try {
      this.#addNamed(JSON.parse(extra));
    } catch {
      // It may be any text.
    }
  }

  #addNamed(value: unknown): void {
    if (typeof value !== "object" || value === null) return;
    for (const [key, part] of Object.entries(value)) isSecretKey(key) ? this.add(part) : this.#addNamed(part);
  }

  /** The JSON of a log line without them. */
  line(fields: Readonly<Record<string, unknown>>): string {
    return JSON.stringify(fields, (key, value: unknown) => {
      if (typeof value === "bigint") return String(value);
      if (typeof value !== "string") return value;
      return isSecretKey(key) ? mark : this.text(value);
    });
  }

  text(text: string): string {
    let masked = text;
    for (const secret of this.#secrets) masked = masked.replaceAll(secret, mark);
    return masked;
  }
}
