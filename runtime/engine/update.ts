/** Changes limits and restart policy, of a running container at once. */
import { EngineError } from '../errors.js';
import { updateCgroup } from './cgroup-files.js';
import { checkRestartPolicy } from './check-create.js';
import { completeHostConfig } from './complete-host-config.js';
import type { Container } from './container.js';
import { createWarnings } from './create-warnings.js';
import type { Engine } from './engine.js';
import { DEFAULT_HOST_CONFIG, type HostConfig, type RestartPolicy } from './host-config.js';
import { checkResources, resourcesOf } from './resources.js';
import { supportedLimits } from './supported-limits.js';

export interface UpdateRequest {
  /** Zero and absence leave a value as it is, but a PidsLimit of zero or less is none. */
  readonly resources: Readonly<Record<string, unknown>>;
  readonly restartPolicy: RestartPolicy | undefined;
}

/** Returns warnings. Throws `invalid` for limits that cannot be, `conflict` for a container that goes away, `system` when the kernel refuses. */
export async function updateContainer(engine: Engine, container: Container, request: UpdateRequest): Promise<string[]> {
  const before = container.record.hostConfig;
  if (container.removing || container.record.state.Dead)
    throw new EngineError('conflict', `Container is marked for removal and cannot be "update".`);
  const { host, warnings } = await supportedLimits(engine, merged(engine, before, request));
  checkUpdate(engine, container, { ...request, resources: stripped(request.resources, host) });
  if (container.isRunning && container.record.running !== undefined && hasChanges(request.resources))
    await applyLimits(engine, container, host);
  await engine.save(container, { hostConfig: host });
  engine.tell(container, 'update');
  return [...warnings, ...createWarnings(host, engine.cgroups.version)];
}

/** Without what this kernel cannot do, which has been taken out of `host` and told. */
function stripped(resources: UpdateRequest['resources'], host: HostConfig): UpdateRequest['resources'] {
  const { BlkioWeight, ...rest } = resources;
  return host.BlkioWeight === 0 ? rest : resources;
}

const hasChanges = (resources: UpdateRequest['resources']) => Object.entries(resources).some(isSaid);

function isSaid([key, value]: readonly [string, unknown]): boolean {
  if (key === 'PidsLimit') return value !== undefined && value !== null;
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== 0 && value !== '' && value !== false;
}

function merged(engine: Engine, before: HostConfig, { resources, restartPolicy }: UpdateRequest): HostConfig {
  const said = Object.fromEntries(Object.entries(resources).filter(isSaid));
  const next = { ...before, ...said, ...(restartPolicy === undefined ? {} : { RestartPolicy: restartPolicy }) };
  // A limit of memory over an untouched one of swap that is now too small is refused by Docker, so it stays as it is.
  const complete = completeHostConfig(next, engine.cgroups.version);
  return next.PidsLimit !== null && next.PidsLimit <= 0 ? { ...complete, PidsLimit: 0 } : complete;
}

/** Whether two ways of saying the same limit meet (moby's UpdateContainer). */
function conflictOf(before: HostConfig, { resources: asked, restartPolicy }: UpdateRequest): string | undefined {
  const wants = (key: 'NanoCpus' | 'CpuPeriod' | 'CpuQuota' | 'Memory' | 'MemorySwap') => Number(asked[key] ?? 0);
  if (wants('NanoCpus') > 0 && before.CpuPeriod > 0)
    return 'Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set';
  if (wants('NanoCpus') > 0 && before.CpuQuota > 0)
    return 'Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set';
  if (wants('CpuPeriod') > 0 && before.NanoCpus > 0)
    return 'Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set';
  if (wants('CpuQuota') > 0 && before.NanoCpus > 0)
    return 'Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set';
  if (wants('Memory') !== 0 && wants('MemorySwap') === 0 && wants('Memory') > before.MemorySwap)
    return 'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time';
  if (before.AutoRemove && restartPolicy !== undefined && restartPolicy.Name !== 'no')
    return 'Restart policy cannot be updated because AutoRemove is enabled for the container';
  return undefined;
}

function checkUpdate(engine: Engine, container: Container, request: UpdateRequest): void {
  const { restartPolicy } = request;
  if (restartPolicy !== undefined) checkRestartPolicy(restartPolicy.Name, restartPolicy.MaximumRetryCount);
  // What is asked for must make sense by itself; what it meets is told as a conflict.
  checkResources({ ...DEFAULT_HOST_CONFIG, ...request.resources }, engine.machineSize);
  const conflict = conflictOf(container.record.hostConfig, request);
  if (conflict !== undefined) throw new EngineError('conflict', `Cannot update container ${container.id}: ${conflict}`);
}

async function applyLimits(engine: Engine, container: Container, host: HostConfig): Promise<void> {
  try {
    await updateCgroup(engine.cgroups, container.record.running!.cgroupPath, resourcesOf(host));
  } catch (cause) {
    throw new EngineError('system', `Cannot update container ${container.id}: ${(cause as Error).message}`, { cause });
  }
}
