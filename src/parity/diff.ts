/** Two environments side by side. Pure. */
import type { EnvironmentFacts, ServiceFacts } from './facts.js';
import { isSecretName, shownValue } from './secret-names.js';

export const aspects = [
  'service',
  'image',
  'packages',
  'command',
  'user',
  'privileges',
  'environment',
  'mounts',
  'limits',
  'health',
  'ports',
  'network',
  'replicas',
  'restart',
] as const;
/** In the order of how much a difference matters to whether the program behaves the same. */
export type Aspect = (typeof aspects)[number];

export interface Difference {
  readonly service: string;
  readonly aspect: Aspect;
  /** `DEBUG` of the environment, `/data` of the mounts; '' for the whole aspect. */
  readonly what: string;
  /** Undefined: not there. Secrets are hidden. */
  readonly left: string | undefined;
  readonly right: string | undefined;
}

export interface EnvironmentDiff {
  readonly differences: readonly Difference[];
  /** Service → aspects in which both are the same. */
  readonly same: Readonly<Record<string, readonly Aspect[]>>;
}

/** Installed packages of an image, name → version; undefined where they are not known. */
export type PackagesOf = (
  service: string,
) => readonly [Readonly<Record<string, string>>, Readonly<Record<string, string>>] | undefined;

export function diffEnvironments(
  left: EnvironmentFacts,
  right: EnvironmentFacts,
  packagesOf: PackagesOf,
): EnvironmentDiff {
  const differences: Difference[] = [];
  const same: Record<string, Aspect[]> = {};
  for (const service of [...new Set([...Object.keys(left), ...Object.keys(right)])].sort()) {
    const [a, b] = [left[service], right[service]];
    if (!a || !b) {
      differences.push({ service, aspect: 'service', what: '', left: a && 'there', right: b && 'there' });
      continue;
    }
    const found = [...diffService(service, a, b), ...diffPackages(service, packagesOf(service))];
    differences.push(...found);
    same[service] = aspects.filter(
      (aspect) =>
        aspect !== 'service' &&
        !found.some((one) => one.aspect === aspect) &&
        isKnown(aspect, [a, b], packagesOf(service)),
    );
  }
  return { differences: differences.sort(byWeight), same };
}

function isKnown(aspect: Aspect, sides: readonly ServiceFacts[], packages: unknown): boolean {
  if (aspect === 'packages') return packages !== undefined;
  return aspect !== 'network' || sides.every(({ networks }) => networks !== undefined);
}

function byWeight(a: Difference, b: Difference): number {
  const weight = aspects.indexOf(a.aspect) - aspects.indexOf(b.aspect);
  return weight || (a.service < b.service ? -1 : a.service > b.service ? 1 : a.what < b.what ? -1 : 1);
}

function diffService(service: string, a: ServiceFacts, b: ServiceFacts): Difference[] {
  const text = (aspect: Aspect, what: string, left: string | undefined, right: string | undefined): Difference[] =>
    left === right ? [] : [{ service, aspect, what, left, right }];
  const list = (aspect: Aspect, left: readonly string[], right: readonly string[]): Difference[] => [
    ...left
      .filter((one) => !right.includes(one))
      .map((one) => ({ service, aspect, what: one, left: one, right: undefined })),
    ...right
      .filter((one) => !left.includes(one))
      .map((one) => ({ service, aspect, what: one, left: undefined, right: one })),
  ];
  const words = (value: readonly string[] | undefined) => value && JSON.stringify(value);
  return [
    ...diffImage(service, a, b),
    ...text('command', 'entrypoint', words(a.entrypoint), words(b.entrypoint)),
    ...text('command', 'command', words(a.command), words(b.command)),
    ...text('command', 'working directory', a.workingDir, b.workingDir),
    ...text('user', '', a.user, b.user),
    ...list('privileges', a.privileges, b.privileges),
    ...diffVariables(service, a, b),
    ...list('mounts', a.mounts, b.mounts),
    ...text('limits', 'memory', number(a.memory), number(b.memory)),
    ...text('limits', 'cpus', number(a.cpus), number(b.cpus)),
    ...text('health', '', words(a.health), words(b.health)),
    ...list('ports', a.ports, b.ports),
    ...(a.networks && b.networks ? list('network', a.networks, b.networks) : []),
    ...text('replicas', '', String(a.replicas), String(b.replicas)),
    ...text('restart', '', a.restart, b.restart),
  ];
}

const number = (value: number | undefined) => (value === undefined ? undefined : String(value));

/** Where both digests are known they alone decide; a name may say the same and mean another content. */
function diffImage(service: string, a: ServiceFacts, b: ServiceFacts): Difference[] {
  if (a.digest !== undefined && b.digest !== undefined) {
    if (a.digest === b.digest) return [];
    return [{ service, aspect: 'image', what: 'digest', left: a.digest, right: b.digest }];
  }
  return a.image === b.image ? [] : [{ service, aspect: 'image', what: 'name', left: a.image, right: b.image }];
}

function diffVariables(service: string, a: ServiceFacts, b: ServiceFacts): Difference[] {
  const names = [...new Set([...Object.keys(a.environment), ...Object.keys(b.environment)])].sort();
  return names
    .filter((name) => !isSameVariable(name, a, b))
    .map((what) => {
      const [left, right] = [shown(what, a), shown(what, b)];
      const hidden = isSecretName(what) && left === right && left !== undefined;
      return { service, aspect: 'environment', what, left, right: hidden ? '(hidden, another)' : right };
    });
}

/** Of one whose value stands elsewhere it is known that it is there, and no more. */
function isSameVariable(name: string, a: ServiceFacts, b: ServiceFacts): boolean {
  const isThere = (facts: ServiceFacts) => facts.environment[name] !== undefined;
  if (isReferenced(name, a) || isReferenced(name, b)) return isThere(a) && isThere(b);
  return a.environment[name] === b.environment[name];
}

const isReferenced = (name: string, { referenced = [] }: ServiceFacts) => referenced.includes(name);

function shown(name: string, facts: ServiceFacts): string | undefined {
  const value = facts.environment[name];
  if (value === undefined) return undefined;
  return isReferenced(name, facts) ? '(a secret there)' : shownValue(name, value);
}

function diffPackages(service: string, packages: ReturnType<PackagesOf>): Difference[] {
  if (!packages) return [];
  const [a, b] = packages;
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return names
    .filter((name) => a[name] !== b[name])
    .map((what) => ({ service, aspect: 'packages', what, left: a[what], right: b[what] }));
}

/** Packages of Debian's and Alpine's records, name → version. */
export function readPackages(file: 'dpkg' | 'apk', text: string): Record<string, string> {
  const [name, version] = file === 'dpkg' ? [/^Package: (.+)$/m, /^Version: (.+)$/m] : [/^P:(.+)$/m, /^V:(.+)$/m];
  const packages: Record<string, string> = {};
  for (const record of text.split(/\n\n+/)) {
    if (file === 'dpkg' && !/^Status: .* installed$/m.test(record)) continue;
    const [key, value] = [name.exec(record)?.[1], version.exec(record)?.[1]];
    if (key !== undefined && value !== undefined) packages[key] = value;
  }
  return packages;
}
