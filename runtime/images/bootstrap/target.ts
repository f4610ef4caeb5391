import { DOCKER_HUB } from '../reference.js';
import type { Reference } from '../types.js';

/** What a reference asks of a distribution. */
export interface Target {
  readonly distribution: 'debian' | 'ubuntu';
  /** A codename, or one of Debian's moving names (`stable`, …), which the mirror resolves. */
  readonly suite: string;
  /** Without documentation, manuals and translations. */
  readonly slim: boolean;
}

/** Version numbers that stand for a suite and keep standing for it. */
const suitesByVersion: Readonly<Record<Target['distribution'], Readonly<Record<string, string>>>> = {
  debian: { '11': 'bullseye', '12': 'bookworm', '13': 'trixie', '14': 'forky' },
  ubuntu: { '20.04': 'focal', '22.04': 'jammy', '24.04': 'noble', '26.04': 'resolute' },
};

/**
 * `debian:SUITE[-slim]`, `ubuntu:SUITE`, of Docker's own registry. Undefined for what today's packages cannot honestly
 * make: dated tags (`bookworm-20240101`) and point releases (`12.5`) are states of the past, digests are particular
 * bytes, and `ubuntu:latest` is whatever Docker last called so.
 */
export function parseTarget(reference: Reference): Target | undefined {
  const distribution = distributionOf(reference);
  const tag = reference.tag ?? 'latest';
  if (!distribution || reference.digest !== undefined) return undefined;
  const slim = distribution === 'debian' && /(^|-)slim$/.test(tag);
  const named = slim ? tag.replace(/-?slim$/, '') || 'latest' : tag;
  const suite = suitesByVersion[distribution][named] ?? (/^[a-z]+$/.test(named) ? named : undefined);
  if (suite === undefined) return undefined;
  if (suite !== 'latest') return { distribution, suite, slim };
  return distribution === 'debian' ? { distribution, suite: 'stable', slim } : undefined;
}

function distributionOf({ registry, repository }: Reference): Target['distribution'] | undefined {
  if (registry !== DOCKER_HUB) return undefined;
  if (repository === 'library/debian') return 'debian';
  return repository === 'library/ubuntu' ? 'ubuntu' : undefined;
}
