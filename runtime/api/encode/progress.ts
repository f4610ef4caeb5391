import type { ProgressEvent } from '../../engine/images.js';
import type { ProgressMessage } from '../wire.js';

const barWidth = 50;
const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `4.096kB`: four digits, decimal units, as Docker's units package. */
function humanSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}

function bar(current: number, total: number): string {
  const done = Math.min(barWidth, Math.floor((current / total) * barWidth));
  const arrow = done < barWidth ? '>' : '';
  const filled = '='.repeat(done) + arrow;
  return `[${filled.padEnd(barWidth)}]  ${humanSize(current)}/${humanSize(total)}`;
}

/** One line of a pull or push; the key order is Docker's. */
export function encodeProgress(event: ProgressEvent): ProgressMessage {
  const { id, status, current, total, isMessage } = event;
  if (id === undefined) return { status };
  if (isMessage) return { status, id };
  if (current === undefined && total === undefined) return { status, progressDetail: {}, id };
  const progressDetail = { ...(current === undefined ? {} : { current }), ...(total ? { total } : {}) };
  const progress = total ? bar(current ?? 0, total) : humanSize(current ?? 0);
  return { status, progressDetail, progress, id };
}
