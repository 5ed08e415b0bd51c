/** How a promise ended, for one that may reject before anybody looks. */
export function endOf<T>(promise: Promise<T>) {
  const end: { value?: T; error?: unknown } = {};
  promise.then(
    (value) => Object.assign(end, { value }),
    (error: unknown) => Object.assign(end, { error }),
  );
  return end;
}
