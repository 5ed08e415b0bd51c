/** Says that two types are the same, or does not compile. */
export type Equal<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false;

/** `expectType<Equal<typeof value, Expected>>()` */
export function expectType<_ extends true>(): void {}
