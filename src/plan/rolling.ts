/** `deploy.update_config` as the numbers that a plan is made of: Compose Specification, "deploy", update_config. */
import { parseDuration } from '../model/durations.js';
import type { ReplacedContainer } from '../model/plan.js';
import type { Service } from '../model/project.js';
import type { Draft } from './draft.js';
import { updateConfigOf } from './replacing.js';
import type { Replica } from './replicas.js';

export interface Rolling {
  /** Replicas that are replaced at once; Infinity for all. */
  readonly parallelism: number;
  /** Between two groups of them, milliseconds. */
  readonly delayMs: number;
  /** How long a new one must stay well to count, milliseconds. */
  readonly monitorMs: number;
  readonly onFailure: 'pause' | 'continue' | 'rollback';
  /** Of all new ones this part may fail. */
  readonly maxFailureRatio: number;
}

/** Undefined where the config says nothing: then all are replaced at once, and nobody looks at them. */
export function rollingOf(service: Service): Rolling | undefined {
  const update = updateConfigOf(service);
  if (!update) return undefined;
  const parallelism = Number(update.parallelism ?? 1);
  const action = update.failure_action;
  return {
    parallelism: parallelism > 0 ? parallelism : Number.POSITIVE_INFINITY,
    delayMs: parseDuration(update.delay) ?? 0,
    monitorMs: parseDuration(update.monitor) ?? 0,
    onFailure: action === 'continue' || action === 'rollback' ? action : 'pause',
    maxFailureRatio: Number(update.max_failure_ratio ?? 0),
  };
}

/** An update on its way: who of the service's containers come after whom, and what waits aside. */
export class Update {
  private readonly judged: number[] = [];
  private gates: readonly number[] = [];
  readonly aside: number[] = [];
  readonly replaced: ReplacedContainer[] = [];

  constructor(
    readonly rolling: Rolling,
    private readonly draft: Draft,
  ) {}

  /** Steps that a replica's start comes after: those that judge the group before, and the delay behind them. */
  gateOf({ fate, name }: Replica): readonly number[] {
    const { parallelism, delayMs } = this.rolling;
    const beginsGroup = this.judged.length > 0 && this.judged.length % parallelism === 0;
    if (fate !== 'recreate' || !beginsGroup) return this.gates;
    const before = this.judged.slice(-parallelism);
    const delay = { do: 'update.delay', name, ms: delayMs } as const;
    this.gates = delayMs > 0 ? [this.draft.add(delay, 'update_config.delay', before)] : before;
    return this.gates;
  }

  judgedBy(step: number) {
    this.judged.push(step);
  }

  /** What was kept for the way back goes when all are well. */
  finish(service: string, first: number): void {
    for (const [index, { name }] of this.replaced.entries()) {
      const op = { do: 'container.remove', name: asideName(this.replaced[index]!), volumes: false } as const;
      this.draft.add(op, `the update of ${name} is well`, [...this.judged, this.aside[index]]);
    }
    const steps = Array.from({ length: this.draft.length - first }, (_, index) => first + index + 1);
    const { onFailure, maxFailureRatio } = this.rolling;
    const mayFail = Math.floor(maxFailureRatio * this.judged.length);
    this.draft.update({
      service,
      steps,
      mayFail: onFailure === 'continue' ? Number.POSITIVE_INFINITY : mayFail,
      replaced: this.replaced,
    });
  }
}

/** What a replaced container is called while its service's update is not over. */
export const asideName = ({ id, name }: Pick<ReplacedContainer, 'id' | 'name'>): string =>
  `${id.slice(0, 12)}_${name}_before`;
