/** A builder's events as BuildKit's lines: `[stage 2/5] RUN make`. */
import type { BuildEvent } from '../../../engine/build-context.js';
import type { BuildPlan, PlannedStage } from '../../../engine/build-plan.js';
import type { StatusLog } from './status-log.js';
import { VertexLine } from './vertex.js';

type Step = Extract<BuildEvent, { kind: 'step' }>;

interface StageLines {
  readonly stage: PlannedStage;
  /** How many lines of it were begun. */
  count: number;
  last: VertexLine | undefined;
}

export class BuildProgress {
  readonly #stages = new Map<number, StageLines>();
  readonly #steps = new Map<number, VertexLine>();
  readonly #layers = new Map<string, { current: number; total: number }>();
  /** Stages of one image share its line. */
  readonly #bases = new Map<string, VertexLine>();
  #base: VertexLine | undefined;
  cachedSteps = 0;

  constructor(
    private readonly log: StatusLog,
    private readonly build: string,
    private readonly plan: BuildPlan,
    /** A base image's name in full. */
    private readonly fullName: (image: string) => string,
  ) {}

  get steps(): number {
    return [...this.#stages.values()].reduce((sum, { count }) => sum + count, 0);
  }

  take(event: BuildEvent): void {
    if (event.kind === 'step') this.#step(event);
    else if (event.kind === 'layer') this.#steps.get(event.step)?.done();
    else if (event.kind === 'output') this.#steps.get(event.step)?.output(event.stream, Buffer.from(event.text));
    else if (event.kind === 'pull') this.#pull(event);
    else if (event.kind === 'warning' && !rule.test(event.text)) this.#warn(event.text, event.line);
  }

  /** Ends what has not ended: `failed` with its reason, all others as cancelled. */
  end(failed?: { readonly line: number | undefined; readonly sentence: string }): void {
    const open = [...this.#stages.values()].flatMap(({ last }) => (last && !last.isDone ? [last] : []));
    for (const [place, line] of open.entries()) {
      if (!failed) line.done();
      else
        line.done({
          error: open.length === 1 || place === this.#failing(open, failed.line) ? failed.sentence : 'context canceled',
        });
    }
  }

  readonly #lineOf = new Map<VertexLine, number>();

  #failing(open: readonly VertexLine[], at: number | undefined): number {
    return open.findIndex((line) => this.#lineOf.get(line) === at);
  }

  #step(event: Step): void {
    const lines = this.#linesOf(event.stageIndex);
    if (lines?.last && !lines.last.isDone) lines.last.done();
    const name = lines && this.#name(lines, event);
    if (!lines || name === undefined) return;
    const known = event.title === undefined ? this.#bases.get(lines.stage.image!) : undefined;
    if (known) {
      lines.last = known;
      this.#steps.set(event.step, known);
      return;
    }
    const line = new VertexLine(this.log, {
      build: this.build,
      id: `${event.stageIndex} ${lines.count}`,
      name,
      inputs: lines.last ? [lines.last.digest] : [],
    });
    lines.last = line;
    this.#lineOf.set(line, event.line);
    this.#steps.set(event.step, line);
    if (event.title === undefined) {
      this.#base = line;
      this.#bases.set(lines.stage.image!, line);
    }
    if (event.cached) {
      this.cachedSteps++;
      line.done({ cached: true });
    } else line.start();
  }

  #linesOf(index: number): StageLines | undefined {
    const stage = this.plan.all[index];
    const known = this.#stages.get(index);
    if (known || !stage) return known;
    const lines: StageLines = { stage, count: 0, last: undefined };
    this.#stages.set(index, lines);
    return lines;
  }

  /** Undefined for what makes no layer. A FROM has no title. */
  #name(lines: StageLines, event: Step): string | undefined {
    const { stage } = lines;
    const isFrom = event.title === undefined && /^from\s/i.test(event.instruction);
    if (event.title === undefined && !(isFrom && stage.image !== undefined)) return undefined;
    lines.count++;
    const total = Math.max(lines.count, stage.layers + (stage.image === undefined ? 0 : 1));
    const title = isFrom ? `FROM ${this.fullName(stage.image!)}` : upperCased(event.title!);
    const number = String(lines.count).padStart(String(total).length);
    return `[${this.#stageName(stage)}${number}/${total}] ${title}`;
  }

  #stageName({ name, index }: PlannedStage): string {
    if (name !== undefined) return `${name} `;
    return this.plan.all.length > 1 ? `stage-${index} ` : '';
  }

  #pull({ id, status, current = 0, total = 0 }: Extract<BuildEvent, { kind: 'pull' }>): void {
    const line = this.#base;
    if (!line || line.isDone || id === undefined || !/^(Downloading|Extracting|Pull complete)/.test(status)) return;
    const verb = status === 'Downloading' ? '' : 'extracting ';
    if (status === 'Pull complete') {
      const known = this.#layers.get(id);
      line.status(`extracting ${id}`, { ...known, name: 'extract', done: true });
      return;
    }
    this.#layers.set(id, { current, total });
    line.status(`${verb}${id}`, {
      current,
      total,
      name: verb ? 'extract' : 'downloading',
      done: total > 0 && current >= total,
    });
  }

  #warn(text: string, line: number | undefined): void {
    const last = [...this.#steps.values()].at(-1);
    const at = line === undefined ? [] : [{ start: { line, character: 0 }, end: { line, character: 0 } }];
    last?.warn({ level: 1, short: Buffer.from(text), detail: [], url: '', ranges: at });
  }
}

/** `RuleName: …`: what linting found, which is told with the plan. */
const rule = /^[A-Z][A-Za-z]+: /;

function upperCased(title: string): string {
  return title.replace(/^\S+/, (keyword) => keyword.toUpperCase());
}
