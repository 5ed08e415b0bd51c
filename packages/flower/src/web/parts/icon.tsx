/** Our icons: strokes on a field of 16 × 16, in the colour of the text beside them. They never stand for a word alone, so nothing reads them aloud. */

const paths = {
  overview: "M1.5 8.5h3l2-5.5 3 10 2-4.5h3",
  workers: "M3 2.5h10v4.5H3zM3 9h10v4.5H3zM5.4 4.75h.01M5.4 11.25h.01M8 4.75h2.8M8 11.25h2.8",
  tasks: "M6 3.5h8M6 8h8M6 12.5h8M2.2 3.5h.6M2.2 8h.6M2.2 12.5h.6",
  dags: "M5.2 3.5a1.7 1.7 0 1 1-3.4 0 1.7 1.7 0 0 1 3.4 0zM5.2 12.5a1.7 1.7 0 1 1-3.4 0 1.7 1.7 0 0 1 3.4 0zM14.2 8a1.7 1.7 0 1 1-3.4 0 1.7 1.7 0 0 1 3.4 0zM5.2 3.5c3.4 0 2.4 4.5 5.6 4.5M5.2 12.5c3.4 0 2.4-4.5 5.6-4.5",
  search: "M11.2 11.2 14 14M12.5 7.2a5.3 5.3 0 1 1-10.6 0 5.3 5.3 0 0 1 10.6 0z",
  check: "m3 8.6 3.2 3.2L13 4.8",
  cross: "m4 4 8 8M12 4l-8 8",
  up: "M8 13V3M3.8 7.2 8 3l4.2 4.2",
  down: "M8 3v10M3.8 8.8 8 13l4.2-4.2",
  left: "M10 3.5 5.5 8l4.5 4.5",
  right: "m6 3.5 4.5 4.5L6 12.5",
  first: "M11.5 3.5 7 8l4.5 4.5M4 3.5v9",
  copy: "M5.5 5.5V3.2c0-.4.3-.7.7-.7h6.6c.4 0 .7.3.7.7v6.6c0 .4-.3.7-.7.7h-2.3M9.8 5.5H3.2c-.4 0-.7.3-.7.7v6.6c0 .4.3.7.7.7h6.6c.4 0 .7-.3.7-.7V6.2c0-.4-.3-.7-.7-.7z",
  pause: "M5.5 3v10M10.5 3v10",
  play: "M4.5 2.8v10.4L13 8z",
  sun: "M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM8 1.2v1.4M8 13.4v1.4M1.2 8h1.4M13.4 8h1.4M3.2 3.2l1 1M11.8 11.8l1 1M12.8 3.2l-1 1M4.2 11.8l-1 1",
  moon: "M13.6 9.6A6 6 0 0 1 6.4 2.4a6 6 0 1 0 7.2 7.2z",
  system: "M2.2 3h11.6v7.6H2.2zM5.5 13.4h5M8 10.6v2.8",
  refresh: "M13.4 6.6A5.6 5.6 0 0 0 3 5.4L2 7M2 3.4V7h3.6M2.6 9.4A5.6 5.6 0 0 0 13 10.6L14 9M14 12.6V9h-3.6",
  retry: "M2.6 8a5.4 5.4 0 1 0 1.7-3.9L2.4 5.8M2.4 2.4v3.4h3.4",
  stop: "M4 4h8v8H4z",
  power: "M8 1.8v6M4.4 4.2a5.4 5.4 0 1 0 7.2 0",
  warn: "M8 2.2 14.6 13.6H1.4zM8 6.4v3.2M8 11.6h.01",
  clock: "M8 14a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM8 4.8V8l2.2 1.4",
  dotted: "M8 2.2h.01M12.1 3.9h.01M13.8 8h.01M12.1 12.1h.01M8 13.8h.01M3.9 12.1h.01M2.2 8h.01M3.9 3.9h.01",
  inbox: "M2 9.5 4 3h8l2 6.5V13H2zM2 9.5h3.4l.8 1.6h3.6l.8-1.6H14",
  slash: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM3.9 3.9l8.2 8.2",
  columns: "M2.2 3h11.6v10H2.2zM6.1 3v10M9.9 3v10",
  filter: "M2 3.5h12M4.2 8h7.6M6.4 12.5h3.2",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  globe: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM2 8h12M8 2c4 3.6 4 8.4 0 12M8 2c-4 3.6-4 8.4 0 12",
  help: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.3 6.4a1.75 1.75 0 1 1 2.4 1.7c-.5.2-.7.5-.7 1M8 11.3h.01",
  user: "M8 8.2a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM2.8 13.8c.6-2.4 2.6-3.8 5.2-3.8s4.6 1.4 5.2 3.8",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}

/** The monitor's own sign. */
export function Sign() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#4f46c8" />
      <g fill="none" stroke="#fff" strokeWidth="2.4" strokeLinecap="round">
        <path d="M10.2 15.5a6.6 6.6 0 1 0 11.6 0" />
        <path d="M16 18V9" />
        <path d="M16 13c-3.2 0-5-1.8-5-5" />
        <path d="M16 13c3.2 0 5-1.8 5-5" />
      </g>
    </svg>
  );
}
