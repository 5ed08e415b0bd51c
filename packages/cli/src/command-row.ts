/** What the table says of a command. */
import type { OptionTable } from "./option.ts";

export interface PositionalRow {
  readonly doc: string;
  /** zero or more: the last one only; all others are required unless `optional` */
  readonly many: boolean;
  readonly optional?: true;
}

export interface CommandRow {
  readonly doc: string;
  /** what one has to know beyond the line above; paragraphs */
  readonly notes: readonly string[];
  /** by name, in order */
  readonly positionals: Readonly<Record<string, PositionalRow>>;
  readonly options: OptionTable;
  readonly examples: readonly (readonly [line: string, doc: string])[];
  readonly exitCodes: Readonly<Record<number, string>>;
}
