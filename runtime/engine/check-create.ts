/** What is wrong with a request to create, in the sentences of Docker's daemon. Pure; throws EngineError('invalid'). */
import { isIP } from 'node:net';
import { EngineError } from '../errors.js';
import { dockerCapabilities } from '../launch/capabilities.js';
import type { HostConfig } from './host-config.js';
import { checkLogConfig } from './log-config.js';
import { parsePort, parsePortRange } from './ports.js';
import { checkResources, type MachineSize } from './resources.js';
import { checkSecurityOptions } from './security.js';
import { signalNumber } from './signals.js';
import type { ContainerConfig, CreateRequest } from './types.js';

function wrong(sentence: string): never {
  throw new EngineError('invalid', sentence);
}

export function checkName(name: string): void {
  if (!/^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name))
    wrong(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
}

/** What the client said, before the image is merged in: conflicts among its own options count. */
export function checkRequest(request: CreateRequest, host: HostConfig, machine: MachineSize): void {
  checkConfig(request.config);
  checkResources(host, machine);
  checkModes(host);
  checkNetworking(request.config, host);
  checkRestart(host);
  checkLogConfig(host.LogConfig);
  checkRuntime(host);
  if (host.Annotations?.[''] !== undefined)
    wrong('invalid Annotations: the empty string is not permitted as an annotation key');
  dockerCapabilities({ add: host.CapAdd ?? [], drop: host.CapDrop ?? [] });
  checkSecurityOptions(host.SecurityOpt ?? []);
}

function checkConfig(config: Partial<ContainerConfig>): void {
  if (config.WorkingDir && !config.WorkingDir.startsWith('/'))
    wrong(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  for (const entry of config.Env ?? [])
    if (entry === '' || entry.startsWith('=')) wrong(`invalid environment variable: ${entry}`);
  if (config.StopSignal && !/^[1-9]\d*$/.test(config.StopSignal)) signalNumber(config.StopSignal);
  const health = config.Healthcheck;
  for (const key of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const value = health?.[key] ?? 0;
    if (value !== 0 && value < 1_000_000) wrong(`${key} in Healthcheck cannot be less than 1ms`);
  }
  if ((health?.Retries ?? 0) < 0) wrong('Retries in Healthcheck cannot be negative');
}

export const isContainerMode = (mode: string) => /^container:.+/.test(mode);

function checkModes(host: HostConfig): void {
  const { PidMode, IpcMode, UTSMode, CgroupnsMode } = host;
  if (!['', 'host', 'private'].includes(PidMode) && !isContainerMode(PidMode)) wrong(`invalid PID mode: ${PidMode}`);
  if (!['', 'host', 'none', 'private', 'shareable'].includes(IpcMode) && !isContainerMode(IpcMode))
    wrong(`invalid IPC mode: ${IpcMode}`);
  if (!['', 'host'].includes(UTSMode)) wrong(`invalid UTS mode: ${UTSMode}`);
  if (!['', 'host', 'private'].includes(CgroupnsMode)) wrong(`invalid cgroup namespace mode: ${CgroupnsMode}`);
}

/** Of the linking container, and of what it links to. */
export const LINKS_ON_HOST =
  "conflicting options: host type networking can't be used with links. This would result in undefined behavior";

function checkNetworking(config: Partial<ContainerConfig>, host: HostConfig): void {
  const mode = host.NetworkMode;
  if ((isContainerMode(mode) || host.UTSMode === 'host') && config.Hostname)
    wrong(`conflicting options: hostname and the ${host.UTSMode === 'host' ? 'UTS' : 'network'} mode`);
  if (mode === 'host' && (host.Links ?? []).length > 0) wrong(LINKS_ON_HOST);
  if (mode === 'container:') wrong('invalid network mode: invalid container format container:<name|id>');
  if (isContainerMode(mode)) checkSharedNetwork(config, host);
  for (const entry of host.ExtraHosts ?? []) {
    const at = entry.search(/[:=]/);
    const address = at < 0 ? '' : entry.slice(at + 1).replace(/^\[|\]$/g, '');
    if (at < 1 || address === '') wrong(`bad format for add-host: ${JSON.stringify(entry)}`);
    if (address !== 'host-gateway' && isIP(address) === 0)
      wrong(`invalid IP address in add-host: ${JSON.stringify(address)}`);
  }
  for (const [port, bindings] of Object.entries(host.PortBindings ?? {})) {
    parsePort(port);
    for (const binding of bindings ?? []) {
      parsePortRange(binding.HostPort);
      if (binding.HostIp && isIP(binding.HostIp.replace(/^\[|\]$/g, '')) === 0)
        wrong(`invalid IP address: ${binding.HostIp}`);
    }
  }
}

function checkSharedNetwork(config: Partial<ContainerConfig>, host: HostConfig): void {
  if ((host.Links ?? []).length > 0)
    wrong(
      "conflicting options: container type network can't be used with links. This would result in undefined behavior",
    );
  if ((host.Dns ?? []).length > 0) wrong('conflicting options: dns and the network mode');
  if ((host.ExtraHosts ?? []).length > 0) wrong('conflicting options: custom host-to-IP mapping and the network mode');
  if (Object.keys(host.PortBindings ?? {}).length > 0 || host.PublishAllPorts)
    wrong('conflicting options: port publishing and the container type network mode');
  if (Object.keys(config.ExposedPorts ?? {}).length > 0)
    wrong('conflicting options: port exposing and the container type network mode');
}

function checkRestart(host: HostConfig): void {
  const { Name, MaximumRetryCount } = host.RestartPolicy;
  if (host.AutoRemove && Name !== 'no' && Name !== '') wrong("can't create 'AutoRemove' container with restart policy");
  checkRestartPolicy(Name, MaximumRetryCount);
}

export function checkRestartPolicy(name: string, retries: number): void {
  if (!['', 'no', 'always', 'on-failure', 'unless-stopped'].includes(name))
    wrong(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  if (name !== 'on-failure' && retries !== 0)
    wrong(
      `invalid restart policy: maximum retry count can only be used with 'on-failure'${retries < 0 ? ' and cannot be negative' : ''}`,
    );
  if (retries < 0) wrong('invalid restart policy: maximum retry count cannot be negative');
}

function checkRuntime(host: HostConfig): void {
  if (!['', 'runc', 'io.containerd.runc.v2'].includes(host.Runtime))
    wrong(`unknown or invalid runtime name: ${host.Runtime}`);
  if (!['', 'default', 'strict'].includes(host.Isolation))
    wrong(`invalid isolation (${host.Isolation}): linux only supports 'default'`);
  for (const option of Object.keys(host.StorageOpt ?? {}))
    if (option !== 'size') throw new EngineError('system', `Unknown option ${option}`);
  if (host.StorageOpt?.size !== undefined)
    throw new EngineError('system', "--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
}
