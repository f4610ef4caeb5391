/** `diff`: two environments of a project, or one of them against what runs elsewhere. */
import { environmentNames } from '../../config/environment-names.js';
import { UserError } from '../../errors.js';
import { renderDiff } from '../../output/diff.js';
import { type Aspect, aspects, type Difference, diffEnvironments, type EnvironmentDiff } from '../../parity/diff.js';
import type { EnvironmentFacts } from '../../parity/facts.js';
import type { Session } from '../session.js';
import { packagesOf } from './packages.js';
import { againstSide, environmentSide, factsOfProject, type Side } from './sides.js';

export interface DiffWish {
  /** One or two names of environments. */
  readonly environments: readonly string[];
  /** `docker:CONTEXT`, `swarm:STACK`, `k8s:NAMESPACE`, a config file. */
  readonly against: string | undefined;
  readonly failOn: readonly string[];
  readonly json: boolean;
}

/** Gives the exit code: 1 when an aspect of `failOn` differs. */
export async function diff(session: Session, wish: DiffWish): Promise<number> {
  const failOn = checkAspects(wish.failOn);
  const [left, right] = await sidesOf(session, wish);
  const packages = await packagesOfBoth(session, left.facts, right.facts);
  const found = diffEnvironments(left.facts, right.facts, (service) => packages.get(service));
  if (wish.json) await session.terminal.data(`${JSON.stringify(asJson(left, right, found), null, 2)}\n`);
  else await session.terminal.data(renderDiff(left.name, right.name, found, session.terminal.outColors));
  return found.differences.some(({ aspect }) => failOn.includes(aspect)) ? 1 : 0;
}

function checkAspects(names: readonly string[]): Aspect[] {
  return names
    .flatMap((text) => text.split(','))
    .map((name) => {
      const aspect = aspects.find((one) => one === name.trim());
      if (aspect) return aspect;
      throw new UserError('unknown-aspect', `--fail-on ${name}: there is no such aspect.`, [
        `Aspects: ${aspects.join(', ')}.`,
      ]);
    });
}

async function sidesOf(session: Session, { environments, against }: DiffWish): Promise<readonly [Side, Side]> {
  const loaded = await session.loadQuietly([]);
  const known = environmentNames(loaded.project.configFiles);
  const [first = loaded.project.environmentName ?? known[0], second] = environments;
  if (against !== undefined) {
    if (second !== undefined) throw new UserError('too-many', '--against takes one environment, or none.');
    const left = first === undefined ? await environmentless(session) : await environmentSide(session, first);
    return [left, await againstSide(session, against, loaded.project.name)];
  }
  if (first === undefined || second === undefined) {
    throw new UserError('too-few', 'Two environments are compared, or one with --against.', [
      known.length
        ? `Environments: ${known.join(', ')}.`
        : 'This project has none: environments: in devenv.yml names them.',
    ]);
  }
  return [await environmentSide(session, first), await environmentSide(session, second)];
}

async function environmentless(session: Session): Promise<Side> {
  return { name: 'this project', facts: await factsOfProject((await session.loadQuietly([])).project) };
}

type Packages = Readonly<Record<string, string>>;

/** Of services whose images are both there and not the same; where none is, no engine is started for it. */
async function packagesOfBoth(
  session: Session,
  left: EnvironmentFacts,
  right: EnvironmentFacts,
): Promise<Map<string, readonly [Packages, Packages]>> {
  const found = new Map<string, readonly [Packages, Packages]>();
  for (const [service, a] of Object.entries(left)) {
    const b = right[service];
    if (!a.image || !b?.image || (a.image === b.image && a.digest === b.digest)) continue;
    const engine = await session.engine();
    const [ours, theirs] = [await packagesOf(engine, a.image), await packagesOf(engine, b.image)];
    if (ours && theirs) found.set(service, [ours, theirs]);
  }
  return found;
}

function asJson(left: Side, right: Side, { differences, same }: EnvironmentDiff) {
  const shown = (one: Difference) => ({ ...one, left: one.left ?? null, right: one.right ?? null });
  return { left: left.name, right: right.name, differences: differences.map(shown), same };
}
