/** Removes stopped containers. */
import { EngineError } from '../errors.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';
import type { Filters } from './filters.js';
import { removeContainer } from './remove.js';
import { nowNs, parseTime } from './time.js';
import { parseTimestamp } from './timestamp.js';

/** Throws `invalid` for an `until` that is no time. */
export async function pruneContainers(engine: Engine, filters: Filters) {
  const until = untilOf(filters);
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const container of engine.containers.all()) {
    if (!isPrunable(container, filters, until)) continue;
    const bytes = await engine.foundations.snapshots.upperBytes(container.id, container.record.chainId).catch(() => 0);
    try {
      await removeContainer(engine, container, { force: false, volumes: false });
    } catch (error) {
      if (error instanceof EngineError) continue;
      throw error;
    }
    deleted.push(container.id);
    reclaimed += bytes;
  }
  engine.events.publish('container', 'prune', '', { reclaimed: String(reclaimed) });
  return { deleted, reclaimedBytes: reclaimed };
}

function untilOf(filters: Filters): bigint | undefined {
  const [text = ''] = filters.get('until');
  try {
    return parseTimestamp(text, nowNs());
  } catch (cause) {
    throw new EngineError('invalid', `failed to parse value as time or duration: ${JSON.stringify(text)}`, { cause });
  }
}

function isPrunable(container: Container, filters: Filters, until: bigint | undefined): boolean {
  const { record } = container;
  if (container.isRunning || container.removing) return false;
  if (until !== undefined && parseTime(record.created) > until) return false;
  return filters.matchesLabels('label', record.config.Labels) && filters.lacksLabels('label!', record.config.Labels);
}
