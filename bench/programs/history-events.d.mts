import type { HeardMessage, History } from "@celeriac/flower";

export function openFile(path: string): Promise<History>;
export function eventsOf(n: number, at: number): readonly object[];
export function messageOf(events: readonly object[]): HeardMessage;
