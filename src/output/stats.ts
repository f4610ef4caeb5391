import { renderList } from './table.js';
import type { Terminal } from './terminal.js';

interface Row {
  readonly ID: string;
  readonly Name: string;
  readonly CPUPerc: string;
  readonly MemUsage: string;
  readonly MemPerc: string;
  readonly NetIO: string;
  readonly BlockIO: string;
  readonly PIDs: string;
}

const columns = [
  { head: 'CONTAINER ID', cell: (row: Row) => row.ID },
  { head: 'NAME', cell: (row: Row) => row.Name },
  { head: 'CPU %', field: 'CPUPerc', cell: (row: Row) => row.CPUPerc },
  { head: 'MEM USAGE / LIMIT', field: 'MemUsage', cell: (row: Row) => row.MemUsage },
  { head: 'MEM %', field: 'MemPerc', cell: (row: Row) => row.MemPerc },
  { head: 'NET I/O', field: 'NetIO', cell: (row: Row) => row.NetIO },
  { head: 'BLOCK I/O', field: 'BlockIO', cell: (row: Row) => row.BlockIO },
  { head: 'PIDS', field: 'PIDs', cell: (row: Row) => row.PIDs },
];

/** On a terminal a new table takes the place of the last one; elsewhere it follows. */
export function statsPrinter(terminal: Terminal, format: string) {
  return async (rows: readonly Row[], first: boolean): Promise<void> => {
    const over = !first && terminal.out.isTTY === true && format === 'table' ? '\u001b[H\u001b[J' : '';
    const begin = first && terminal.out.isTTY === true && format === 'table' ? '\u001b[2J\u001b[H' : '';
    await terminal.data(`${begin}${over}${renderList(rows, columns, format, 'lines')}`);
  };
}
