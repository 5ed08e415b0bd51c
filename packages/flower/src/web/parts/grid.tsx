/** A table: columns of which the less important go where there is no room, headings that sort, and rows drawn only where they can be seen. */
import {
  type ColumnDef,
  createSortedRowModel,
  type Row as GridRow,
  rowSortingFeature,
  type SortingState,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type ReactNode, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Icon } from "./icon.tsx";

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  cell(row: Row): ReactNode;
  /** what is sorted by; undefined: it cannot be */
  readonly value?: (row: Row) => string | number | undefined;
  /** 1: always there, 2: not on a phone, 3: not on a small screen, 4: only on a wide one (1) */
  readonly rank?: 1 | 2 | 3 | 4;
  readonly isNumber?: boolean;
  /** CSS width; the columns that have none share what is left */
  readonly width?: string;
  readonly foot?: ReactNode;
}

export interface Sort {
  readonly id: string;
  readonly descending: boolean;
}

interface GridProps<Row> {
  /** what the table shows, for those who hear it */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  idOf(row: Row): string;
  readonly sort: Sort | null;
  onSort(sort: Sort): void;
  /** true: `rows` come in order; false: they are sorted here */
  readonly isSorted?: boolean;
  /** true: draws only the rows in view */
  readonly isLong?: boolean;
}

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });
type Features = typeof features;

export function Grid<Row extends object>({ caption, columns, rows, idOf, sort, onSort, isSorted = false, isLong = false }: GridProps<Row>) {
  const byId = useMemo(() => new Map(columns.map((column) => [column.id, column])), [columns]);
  const definitions = useMemo(() => columns.map(definitionOf), [columns]);
  const sorting = useMemo<SortingState>(() => (sort === null ? [] : [{ id: sort.id, desc: sort.descending }]), [sort]);
  const table = useTable<Features, Row>({
    features,
    columns: definitions,
    data: rows as Row[],
    getRowId: idOf,
    state: { sorting },
    manualSorting: isSorted,
    enableSortingRemoval: false,
  });
  const shown = table.getRowModel().rows;
  const head = (
    <thead>
      <tr>
        {columns.map((column) => (
          <th key={column.id} scope="col" className={classOf(column)} style={widthOf(column)} aria-sort={orderOf(column, sort)}>
            {column.value === undefined ? column.title : <SortButton column={column} sort={sort} onSort={onSort} />}
          </th>
        ))}
      </tr>
    </thead>
  );
  const row = (found: GridRow<Features, Row>, index: number) => (
    <tr key={found.id} aria-rowindex={isLong ? index + 2 : undefined}>
      {columns.map((column) => (
        <td key={column.id} className={classOf(column)}>
          {byId.get(column.id)?.cell(found.original)}
        </td>
      ))}
    </tr>
  );
  return (
    <table className={`grid${isLong ? " sticky" : ""}`} aria-rowcount={isLong ? shown.length + 1 : undefined}>
      <caption className="unseen">{caption}</caption>
      {head}
      {isLong ? <LongBody rows={shown} row={row} /> : <tbody>{shown.map(row)}</tbody>}
      <Foot columns={columns} />
    </table>
  );
}

interface LongBodyProps<Row extends object> {
  readonly rows: readonly GridRow<Features, Row>[];
  row(found: GridRow<Features, Row>, index: number): ReactNode;
}

/** The rows in view, between two that stand for the others. */
function LongBody<Row extends object>({ rows, row }: LongBodyProps<Row>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop((body.current?.getBoundingClientRect().top ?? 0) + scrollY), []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => (matchMedia("(max-width: 720px)").matches ? 56 : 38),
    overscan: 12,
    scrollMargin: top,
    getItemKey: (index) => rows[index]!.id,
  });
  const inView = virtual.getVirtualItems();
  const before = (inView[0]?.start ?? top) - top;
  const behind = virtual.getTotalSize() - ((inView.at(-1)?.end ?? top) - top);
  return (
    <tbody ref={body}>
      {before > 0 && <Spacer height={before} />}
      {inView.map(({ index }) => row(rows[index]!, index))}
      {behind > 0 && <Spacer height={behind} />}
    </tbody>
  );
}

function Spacer({ height }: { readonly height: number }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row cannot have the focus
    <tr aria-hidden="true">
      <td className="spacer" style={{ height }} />
    </tr>
  );
}

interface SortButtonProps<Row> {
  readonly column: Column<Row>;
  readonly sort: Sort | null;
  onSort(sort: Sort): void;
}

function SortButton<Row>({ column, sort, onSort }: SortButtonProps<Row>) {
  const isCurrent = sort?.id === column.id;
  // Of numbers and times one wants to see the largest first.
  const next = isCurrent ? !sort.descending : column.isNumber === true;
  return (
    <button type="button" onClick={() => onSort({ id: column.id, descending: next })}>
      {column.title}
      {isCurrent && <Icon name={sort.descending ? "down" : "up"} />}
    </button>
  );
}

function Foot<Row>({ columns }: { readonly columns: readonly Column<Row>[] }) {
  if (columns.every(({ foot }) => foot === undefined)) return null;
  return (
    <tfoot>
      <tr>
        {columns.map((column) => (
          <td key={column.id} className={classOf(column)}>
            {column.foot}
          </td>
        ))}
      </tr>
    </tfoot>
  );
}

function definitionOf<Row extends object>(column: Column<Row>): ColumnDef<Features, Row> {
  return {
    id: column.id,
    accessorFn: (row) => column.value?.(row),
    enableSorting: column.value !== undefined,
    sortUndefined: "last",
    sortFn: (one, other, id) => compare(one.getValue(id), other.getValue(id)),
  };
}

function compare(one: unknown, other: unknown): number {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other), "en", { numeric: true });
}

function classOf<Row>({ rank = 1, isNumber = false }: Column<Row>): string | undefined {
  return [rank === 1 ? "" : `rank-${rank}`, isNumber ? "number" : ""].filter(Boolean).join(" ") || undefined;
}

/** As a variable, so that the stylesheet has the last word where there is little room. */
function widthOf<Row>({ width }: Column<Row>): CSSProperties | undefined {
  return width === undefined ? undefined : ({ "--width": width } as CSSProperties);
}

function orderOf<Row>({ id, value }: Column<Row>, sort: Sort | null): "ascending" | "descending" | undefined {
  if (value === undefined || sort?.id !== id) return undefined;
  return sort.descending ? "descending" : "ascending";
}
