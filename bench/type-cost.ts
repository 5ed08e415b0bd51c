/** What the compiler says that a project cost it. */

export interface TypeCost {
  /** the same on every machine, unlike the rest */
  readonly instantiations: number;
  readonly types: number;
  readonly checkMs: number;
  readonly memoryMb: number;
}

/** From the text of `tsc --extendedDiagnostics`. Throws with that text where a figure is missing. */
export function typeCostOf(diagnostics: string): TypeCost {
  const figure = (name: string): number => {
    const text = new RegExp(`^${name}:\\s+([\\d.]+)`, "m").exec(diagnostics)?.[1];
    if (text === undefined) throw new Error(`the compiler did not say its ${name}:\n${diagnostics}`);
    return Number(text);
  };
  return {
    instantiations: figure("Instantiations"),
    types: figure("Types"),
    checkMs: figure("Check time") * 1_000,
    memoryMb: figure("Memory used") / 1_024,
  };
}
