/** What may become of one of Celery's settings, and how rows of `celery-settings.ts` say it. */

export type CelerySetting =
  /** means here what it means there */
  | { readonly kind: "kept" }
  /** `agrees`: values that ask for nothing but what is done anyway, of which nothing is said */
  | { readonly kind: "unused"; readonly why: string; readonly agrees: readonly unknown[] };

export function kept<const N extends string>(...names: readonly N[]): Record<N, CelerySetting> {
  return rows(names, { kind: "kept" });
}

export function unused<const N extends string>(
  why: string,
  names: readonly N[],
  agrees: readonly unknown[] = [],
): Record<N, CelerySetting> {
  return rows(names, { kind: "unused", why, agrees });
}

function rows<N extends string>(names: readonly N[], row: CelerySetting): Record<N, CelerySetting> {
  return Object.fromEntries(names.map((name) => [name, row])) as Record<N, CelerySetting>;
}

// Reasons that are given for settings of several kinds.
export const ownProcess = "whatever starts the process decides it: systemd, a container, a shell";
