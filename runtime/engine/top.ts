/** `docker top`: the machine's ps, narrowed to the processes of a container. */
import { EngineError } from '../errors.js';
import type { Container } from './container.js';
import { containerPids } from './container-pids.js';
import type { Engine } from './engine.js';

export interface ProcessTable {
  readonly Titles: readonly string[];
  readonly Processes: readonly (readonly string[])[];
}

/** Throws `conflict` when it does not run, `invalid` for options that rename its column of pids, `system` when ps fails or shows none. */
export async function topContainer(engine: Engine, container: Container, psArgs: string): Promise<ProcessTable> {
  const { record } = container;
  if (!container.isRunning || record.running === undefined)
    throw new EngineError('conflict', `container ${container.id} is not running`);
  if (record.state.Restarting)
    throw new EngineError('conflict', `Container ${container.id} is restarting, wait until the container is running`);
  checkArgs(psArgs);
  const args = psArgs.trim() === '' ? ['-ef'] : psArgs.trim().split(/\s+/);
  const [pids, result] = await Promise.all([
    containerPids(engine, container, record.running.cgroupPath),
    engine.foundations.launcher.spawn(['ps', ...args]),
  ]);
  if (result.code !== 0)
    throw new EngineError('system', `ps: ${result.stderr.trim().split('\n')[0] || `exit status ${result.code}`}`);
  engine.tell(container, 'top');
  return pickRows(result.stdout, new Set(pids));
}

function checkArgs(args: string): void {
  const bad = /\s+-o\s*(?:(?:[^\s,=]+=[^\s,]*),)*pid\s*=/.exec(` ${args}`);
  if (bad !== null) throw new EngineError('invalid', 'specification of PID title is not allowed');
}

/** Rows whose PID column is one of the container's; the last column takes the rest of its line. */
function pickRows(text: string, pids: ReadonlySet<number>): ProcessTable {
  const [header = '', ...lines] = text.split('\n').filter((line) => line.trim() !== '');
  const Titles = header.trim().split(/\s+/);
  const column = Titles.indexOf('PID');
  if (column < 0) throw new EngineError('system', "Couldn't find PID field in ps output");
  const Processes = lines.map((line) => cut(line, Titles.length)).filter((row) => pids.has(Number(row[column])));
  return { Processes, Titles };
}

function cut(line: string, columns: number): string[] {
  const words = line.trim().split(/\s+/);
  return words.length <= columns ? words : [...words.slice(0, columns - 1), words.slice(columns - 1).join(' ')];
}
