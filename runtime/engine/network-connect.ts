/** `network connect` and `disconnect`, on running containers too. */
import { EngineError } from '../errors.js';
import type { Endpoint, NetworkRecord } from '../network/types.js';
import type { Container } from './container.js';
import { checkEndpointSettings } from './endpoint-settings.js';
import { endpointRequest, hasInterface } from './endpoints.js';
import type { Engine } from './engine.js';
import { tellNetwork } from './network-list.js';
import type { EndpointSettings } from './types.js';

function refuseShared(container: Container, network: NetworkRecord): void {
  const mode = container.record.hostConfig.NetworkMode;
  if (network.driver === 'host' && mode !== 'host')
    throw new EngineError(
      'invalid',
      'cannot connect container to host network - container must be created in host network mode',
    );
  if (mode === 'host' || mode.startsWith('container:'))
    throw new EngineError(
      'invalid',
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  const isPrivate = container.record.networks.none !== undefined;
  if (isPrivate || (network.driver === 'null' && Object.keys(container.record.networks).length > 0))
    throw new EngineError(
      'invalid',
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    );
}

/** The key under which a container's record has a network. */
function recordedName(container: Container, network: NetworkRecord): string | undefined {
  const names = Object.keys(container.record.networks);
  return names.find(
    (name) => name === network.name || name === network.id || (name === 'default' && network.name === 'bridge'),
  );
}

function freeInterface(endpoints: readonly Endpoint[]): string {
  const taken = new Set(endpoints.map(({ interfaceName }) => interfaceName));
  for (let number = 0; ; number += 1) if (!taken.has(`eth${number}`)) return `eth${number}`;
}

async function plugIn(
  engine: Engine,
  container: Container,
  network: NetworkRecord,
  settings: EndpointSettings,
): Promise<void> {
  const { networks } = engine.foundations;
  const { running } = container.record;
  const pid = container.record.state.Pid;
  const name = freeInterface(networks.endpointsOf(container.id));
  const request = endpointRequest(engine, container, network.name, settings, name);
  const endpoint = await networks.attach(request);
  try {
    await networks.plug(endpoint, pid);
  } catch (error) {
    await networks.detach(container.id, network.id);
    throw error;
  }
  if (running)
    await engine.save(container, { running: { ...running, endpoints: [...running.endpoints, { endpoint, request }] } });
}

/** Throws `not-found`, `invalid` for a container that shares or has no network, `forbidden` when it is on that network already. */
export async function connectNetwork(
  engine: Engine,
  networkName: string,
  containerName: string,
  settings: EndpointSettings,
): Promise<void> {
  const container = engine.containers.get(containerName);
  const network = engine.foundations.networks.get(networkName);
  await container.lock.run(async () => {
    if (network.configOnly === true)
      throw new EngineError('forbidden', 'cannot create endpoint on configuration-only network');
    refuseShared(container, network);
    checkEndpointSettings(network.name, network, settings);
    const known = recordedName(container, network);
    if (known !== undefined && container.isRunning)
      throw new EngineError(
        'forbidden',
        `endpoint with name ${container.name} already exists in network ${network.name}`,
      );
    if (container.isRunning) await plugIn(engine, container, network, settings);
    // One that is stopped and on it already keeps what was said first, as Docker's does.
    if (known === undefined)
      await engine.save(container, { networks: { ...container.record.networks, [network.name]: settings } });
    tellNetwork(engine, 'connect', network, container.id);
  });
}

/** Throws `not-found`, and `system` when it is not on that network. */
export async function disconnectNetwork(
  engine: Engine,
  networkName: string,
  containerName: string,
  force: boolean,
): Promise<void> {
  const container = force ? engine.containers.find(containerName) : engine.containers.get(containerName);
  const network = engine.foundations.networks.get(networkName);
  // Only containers have endpoints here, so one that is gone has left none behind.
  if (!container) throw new EngineError('not-found', `endpoint ${containerName} not found`);
  await container.lock.run(async () => {
    if (network.driver === 'host')
      throw new EngineError(
        'invalid',
        'cannot disconnect container from host network - container was created in host network mode',
      );
    const known = recordedName(container, network);
    if (known === undefined)
      throw new EngineError(
        'system',
        `container ${container.id} is not connected to ${container.isRunning ? '' : 'the '}network ${network.name}`,
      );
    if (container.isRunning) await unplug(engine, container, network);
    const { [known]: _, ...networks } = container.record.networks;
    await engine.save(container, { networks });
    tellNetwork(engine, 'disconnect', network, container.id);
  });
}

async function unplug(engine: Engine, container: Container, network: NetworkRecord): Promise<void> {
  const { networks } = engine.foundations;
  const { running, state } = container.record;
  const endpoint = networks.endpointsOf(container.id).find(({ networkId }) => networkId === network.id);
  if (endpoint && hasInterface(network)) await networks.unplug(endpoint, state.Pid);
  await networks.detach(container.id, network.id);
  if (running)
    await engine.save(container, {
      running: { ...running, endpoints: running.endpoints.filter((entry) => entry.endpoint.networkId !== network.id) },
    });
}
