/** Secrets that this process has read, such as the password of a connection: redact.ts takes them out of every text that people read. */

/** Shorter ones would blot out ordinary words; the default of Airflow 3's `[logging] min_length_masked_secret`. */
const shortest = 5;
/** Airflow's own name and that of its database user, which it does not mask either. */
const harmless = "airflow";
/** The last that were read: a secret that changes every hour makes no text slow for ever. */
const most = 1_000;

/** each with the forms in which it may stand in a text */
const known = new Map<string, readonly string[]>();
let pattern: RegExp | null = null;

/** From now on in this process. Safe to repeat; what is shorter than 5 characters is no secret. */
export function hideSecret(secret: string): void {
  if (secret.length < shortest || secret.toLowerCase() === harmless) return;
  const isNew = !known.delete(secret);
  known.set(secret, formsOf(secret));
  if (!isNew) return;
  for (const oldest of known.keys()) {
    if (known.size <= most) break;
    known.delete(oldest);
  }
  pattern = null;
}

export function withoutKnownSecrets(text: string, mark: string): string {
  if (known.size === 0) return text;
  pattern ??= patternOf([...known.values()].flat());
  return text.replace(pattern, mark);
}

/** As it is, in a URL, in JSON, and line by line. */
function formsOf(secret: string): readonly string[] {
  const lines = secret.split(/[\r\n]+/);
  const forms = [secret, JSON.stringify(secret).slice(1, -1), ...lines];
  // Half a sign, which no URL can hold.
  if (!/\p{Surrogate}/u.test(secret)) forms.push(encodeURIComponent(secret));
  return forms.filter((form) => form.length >= shortest);
}

/** One may be part of another. */
function patternOf(forms: readonly string[]): RegExp {
  const longestFirst = [...new Set(forms)].sort((one, other) => other.length - one.length);
  return new RegExp(longestFirst.map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"), "g");
}
