/** Time in a browser, and the only place of these pages that asks for it. */

/** epoch seconds */
export function now(): number {
  return Date.now() / 1000;
}

/** Calls `fire` once after so many seconds; gives back how to call it off. */
export function after(seconds: number, fire: () => void): () => void {
  const timer = setTimeout(fire, seconds * 1000);
  return () => clearTimeout(timer);
}

/** Calls `fire` every so many seconds; gives back how to end it. */
export function every(seconds: number, fire: () => void): () => void {
  const timer = setInterval(fire, seconds * 1000);
  return () => clearInterval(timer);
}
