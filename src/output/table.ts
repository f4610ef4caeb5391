import { compileTemplate } from './template/evaluate.js';

/** Columns two spaces apart, as the docker command's tables; cells may hold colours. */
export function renderTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => visibleLength(row[column] ?? ''))));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat(widths[column]! - visibleLength(cell)),
      )
      .join('   ')
      .trimEnd();
  return `${all.map(line).join('\n')}\n`;
}

function visibleLength(text: string): number {
  return text.replace(/\u001b\[[0-9;]*m/g, '').length;
}

export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string;
  /** The field by which a template names it, where that is not to be guessed from the head. */
  readonly field?: string;
}

/**
 * A list as `table`, `json` (an array), `jsonl` (an object a line) or a Go template (`{{.Name}}`, `table {{.Name}}`):
 * what `--format` takes. Throws UserError for a template that cannot be filled.
 */
export function renderList<Row extends object>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  format: string,
  json: 'array' | 'lines' = 'array',
): string {
  if (format === 'json' && json === 'array') return `${JSON.stringify(rows)}\n`;
  if (format === 'json' || format === 'jsonl') return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  if (format === 'table' || format === 'pretty' || format === '') {
    return renderTable(
      columns.map((column) => column.head),
      rows.map((row) => columns.map((column) => column.cell(row))),
    );
  }
  return renderTemplate(rows, columns, format);
}

/** As the shell hands it over: `\t` and `\n` are two characters there. */
const unescaped = (format: string): string => format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');

/** `table` gives heads and aligns the cells between tabs, as the docker command does. */
function renderTemplate<Row extends object>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  format: string,
): string {
  const asTable = /^table(?:\s|$)/.test(format);
  const fill = compileTemplate(unescaped(asTable ? format.slice('table'.length).trimStart() : format));
  const lines = rows.map(fill);
  if (!asTable) return lines.map((line) => `${line}\n`).join('');
  const [head, ...cells] = [headLine(rows[0], columns, fill), ...lines].map((line) => line.split('\t'));
  return renderTable(head!, cells);
}

function headLine<Row extends object>(
  row: Row | undefined,
  columns: readonly Column<Row>[],
  fill: (data: unknown) => string,
): string {
  const heads: Record<string, unknown> = {};
  for (const name of Object.keys(row ?? {})) {
    const value = (row as Readonly<Record<string, unknown>>)[name];
    heads[name] = typeof value === 'function' ? (word = name) => headOf(word) : headOf(name);
  }
  for (const { head, field } of columns) heads[field ?? fieldOf(head)] = head;
  // An empty list has heads too, and its rows cannot say which fields there are.
  const any = { has: () => true, get: (known: typeof heads, name: string) => known[name] ?? headOf(name) };
  return fill(row ? heads : new Proxy(heads, any));
}

/** `RunningFor` -> `RUNNING FOR` */
const headOf = (field: string): string => field.replace(/([a-z])([A-Z])/g, '$1 $2').toUpperCase();

/** `VOLUME NAME` -> `Name` */
const fieldOf = (head: string): string => {
  const last = head.split(' ').at(-1)!;
  return last === 'ID' ? last : last.charAt(0) + last.slice(1).toLowerCase();
};
