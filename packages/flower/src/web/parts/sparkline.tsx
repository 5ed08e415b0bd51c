/** The course of one figure, as a small line without axes. The figure itself stands beside it, so nothing reads it aloud. */

const width = 120;
const height = 28;

export function Sparkline({ values, tone }: { readonly values: readonly (number | null)[]; readonly tone: string }) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return null;
  const high = Math.max(...known, Number.MIN_VALUE);
  const points = values.map((value, index) => {
    const x = (index / (values.length - 1)) * width;
    return `${x.toFixed(1)},${(height - 2 - ((value ?? 0) / high) * (height - 4)).toFixed(1)}`;
  });
  return (
    <svg className={`sparkline ink-${tone}`} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <polygon points={`0,${height} ${points.join(" ")} ${width},${height}`} fill="currentColor" opacity="0.12" />
      <polyline
        points={points.join(" ")}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
