/** What OpenAPI can say of the stream: it answers with events, not with JSON. */

const text = { schema: { type: "string" } } as const;
const events = {
  200: { description: "Server-sent events", content: { "text/event-stream": {} } },
  503: { description: "Too many streams: ask again after Retry-After" },
};

export const streamDescription = {
  "/stream": {
    get: {
      summary: "What changes, as it changes: hello, snapshots, deltas, gaps and pings, four times a second at most.",
      description:
        "Each event is a StreamFrame of JSON. A client that comes back with Last-Event-ID gets what it missed, or a snapshot, and a gap where something is lost.",
      parameters: [
        { name: "topics", in: "query", required: true, description: "Of overview, workers and tasks, with commas between them.", ...text },
        {
          name: "uuids",
          in: "query",
          required: false,
          description:
            "Of topic tasks: ids, each URL-encoded, with commas between them, 200 at most; of others it is only told how many there were.",
          ...text,
        },
      ],
      responses: events,
    },
  },
} as const;
