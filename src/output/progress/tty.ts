import { Listr, ListrLogger, type ListrTaskWrapper, ProcessOutput } from 'listr2';
import { formatBytes } from '../../model/bytes.js';
import type { Event } from '../../model/event.js';
import type { Plan } from '../../model/plan.js';
import type { Terminal } from '../terminal.js';
import { plainLine } from './plain.js';
import { rowOf, seconds, wordsOf } from './rows.js';
import type { Progress, ProgressStyle } from './types.js';

// biome-ignore lint/suspicious/noExplicitAny: listr2's own type of a task, whatever its renderer
type Task = ListrTaskWrapper<unknown, any, any>;

/** One row of the list: alive from its first step to its last. */
class Row {
  private task: Task | undefined;
  private settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  private title: string;
  private spentMs = 0;
  private readonly layers = new Map<string, { current: number; total: number }>();

  constructor(
    readonly name: string,
    private stepsLeft: number,
  ) {
    this.title = name;
  }

  readonly run = (_: unknown, task: Task): Promise<void> => {
    this.task = task;
    task.title = this.title;
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
      if (this.stepsLeft <= 0) resolve();
    });
  };

  say(word: string | undefined, note = '') {
    if (word === undefined) return;
    this.title = `${this.name}  ${word}${note}`;
    if (this.task) this.task.title = this.title;
  }

  show(text: string) {
    if (this.task) this.task.output = text;
  }

  showLayer(id: string, current: number, total: number) {
    this.layers.set(id, { current, total });
    const all = [...this.layers.values()];
    const sum = (key: 'current' | 'total') => all.reduce((total, layer) => total + layer[key], 0);
    this.show(`${formatBytes(sum('current'))} of ${formatBytes(sum('total'))} in ${all.length} layers`);
  }

  finishStep(word: string | undefined, ms: number) {
    this.spentMs += ms;
    this.stepsLeft -= 1;
    this.say(word, `  ${seconds(this.spentMs)}`);
    if (this.stepsLeft <= 0) this.settle?.resolve();
  }

  fail(error: Error) {
    this.stepsLeft = 0;
    this.settle?.reject(error);
  }

  /** What was never begun is left as it was said last. */
  abandon() {
    this.stepsLeft = 0;
    this.settle?.resolve();
  }
}

/** Rows that are written over, by listr2, on standard error. */
export function ttyProgress(terminal: Terminal, { reasons }: ProgressStyle): Progress {
  let rows = new Map<string, Row>();
  let finished: Promise<unknown> = Promise.resolve();
  let shown = false;
  return {
    begin: (plan) => {
      rows = rowsOf(plan);
      if (rows.size === 0) return;
      shown = true;
      finished = newList(rows, terminal)
        .run()
        .catch(() => {});
    },
    emit: (event) => {
      if ('step' in event) return update(rows, event, reasons);
      const line = plainLine(event);
      if (line !== undefined) void terminal.status(`${line}\n`);
    },
    end: async () => {
      if (!shown) return;
      shown = false;
      for (const row of rows.values()) row.abandon();
      await finished;
    },
  };
}

function rowsOf(plan: Plan): Map<string, Row> {
  const counts = new Map<string, number>();
  for (const { op } of plan.steps) counts.set(rowOf(op), (counts.get(rowOf(op)) ?? 0) + 1);
  return new Map([...counts].map(([name, count]) => [name, new Row(name, count)]));
}

function newList(rows: ReadonlyMap<string, Row>, terminal: Terminal) {
  const err = terminal.err as NodeJS.WriteStream;
  return new Listr(
    [...rows.values()].map((row) => ({ title: row.name, task: row.run })),
    {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      // it would look at standard output, which may be a pipe while the rows go to the terminal on standard error
      forceTTY: true,
      renderer: 'default',
      rendererOptions: {
        collapseErrors: false,
        showErrorMessage: false,
        logger: new ListrLogger({ useIcons: true, processOutput: new ProcessOutput(err, err) }),
      },
    },
  );
}

function update(rows: ReadonlyMap<string, Row>, event: Extract<Event, { step: unknown }>, reasons: boolean) {
  const { op, because } = event.step;
  const row = rows.get(rowOf(op));
  if (!row) return;
  const words = wordsOf(op);
  if (event.kind === 'plan.step.started') {
    row.say(words?.[0], reasons || (op.do === 'container.create' && op.replaces) ? `  (${because})` : '');
  } else if (event.kind === 'plan.step.done') row.finishStep(words?.[1], event.ms);
  else if (event.kind === 'plan.step.failed') row.fail(event.error);
  else if (event.kind === 'plan.step.progress') {
    if (event.total !== undefined && event.id) row.showLayer(event.id, event.current ?? 0, event.total);
    else row.show(event.text.split('\n').at(-1) ?? '');
  } else row.abandon();
}
