/** What the table of errors has of each code. Ground floor, imports nothing. */

export type ErrorRow = readonly [happened: string, remedy: string];
export type ErrorRows = Readonly<Record<string, ErrorRow>>;
