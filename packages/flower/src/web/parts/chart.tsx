/** A chart over time: stacked bars or lines, what is pointed at told in words, and the same figures as a table for those who cannot see it. */
import { useContext, useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { exact, onAxis } from "../format/instant.ts";
import { usePreferences } from "../preferences.ts";
import { type ChartSeries, chartOptions, stacked } from "./chart-options.ts";
import { FaceContext } from "./instant.tsx";

interface ChartProps {
  readonly title: string;
  readonly kind: "bars" | "lines";
  /** epoch seconds, rising */
  readonly at: readonly number[];
  readonly series: readonly ChartSeries[];
  format(value: number): string;
  readonly height?: number;
  /** somebody has drawn over a range */
  onRange?(from: number, to: number): void;
}

interface Pointer {
  readonly index: number;
  readonly left: number;
}

export function Chart({ title, kind, at, series, format, height = 190, onRange }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [pointer, setPointer] = useState<Pointer | null>(null);
  const { zone } = useContext(FaceContext);
  const { theme } = usePreferences();
  const range = useRef(onRange);
  range.current = onRange;
  const span = (at.at(-1) ?? 0) - (at[0] ?? 0);
  const data = useMemo(
    () => [[...at], ...(kind === "bars" ? stacked(series) : series.map(({ values }) => [...values]))] as uPlot.AlignedData,
    [at, series, kind],
  );
  const current = useRef(data);
  current.current = data;
  const inks = series.map(({ ink, isDashed }) => `${ink}${isDashed === true ? "-" : ""}`).join();
  const [scheme, setScheme] = useState(0);
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => setScheme((before) => before + 1);
    dark.addEventListener("change", redraw);
    return () => dark.removeEventListener("change", redraw);
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: theme and scheme change what the inks' tokens stand for
  useEffect(() => {
    const box = place.current!;
    const options = chartOptions({ box, kind, inks: inks.split(","), height, format, axis: (seconds) => onAxis(seconds, span, zone) });
    const drawn = new uPlot(
      {
        ...options,
        hooks: {
          setCursor: [({ cursor: { idx, left = -1 } }) => setPointer(idx == null || left < 0 ? null : { index: idx, left })],
          setSelect: [
            (self) => {
              if (self.select.width < 4) return;
              range.current?.(self.posToVal(self.select.left, "x"), self.posToVal(self.select.left + self.select.width, "x"));
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      current.current,
      box,
    );
    plot.current = drawn;
    const observer = new ResizeObserver(() => drawn.setSize({ width: box.clientWidth, height }));
    observer.observe(box);
    return () => {
      observer.disconnect();
      plot.current = null;
      drawn.destroy();
    };
  }, [kind, inks, height, format, span, zone, theme, scheme]);

  useEffect(() => plot.current?.setData(data), [data]);

  return (
    <figure className="chart">
      <figcaption className="unseen">{title}</figcaption>
      <ul className="legend">
        {series.map(({ title: name, ink, isDashed }) => (
          <li key={name}>
            <span className={`swatch ink-${ink}${isDashed === true ? " dashed" : ""}`} />
            {name}
          </li>
        ))}
      </ul>
      <div className="plot" aria-hidden="true">
        <div ref={place} />
        {pointer !== null && at[pointer.index] !== undefined && (
          <div
            className="pointed"
            style={{
              left: pointer.left,
              translate: pointer.left > (place.current?.clientWidth ?? 0) / 2 ? "calc(-100% + 2rem)" : "4.5rem",
            }}
          >
            <strong>{onAxis(at[pointer.index]!, span, zone)}</strong>
            {series.map(({ title: name, ink, isDashed, values }) => (
              <span key={name}>
                <span className={`swatch ink-${ink}${isDashed === true ? " dashed" : ""}`} />
                {name}
                <b className="figures">{values[pointer.index] == null ? "–" : format(values[pointer.index]!)}</b>
              </span>
            ))}
          </div>
        )}
      </div>
      <details className="chart-table">
        <summary>Show the figures</summary>
        <div className="scroll tall">
          <table className="grid">
            <thead>
              <tr>
                <th scope="col">Time</th>
                {series.map(({ title: name }) => (
                  <th key={name} scope="col" className="number">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {at.map((seconds, index) => (
                <tr key={seconds}>
                  <td title={exact(seconds, zone)}>{onAxis(seconds, span, zone)}</td>
                  {series.map(({ title: name, values }) => (
                    <td key={name} className="number">
                      {values[index] == null ? "–" : format(values[index]!)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}
