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
}

/**
 * A list as `table`, `json` (an array), `jsonl` (an object a line) or a template (`{{.Name}}`, `table {{.Name}}`):
 * what `--format` takes.
 */
export function renderList<Row extends object>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  format: string,
  json: 'array' | 'lines' = 'array',
): string {
  if (format === 'json' && json === 'array') return `${JSON.stringify(rows)}\n`;
  if (format === 'json' || format === 'jsonl') return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  if (format.includes('{{')) return renderTemplate(rows, format);
  return renderTable(
    columns.map((column) => column.head),
    rows.map((row) => columns.map((column) => column.cell(row))),
  );
}

/** The part of Go's templates that lists are printed with: fields, `json .` and text. */
function renderTemplate(rows: readonly object[], format: string): string {
  const template = format
    .replace(/^table\s+/, '')
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n');
  const fill = (row: object) =>
    template.replace(/\{\{\s*(json\s+)?\.(\w*)\s*\}\}/g, (_, asJson: string | undefined, field: string) => {
      const value = field ? (row as Record<string, unknown>)[field] : row;
      return asJson || (typeof value === 'object' && value !== null) ? JSON.stringify(value) : String(value ?? '');
    });
  return rows.map((row) => `${fill(row)}\n`).join('');
}
