/** What the body of create meant and what a container looked like in older API versions. */
import type { Shaped } from '../decode.js';
import type { createBody } from '../handlers/container-bodies.js';
import type { ContainerInspect } from '../wire.js';
import type { ApiVersion } from './negotiation.js';

type Body = Shaped<typeof createBody>;

/** Before 1.40 the memory of processes could be shared unless told otherwise. */
export function createIn(version: ApiVersion, body: Body): Body {
  const known = withKnownMounts(version, body);
  if (version.atLeast('1.40') || known.HostConfig?.IpcMode) return known;
  return { ...known, HostConfig: { ...known.HostConfig, IpcMode: 'shareable' } };
}

/** Before 1.40 an update knew no limit of processes. */
export function updateIn<B extends object>(version: ApiVersion, body: B): B {
  return version.atLeast('1.40') ? body : { ...body, PidsLimit: undefined };
}

/** Before 1.42 the mounts had no CreateMountpoint. */
function withKnownMounts(version: ApiVersion, body: Body): Body {
  if (version.atLeast('1.42') || body.HostConfig?.Mounts === undefined) return body;
  const Mounts = body.HostConfig.Mounts.map((mount) => {
    if (mount.BindOptions === undefined) return mount;
    const { CreateMountpoint: _, ...BindOptions } = mount.BindOptions;
    return { ...mount, BindOptions };
  });
  return { ...body, HostConfig: { ...body.HostConfig, Mounts } };
}

/** Before 1.45 the short id was among a container's aliases on networks that know names. */
export function inspectIn(version: ApiVersion, container: ContainerInspect): ContainerInspect {
  if (version.atLeast('1.45')) return container;
  const { NetworkSettings, Id } = container;
  const Networks = Object.fromEntries(
    Object.entries(NetworkSettings.Networks).map(([name, endpoint]) => {
      const isNamed = (endpoint.DNSNames ?? []).length > 0;
      return [name, isNamed ? { ...endpoint, Aliases: [...(endpoint.Aliases ?? []), Id.slice(0, 12)] } : endpoint];
    }),
  );
  return { ...container, NetworkSettings: { ...NetworkSettings, Networks } };
}

/** What a client of this version should say elsewhere. */
export function deprecationsIn(version: ApiVersion, body: Body): string[] {
  if (!body.MacAddress || !version.atLeast('1.44')) return [];
  return ['The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.'];
}
