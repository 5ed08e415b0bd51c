/** What a package keeps to itself, as it was built: for programs that tests start, which are built as well. */
export async function internal<M>(path: string): Promise<M> {
  return (await import(new URL(`../../../packages/${path}`, import.meta.url).href)) as M;
}
