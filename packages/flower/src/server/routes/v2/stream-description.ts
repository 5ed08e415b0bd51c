/** What OpenAPI can say of the streams: they answer with events, not with JSON. */

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
  "/events": {
    get: {
      summary: "Every event of workers and producers as it was told, but for its secrets, ten times a second at most.",
      description:
        'Each is a JSON object with Celery\'s keys: type, uuid, hostname, timestamp, clock and what its type adds. A client that comes back with Last-Event-ID, or after, gets what it missed in the last minute; {"type":"gap","dropped":N} stands where something is lost, and 0 where nobody knows how much.',
      parameters: [
        { name: "types", in: "query", required: false, description: "Such as task-succeeded,worker-online; unless given, all.", ...text },
        {
          name: "uuids",
          in: "query",
          required: false,
          description: "Of these tasks alone: ids, each URL-encoded, with commas between them, 200 at most.",
          ...text,
        },
        {
          name: "after",
          in: "query",
          required: false,
          description: "In place of Last-Event-ID: the id of the last event that came.",
          ...text,
        },
      ],
      responses: events,
    },
  },
} as const;
