/** How our charts are drawn: quiet axes, no frame, colours of the tokens as the theme has them now. */
import uPlot from "uplot";

export interface ChartSeries {
  readonly title: string;
  /** token of its colour: "good" */
  readonly ink: string;
  readonly values: readonly (number | null)[];
  readonly isDashed?: boolean;
}

interface Look {
  readonly box: HTMLElement;
  readonly kind: "bars" | "lines";
  /** tokens, one a series; with a "-" behind: dashed */
  readonly inks: readonly string[];
  readonly height: number;
  format(value: number): string;
  axis(seconds: number): string;
}

export function chartOptions({ box, kind, inks, height, format, axis }: Look): uPlot.Options {
  const color = inkReader(box);
  const font = `11px ${getComputedStyle(box).fontFamily}`;
  const quiet = { stroke: color("text-faint"), font, ticks: { show: false }, border: { show: false } };
  return {
    width: box.clientWidth,
    height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: kind === "lines", size: 6 }, drag: { x: true, y: false, setScale: false } },
    scales: {
      x: { time: true, range: (self, low, high) => edges(self, low, high, kind) },
      y: { range: (_self, _low, high) => [0, high > 0 ? high * 1.08 : 1] },
    },
    axes: [
      { ...quiet, grid: { show: false }, size: 26, space: 64, values: (_self, ticks) => ticks.map(axis) },
      { ...quiet, grid: { stroke: color("line"), width: 1 }, size: 56, space: 34, values: (_self, ticks) => ticks.map(format) },
    ],
    series: [{}, ...inks.map((ink) => seriesLook(kind, color(`chart-${ink.replace("-", "")}`), ink.endsWith("-")))],
  };
}

/** Bars stand on their point: the first and the last need half of their width beyond it. */
function edges(self: uPlot, low: number, high: number, kind: Look["kind"]): [number, number] {
  const count = self.data[0].length;
  const half = kind === "bars" && count > 1 ? (high - low) / (count - 1) / 2 : 0;
  return [low - half, high + half];
}

function seriesLook(kind: "bars" | "lines", stroke: string, isDashed: boolean): uPlot.Series {
  if (kind === "bars")
    return { fill: stroke, width: 0, points: { show: false }, paths: uPlot.paths.bars!({ size: [0.72, 22], radius: 0.15 }) };
  return { stroke, width: 1.6, points: { show: false }, spanGaps: false, ...(isDashed ? { dash: [4, 4] } : {}) };
}

/** Bars that stand on each other: each is drawn down to the ground, the tallest first, the next before it. */
export function stacked(series: readonly ChartSeries[]): (number | null)[][] {
  return series.map((_, from) =>
    series[from]!.values.map((_value, index) => series.slice(from).reduce((sum, { values }) => sum + (values[index] ?? 0), 0)),
  );
}

/** A canvas wants a colour, a token may be a pair of them: the browser says which it is here. */
function inkReader(box: HTMLElement): (token: string) => string {
  return (token) => {
    const probe = document.createElement("span");
    probe.style.color = `var(--${token})`;
    box.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}
