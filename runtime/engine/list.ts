/** Which containers a client means by its filters. */
import { EngineError } from '../errors.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';
import type { Filters } from './filters.js';
import { exposedPorts } from './ports.js';
import { parseTime } from './time.js';

export const CONTAINER_FILTERS = [
  'ancestor',
  'before',
  'expose',
  'exited',
  'health',
  'id',
  'isolation',
  'is-task',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
] as const;

export interface ListOptions {
  readonly all: boolean;
  /** The last so many, whatever their state. 0 or less: all. */
  readonly limit: number;
  readonly filters: Filters;
}

const statuses = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];

/** Youngest first. Throws `invalid` for a value that a filter cannot have, `not-found` for a container that `before` or `since` name. */
export function listContainers(engine: Engine, options: ListOptions): Container[] {
  const { filters } = options;
  checkValues(filters);
  // No container belongs to a task where there is no swarm.
  if (filters.bool('is-task', false)) return [];
  const showsAll = options.all || options.limit > 0 || filters.has('status');
  const matches = matcher(engine, filters);
  const found = engine.containers
    .all()
    .filter((container) => (showsAll || container.isRunning) && matches(container))
    .map((container) => ({ container, created: parseTime(container.record.created) }))
    .sort((a, b) => (a.created < b.created ? 1 : a.created > b.created ? -1 : 0))
    .map(({ container }) => container);
  return options.limit > 0 ? found.slice(0, options.limit) : found;
}

function checkValues(filters: Filters): void {
  for (const status of filters.get('status'))
    if (!statuses.includes(status))
      throw new EngineError(
        'invalid',
        `invalid filter 'status=${status}': invalid value for state (${status}): must be one of ${statuses.join(', ')}`,
      );
  for (const code of filters.get('exited'))
    if (!/^-?\d+$/.test(code))
      throw new EngineError(
        'invalid',
        `invalid filter 'exited=${code}': strconv.Atoi: parsing ${JSON.stringify(code)}: invalid syntax`,
      );
  for (const health of filters.get('health'))
    if (!['none', 'starting', 'healthy', 'unhealthy'].includes(health))
      throw new EngineError(
        'invalid',
        `invalid filter 'health=${health}': invalid value for health (${health}): must be one of none, starting, healthy, unhealthy`,
      );
}

type Test = (container: Container) => boolean;

function matcher(engine: Engine, filters: Filters): Test {
  const tests: Test[] = [
    ({ record }) => filters.matchesLabels('label', record.config.Labels),
    ({ record }) => filters.matchesExactly('status', record.state.Status),
    ({ record }) => filters.matchesExactly('health', record.state.Health?.Status ?? 'none'),
    ({ id }) => filters.get('id').length === 0 || filters.get('id').some((prefix) => id.startsWith(prefix)),
    ({ name }) =>
      filters.get('name').length === 0 || filters.matchesPart('name', `/${name}`) || filters.matchesPart('name', name),
    ({ record }) =>
      !filters.has('exited') ||
      (record.state.Status === 'exited' && filters.get('exited').includes(String(record.state.ExitCode))),
    ({ record }) => matchesVolume(filters, record.mounts),
    (container) => matchesNetwork(engine, filters, container),
    (container) => matchesPorts(filters, container),
    ...ancestorTest(engine, filters),
    ...orderTests(engine, filters),
  ];
  return (container) => tests.every((test) => test(container));
}

function matchesVolume(filters: Filters, mounts: Container['record']['mounts']): boolean {
  const wanted = filters.get('volume');
  return (
    wanted.length === 0 ||
    mounts.some((mount) =>
      wanted.some((one) => one === mount.Name || one === mount.Destination || one === mount.Source),
    )
  );
}

function matchesNetwork(engine: Engine, filters: Filters, { record }: Container): boolean {
  const wanted = filters.get('network');
  if (wanted.length === 0) return true;
  return Object.keys(record.networks).some((name) => {
    const id = engine.foundations.networks.find(name)?.id;
    return wanted.some((one) => one === name || id?.startsWith(one) === true);
  });
}

function matchesPorts(filters: Filters, { record }: Container): boolean {
  const exposed = exposedPorts(record.config.ExposedPorts).map(({ port, protocol }) => `${port}/${protocol}`);
  const published = (record.running?.ports ?? []).map((port) => `${port.containerPort}/${port.protocol}`);
  const inRange = (filter: 'expose' | 'publish', ports: readonly string[]) =>
    !filters.has(filter) || filters.get(filter).some((one) => expand(filter, one).some((port) => ports.includes(port)));
  return inRange('expose', exposed) && inRange('publish', published);
}

/** `8080-8090/tcp` as its ports. Throws `system` in the words of Go's parser. */
function expand(filter: string, text: string): string[] {
  const [range = '', protocol = 'tcp'] = text.split('/');
  const [first = '', last = first] = range.split('-');
  for (const port of [first, last]) {
    const why = !/^\d+$/.test(port) ? 'invalid syntax' : Number(port) > 65535 ? 'value out of range' : undefined;
    if (why !== undefined)
      throw new EngineError(
        'system',
        `error while looking up for ${filter} ${text}: strconv.ParseUint: parsing ${JSON.stringify(port)}: ${why}`,
      );
  }
  const length = Math.max(0, Number(last) - Number(first) + 1);
  return Array.from({ length }, (_, index) => `${Number(first) + index}/${protocol}`);
}

/** Containers that stand on an image or on one made from it. */
function ancestorTest(engine: Engine, filters: Filters): Test[] {
  const wanted = filters.get('ancestor');
  if (wanted.length === 0) return [];
  const { images } = engine.foundations;
  const found = wanted.flatMap((name) => images.find(name) ?? []);
  const tops = new Set(found.map((image) => image.chainIds.at(-1)));
  const ids = new Set(found.map((image) => image.id));
  return [
    ({ record }) => {
      if (wanted.includes(record.config.Image) || ids.has(record.imageId as never)) return true;
      const image = images.find(record.imageId);
      return image?.chainIds.some((chain) => tops.has(chain)) === true;
    },
  ];
}

function orderTests(engine: Engine, filters: Filters): Test[] {
  const createdOf = (name: string) => parseTime(engine.containers.get(name).record.created);
  return [
    ...filters.get('before').map((name): Test => {
      const time = createdOf(name);
      return ({ record }) => parseTime(record.created) < time;
    }),
    ...filters.get('since').map((name): Test => {
      const time = createdOf(name);
      return ({ record }) => parseTime(record.created) > time;
    }),
  ];
}
