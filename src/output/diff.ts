/** Two environments side by side, what matters most first. */
import type { Colors } from './colors.js';

interface ShownDifference {
  readonly service: string;
  readonly aspect: string;
  readonly what: string;
  readonly left: string | undefined;
  readonly right: string | undefined;
}

interface ShownDiff {
  readonly differences: readonly ShownDifference[];
  readonly same: Readonly<Record<string, readonly string[]>>;
}

/** More packages than these are counted, not listed. */
const PACKAGES_SHOWN = 10;

/**
 *     command      api      node --watch app.js | node app.js
 *     environment  api      DEBUG: 1 | (none)
 *     Same: db (all), api (image, user, …)
 *     5 differences in 2 of 4 services.
 */
export function renderDiff(left: string, right: string, { differences, same }: ShownDiff, colors: Colors): string {
  const rows = withFewPackages(differences);
  const aspectWidth = Math.max(0, ...rows.map((row) => row.aspect.length));
  const serviceWidth = Math.max(0, ...rows.map((row) => row.service.length));
  const lines = rows.map(({ aspect, service, what, left: a, right: b }) => {
    const start = `${aspect.padEnd(aspectWidth)}  ${colors.bold(service.padEnd(serviceWidth))}  ${what ? `${what}: ` : ''}`;
    return `${start}${colors.red(a ?? '(none)')} | ${colors.green(b ?? '(none)')}`;
  });
  const differing = new Set(differences.map((one) => one.service));
  const services = new Set([...differing, ...Object.keys(same)]);
  const alike = Object.entries(same).map(([service, aspects]) =>
    differing.has(service) ? `${service} (${aspects.join(', ')})` : `${service} (all)`,
  );
  const summary = differences.length
    ? `${differences.length} differences in ${differing.size} of ${services.size} services.`
    : `${left} and ${right} are the same.`;
  const head = differences.length ? [`${colors.red(left)} | ${colors.green(right)}`, ''] : [];
  const tail = alike.length ? ['', `Same: ${alike.join('; ')}`] : [];
  return [...head, ...lines, ...tail, summary, ''].join('\n');
}

function withFewPackages(differences: readonly ShownDifference[]): ShownDifference[] {
  const shown: ShownDifference[] = [];
  const counts = new Map<string, number>();
  for (const one of differences) {
    if (one.aspect === 'packages') {
      const count = (counts.get(one.service) ?? 0) + 1;
      counts.set(one.service, count);
      if (count > PACKAGES_SHOWN) continue;
    }
    shown.push(one);
  }
  for (const [service, count] of counts) {
    if (count <= PACKAGES_SHOWN) continue;
    const more = `${count - PACKAGES_SHOWN} more`;
    const last = shown.findLastIndex((one) => one.aspect === 'packages' && one.service === service);
    shown.splice(last + 1, 0, { service, aspect: 'packages', what: more, left: '…', right: '…' });
  }
  return shown;
}
