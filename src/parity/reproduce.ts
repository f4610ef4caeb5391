/** Facts → an overlay of the config that is what runs there. Pure. */
import type { EnvironmentFacts, ServiceFacts } from './facts.js';
import { isSecretName, shownValue } from './secret-names.js';

export interface Reproduction {
  /** YAML, with `!reset` and `!override` where the project's own config would be merged into it. */
  readonly text: string;
  /** Names of variables whose values were left out. */
  readonly secrets: readonly string[];
  readonly warnings: readonly string[];
}

/** A service of the project's own config: what it says by itself is taken away where there it is otherwise. */
export interface KnownService {
  readonly isBuilt: boolean;
  /** Keys that it says something under. */
  readonly keys: ReadonlySet<string>;
}

/** `projectName` goes into a file that stands by itself. */
export function reproduce(
  facts: EnvironmentFacts,
  known: ReadonlyMap<string, KnownService>,
  { from, projectName }: { readonly from: string; readonly projectName?: string },
): Reproduction {
  const notes: Notes = { secrets: new Set(), files: new Map(), warnings: [], volumes: new Set(), isWhole: true };
  const absent = [...known.keys()].filter((name) => !facts[name]);
  const lines = [
    `# What ran at ${from}, written by devenv reproduce. Secrets are named, not copied.`,
    ...(projectName === undefined ? [] : [`name: ${key(projectName)}`]),
    'services:',
  ];
  for (const [name, service] of Object.entries(facts)) {
    if (name.includes('/')) {
      notes.warnings.push(`${name} is a second container of a pod: it is left out`);
      continue;
    }
    for (const source of service.unknownVariables ?? [])
      notes.warnings.push(`${name}: its variables from ${source} are not known, and are left out`);
    const inner = serviceLines(name, service, known.get(name), { ...notes, isWhole: absent.length === 0 });
    lines.push(`  ${key(name)}:`, ...inner.map((line) => `    ${line}`));
  }
  for (const name of absent) lines.push(`  ${key(name)}: !reset null`);
  const { secrets, files, warnings, volumes } = notes;
  if (volumes.size > 0) lines.push('volumes:', ...[...volumes].map((name) => `  ${name}: {}`));
  if (files.size > 0)
    lines.push('secrets:', ...[...files].map(([name, variable]) => `  ${key(name)}: {environment: ${variable}}`));
  return { text: `${lines.join('\n')}\n`, secrets: [...secrets].sort(), warnings };
}

interface Notes {
  readonly secrets: Set<string>;
  /** Secrets that are files: their names, and the variable that each is to come from. */
  readonly files: Map<string, string>;
  readonly warnings: string[];
  readonly volumes: Set<string>;
  /** Every service of the config runs there. */
  readonly isWhole: boolean;
}

/** What the config may say and what runs there would have said otherwise, or cannot be known of. */
const ownKeys = ['develop', 'env_file', 'mem_limit', 'cpus', 'scale', 'volumes_from', 'pull_policy', 'profiles'];

function serviceLines(name: string, facts: ServiceFacts, known: KnownService | undefined, notes: Notes): string[] {
  const said = (field: string) => known?.keys.has(field) ?? false;
  const reset = (field: string) => (said(field) ? [`${field}: !reset null`] : []);
  const plain = (field: string, value: string | undefined) =>
    value === undefined ? reset(field) : [`${field}: ${scalar(value)}`];
  const list = (field: string, values: readonly string[] | undefined) =>
    values?.length
      ? [`${field}: ${said(field) ? '!override ' : ''}[${values.map((value) => scalar(dollars(value))).join(', ')}]`]
      : reset(field);
  const flag = (field: string, isOn: boolean) => (isOn ? [`${field}: true`] : reset(field));
  return [
    ...ownKeys.flatMap(reset),
    ...(notes.isWhole ? [] : reset('depends_on')),
    ...imageLines(name, facts, known, notes),
    ...list('entrypoint', facts.entrypoint),
    ...list('command', facts.command),
    ...plain('user', facts.user),
    ...plain('working_dir', facts.workingDir),
    ...environmentLines(facts, said('environment'), notes),
    ...list(
      'ports',
      facts.ports.map((port) => port.replace('->', ':').replace('/tcp', '')),
    ),
    ...list('volumes', mountsOf(name, facts, notes)),
    ...list('tmpfs', tmpfsOf(facts)),
    ...(said('secrets') ? [] : secretLines(facts, notes)),
    ...plain('restart', facts.restart),
    ...list('cap_add', signed(facts, '+')),
    ...list('cap_drop', signed(facts, '-')),
    ...flag('privileged', facts.privileges.includes('privileged')),
    ...flag('read_only', facts.privileges.includes('read-only')),
    ...healthLines(name, facts, said('healthcheck'), notes),
    ...deployLines(facts, said('deploy')),
  ];
}

/** By digest, never built: unless nobody else can have the image, since it was built there too. */
function imageLines(
  name: string,
  { image, digest }: ServiceFacts,
  known: KnownService | undefined,
  { warnings }: Notes,
): string[] {
  if (image === undefined) return [];
  if (digest === undefined && known?.isBuilt) {
    warnings.push(`${name}: its image was built there and is in no registry; here it is built from this folder`);
    return [];
  }
  if (digest === undefined)
    warnings.push(`${name}: the digest of its image is not known, so its name alone says what runs`);
  const pinned = digest === undefined || image.includes('@') ? image : `${image}@${digest}`;
  return [...(known?.isBuilt ? ['build: !reset null'] : []), `image: ${scalar(pinned)}`];
}

function environmentLines(facts: ServiceFacts, isKnown: boolean, { secrets }: Notes): string[] {
  const { environment, referenced = [] } = facts;
  const names = Object.keys(environment).sort();
  if (names.length === 0) return isKnown ? ['environment: !reset null'] : [];
  return [
    `environment:${isKnown ? ' !override' : ''}`,
    ...names.map((variable) => {
      const value = environment[variable]!;
      if (!isSecret(variable, value) && !referenced.includes(variable))
        return `  ${key(variable)}: ${scalar(dollars(value))}`;
      secrets.add(variable);
      return `  ${key(variable)}: "\${${variable}:?a secret of what is reproduced}"`;
    }),
  ];
}

/** A config that has secrets of its own knows better where they come from. */
function secretLines({ secretFiles = [] }: ServiceFacts, { secrets, files }: Notes): string[] {
  if (secretFiles.length === 0) return [];
  for (const name of secretFiles) {
    const variable = name.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
    files.set(name, variable);
    secrets.add(variable);
  }
  return [`secrets: [${secretFiles.map(scalar).join(', ')}]`];
}

/** Also an address with a password in it. What says only where a secret is (`…_FILE`) is none. */
const isSecret = (name: string, value: string) =>
  value !== '' &&
  !(/_FILE$/.test(name) && value.startsWith('/')) &&
  (isSecretName(name) || shownValue(name, value) !== value);

/** A dollar sign that is not to be filled in. */
const dollars = (text: string) => text.replace(/\$/g, '$$$$');

/** Data is not copied: volumes begin empty under names of their own; folders of the host are left out. */
function mountsOf(name: string, { mounts }: ServiceFacts, { warnings, volumes }: Notes): string[] {
  return mounts.flatMap((mount) => {
    const [target = '', type] = mount.split(' ');
    if (type === 'tmpfs' || target.startsWith('/run/secrets/')) return [];
    if (type !== 'volume') {
      warnings.push(`${name}: ${target} is ${placeOf[type ?? ''] ?? 'a folder of that host'}, and is left out`);
      return [];
    }
    const volume = `${name}${target.replace(/[^a-zA-Z0-9]+/g, '-')}`.replace(/-$/, '');
    volumes.add(volume);
    return [`${volume}:${target}${mount.endsWith(' read-only') ? ':ro' : ''}`];
  });
}

const placeOf: Readonly<Record<string, string>> = {
  config: 'made of a config map of the cluster',
  secret: 'a secret of the cluster',
};

const tmpfsOf = ({ mounts }: ServiceFacts) =>
  mounts.filter((mount) => / tmpfs\b/.test(mount)).map((mount) => mount.split(' ')[0]!);

const signed = ({ privileges }: ServiceFacts, sign: string) =>
  privileges.filter((one) => one.startsWith(sign)).map((one) => one.slice(1));

function healthLines(name: string, { health }: ServiceFacts, isKnown: boolean, { warnings }: Notes): string[] {
  if (health?.[0] === 'HTTP') {
    warnings.push(`${name}: it is probed over HTTP (${health[1]}) by the cluster, which no container can do by itself`);
    return isKnown ? ['healthcheck: !reset null'] : [];
  }
  if (!health) return isKnown ? ['healthcheck: !reset null'] : [];
  return [
    'healthcheck:',
    `  test: ${isKnown ? '!override ' : ''}[${health.map((word) => scalar(dollars(word))).join(', ')}]`,
  ];
}

function deployLines({ replicas, memory, cpus }: ServiceFacts, isKnown: boolean): string[] {
  const limits = [
    memory === undefined ? '' : `memory: "${memory}"`,
    cpus === undefined ? '' : `cpus: "${cpus}"`,
  ].filter(Boolean);
  const parts = [
    ...(replicas === 1 ? [] : [`replicas: ${replicas}`]),
    ...(limits.length ? [`resources: {limits: {${limits.join(', ')}}}`] : []),
  ];
  if (parts.length === 0) return isKnown ? ['deploy: !reset null'] : [];
  return [`deploy: ${isKnown ? '!override ' : ''}{${parts.join(', ')}}`];
}

const scalar = (text: string) => JSON.stringify(text);
const key = (text: string) => (/^[A-Za-z_][\w.-]*$/.test(text) ? text : JSON.stringify(text));
