/** A builder's events as BuildKit's lines: `[stage 2/5] RUN make`. */
import type { BuildEvent } from '../../../engine/build-context.js';
import type { BuildFailure, BuildPlan, PlannedStage } from '../../../engine/build-plan.js';
import { PullProgress } from './pull-progress.js';
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
  /** Stages of one image share its line. */
  readonly #bases = new Map<string, VertexLine>();
  #base: VertexLine | undefined;
  #pulled: PullProgress | undefined;
  cachedSteps = 0;

  constructor(
    private readonly log: StatusLog,
    private readonly build: string,
    private readonly plan: BuildPlan,
    /** A base image's name in full; undefined for one that another build or a folder gave, which has no line. */
    private readonly fullName: (image: string) => string | undefined,
  ) {}

  get steps(): number {
    return [...this.#stages.values()].reduce((sum, { count }) => sum + count, 0);
  }

  take(event: BuildEvent): void {
    if (event.kind === 'step') this.#step(event);
    else if (event.kind === 'layer') this.#steps.get(event.step)?.done();
    else if (event.kind === 'output') this.#steps.get(event.step)?.output(event.stream, Buffer.from(event.text));
    else if (event.kind === 'pull' && this.#base?.isDone === false) this.#pulled?.take(event);
    else if (event.kind === 'warning' && !rule.test(event.text)) this.#warn(event.text, event.line);
  }

  /** Ends what has not ended: what failed with its reason, all others as cancelled. */
  end(failed?: {
    readonly place: BuildFailure['place'] | undefined;
    readonly sentence: string;
    /** False for a mistake in the Dockerfile, which no step is to blame for. */
    readonly ofStep: boolean;
  }): void {
    const open = [...this.#stages.values()].flatMap(({ last }) => (last && !last.isDone ? [last] : []));
    if (!failed) {
      for (const line of open) line.done();
      return;
    }
    const { place, sentence, ofStep } = failed;
    const begun = this.#lineAt(place?.location?.line);
    const failing = begun ?? (ofStep ? ((place && this.#unbegun(place)) ?? open[0]) : undefined);
    failing?.done({ error: sentence });
    for (const line of open) line.done({ error: 'context canceled' });
  }

  /** The open line of an instruction. */
  #lineAt(at: number | undefined): VertexLine | undefined {
    return [...this.#lineOf].find(([line, number]) => number === at && !line.isDone)?.[0];
  }

  /** An instruction that failed before it began (what it copies is not there) gets a line for its failure. */
  #unbegun({ dockerfile, location }: BuildFailure['place']): VertexLine | undefined {
    if (!location) return undefined;
    const stage = this.plan.all.findLast(({ line }) => line <= location.line);
    const lines = stage && stage.line < location.line ? this.#linesOf(stage.index) : undefined;
    if (!lines) return undefined;
    if (lines.last && !lines.last.isDone) lines.last.done();
    const title = dockerfile.text
      .split(/\r?\n/)
      .slice(location.line - 1, location.endLine)
      .join(' ')
      .trim();
    return this.#begin(lines, title, false);
  }

  readonly #lineOf = new Map<VertexLine, number>();

  #step(event: Step): void {
    const lines = this.#linesOf(event.stageIndex);
    if (lines?.last && !lines.last.isDone) lines.last.done();
    const isBase = event.title === undefined && /^from\s/i.test(event.instruction);
    const image = lines && this.#baseOf(lines.stage);
    if (!lines || (event.title === undefined && !(isBase && image !== undefined))) return;
    const known = isBase ? this.#bases.get(image!) : undefined;
    const line = known ?? this.#begin(lines, isBase ? `FROM ${image}` : event.title!, event.cached);
    this.#lineOf.set(line, event.line);
    this.#steps.set(event.step, line);
    if (known) {
      lines.count++;
      lines.last = known;
    } else if (isBase) {
      this.#base = line;
      this.#pulled = new PullProgress(line);
      this.#bases.set(image!, line);
    }
  }

  /** The next line of a stage. */
  #begin(lines: StageLines, title: string, cached: boolean): VertexLine {
    const { stage, last } = lines;
    lines.count++;
    const total = Math.max(lines.count, stage.layers + (this.#baseOf(stage) === undefined ? 0 : 1));
    const number = String(lines.count).padStart(String(total).length);
    const line = new VertexLine(this.log, {
      build: this.build,
      id: `${stage.index} ${lines.count}`,
      name: `[${this.#stageName(stage)}${number}/${total}] ${upperCased(title)}`,
      inputs: last ? [last.digest] : [],
    });
    lines.last = line;
    if (cached) {
      this.cachedSteps++;
      line.done({ cached: true });
    } else line.start();
    return line;
  }

  #linesOf(index: number): StageLines | undefined {
    const stage = this.plan.all[index];
    const known = this.#stages.get(index);
    if (known || !stage) return known;
    const lines: StageLines = { stage, count: 0, last: undefined };
    this.#stages.set(index, lines);
    return lines;
  }

  #baseOf({ image }: PlannedStage): string | undefined {
    return image === undefined ? undefined : this.fullName(image);
  }

  #stageName({ name, index }: PlannedStage): string {
    return this.plan.isPlain ? '' : `${name ?? `stage-${index}`} `;
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
