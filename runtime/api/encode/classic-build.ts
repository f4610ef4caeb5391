/** A build as the classic builder tells it, which goes through the Dockerfile from its top, whatever is done at the same time. */
import type { BuildEvent } from '../../engine/build-context.js';
import { BuildFailure } from '../../engine/build-plan.js';
import { EngineError } from '../../errors.js';
import type { ProgressMessage } from '../wire.js';
import { encodeBuildEvent, shortId } from './build.js';

type StepEvent = Extract<BuildEvent, { readonly step: number }>;

const isOfStep = (event: BuildEvent): event is StepEvent => 'step' in event;

export interface ClassicOptions {
  /** Only the image's id is told, and everything when the build fails. */
  readonly quiet: boolean;
  /** A step's container is said to be removed behind it. */
  readonly removes: boolean;
  /** And so is the container of one that failed. */
  readonly removesFailed: boolean;
}

/** Takes a build's events as they come and says them in the order of the Dockerfile. */
export class ClassicLines {
  /** The step that may say what it does; those behind it wait. */
  #current = 1;
  #steps = 0;
  readonly #waiting = new Map<number, StepEvent[]>();
  /** By step: where it runs. */
  readonly #containers = new Map<number, string>();
  /** Lines of the Dockerfile whose instructions were begun. */
  readonly #begun = new Set<number>();
  /** What a quiet build has not said. */
  readonly #held: ProgressMessage[] = [];

  constructor(
    private readonly say: (message: ProgressMessage) => void,
    private readonly options: ClassicOptions,
  ) {}

  take(event: BuildEvent): void {
    if (!isOfStep(event)) {
      // The last step leaves the image.
      if (event.kind === 'built') this.#tell(` ---> ${shortId(event.imageId)}\n`);
      this.#encoded(event);
    } else if (event.step > this.#current) {
      this.#waiting.set(event.step, [...(this.#waiting.get(event.step) ?? []), event]);
    } else {
      this.#show(event);
      if (event.kind === 'layer' && event.step === this.#current) this.#advance();
    }
  }

  /** Ends a build that failed: shows what waits, and the instruction that failed before it began. Gives Docker's error. */
  failed(error: unknown): unknown {
    for (const [, events] of [...this.#waiting].sort(([a], [b]) => a - b))
      for (const event of events) this.#show(event);
    if (this.options.removesFailed) for (const id of this.#containers.values()) this.#removed(id);
    if (!(error instanceof BuildFailure)) return error;
    const { dockerfile, location } = error.place;
    if (error.ofStep && location !== undefined && this.#waiting.size === 0 && !this.#begun.has(location.line)) {
      const lines = dockerfile.text.split(/\r?\n/).slice(location.line - 1, location.endLine);
      this.#tell(`Step ${this.#current}/${this.#steps} : ${lines.join('\n').trim()}`);
      this.#tell('\n');
    }
    for (const message of this.#held) this.say(message);
    return new EngineError(error.kind, sentenceOf(error), { cause: error });
  }

  #advance(): void {
    this.#current++;
    const events = this.#waiting.get(this.#current) ?? [];
    this.#waiting.delete(this.#current);
    for (const event of events) this.take(event);
  }

  #show(event: StepEvent): void {
    if (event.kind === 'container') {
      this.#containers.set(event.step, event.id);
      this.#tell(` ---> Running in ${shortId(event.id)}\n`);
    } else if (event.kind === 'layer') this.#left(event);
    else if (event.kind === 'output' && event.stream === 'stderr') this.#tell(`\u001b[91m${event.text}\u001b[0m`);
    else this.#encoded(event);
    if (event.kind !== 'step') return;
    this.#steps = event.of;
    this.#begun.add(event.line);
  }

  #left(event: Extract<StepEvent, { kind: 'layer' }>): void {
    const container = this.#containers.get(event.step);
    if (container !== undefined && this.options.removes) this.#removed(container);
    this.#containers.delete(event.step);
    if (event.step !== this.#steps) this.#encoded(event);
  }

  #removed(container: string): void {
    this.#tell(` ---> Removed intermediate container ${shortId(container)}\n`);
  }

  #encoded(event: BuildEvent): void {
    if (this.options.quiet) for (const message of encodeBuildEvent(event, true)) this.say(message);
    for (const message of encodeBuildEvent(event, false)) this.#pass(message);
  }

  #tell(stream: string): void {
    this.#pass({ stream });
  }

  #pass(message: ProgressMessage): void {
    if (this.options.quiet) this.#held.push(message);
    else this.say(message);
  }
}

/** The classic builder shows no line of the Dockerfile, and has words of its own for a file that is not there. */
function sentenceOf({ cause, missing }: BuildFailure): string {
  if (missing === undefined) return cause.message;
  const { instruction, path, inContext } = missing;
  const why = inContext ? 'file not found in build context or excluded by .dockerignore: ' : '';
  return `${instruction.toUpperCase()} failed: ${why}stat ${path}: file does not exist`;
}
