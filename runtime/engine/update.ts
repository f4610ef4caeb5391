/** Changes limits and restart policy, of a running container at once. */
import { availableParallelism } from 'node:os';
import { EngineError } from '../errors.js';
import { updateCgroup } from './cgroup-files.js';
import { checkRestartPolicy } from './check-create.js';
import { completeHostConfig } from './complete-host-config.js';
import type { Container } from './container.js';
import { createWarnings } from './create-warnings.js';
import type { Engine } from './engine.js';
import type { HostConfig, RestartPolicy } from './host-config.js';
import { checkResources, resourcesOf } from './resources.js';

export interface UpdateRequest {
  /** Zero and absence leave a value as it is. */
  readonly resources: Readonly<Record<string, unknown>>;
  readonly restartPolicy: RestartPolicy | undefined;
}

/** Returns warnings. Throws `invalid` for limits that cannot be, `conflict` for a container that goes away, `system` when the kernel refuses. */
export async function updateContainer(engine: Engine, container: Container, request: UpdateRequest): Promise<string[]> {
  const before = container.record.hostConfig;
  if (container.removing || container.record.state.Dead)
    throw new EngineError('conflict', `Container is marked for removal and cannot be "update".`);
  const host = merged(engine, before, request);
  checkUpdate(before, host, request);
  if (container.isRunning && container.record.running !== undefined && hasChanges(request.resources))
    await applyLimits(engine, container, host);
  await engine.save(container, { hostConfig: host });
  engine.tell(container, 'update');
  return createWarnings(engine, host);
}

const hasChanges = (resources: UpdateRequest['resources']) => Object.values(resources).some(isSaid);

function isSaid(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== 0 && value !== '' && value !== false;
}

function merged(engine: Engine, before: HostConfig, { resources, restartPolicy }: UpdateRequest): HostConfig {
  const said = Object.fromEntries(Object.entries(resources).filter(([, value]) => isSaid(value)));
  const next = { ...before, ...said, ...(restartPolicy === undefined ? {} : { RestartPolicy: restartPolicy }) };
  // A limit of memory over an untouched one of swap that is now too small is refused by Docker, so it stays as it is.
  return completeHostConfig(next, engine.cgroups.version);
}

function checkUpdate(before: HostConfig, host: HostConfig, { restartPolicy }: UpdateRequest): void {
  if (restartPolicy !== undefined) {
    checkRestartPolicy(restartPolicy.Name, restartPolicy.MaximumRetryCount);
    if (before.AutoRemove && restartPolicy.Name !== 'no')
      throw new EngineError(
        'invalid',
        'Restart policy cannot be updated because AutoRemove is enabled for the container',
      );
  }
  if (before.NanoCpus > 0 && host.CpuQuota > 0 && before.CpuQuota !== host.CpuQuota)
    throw new EngineError(
      'invalid',
      'Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set',
    );
  if (host.Memory !== before.Memory && host.MemorySwap > 0 && host.MemorySwap < host.Memory)
    throw new EngineError(
      'invalid',
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  checkResources(host, availableParallelism());
}

async function applyLimits(engine: Engine, container: Container, host: HostConfig): Promise<void> {
  try {
    await updateCgroup(engine.cgroups, container.record.running!.cgroupPath, resourcesOf(host));
  } catch (cause) {
    throw new EngineError('system', `Cannot update container ${container.id}: ${(cause as Error).message}`, { cause });
  }
}
