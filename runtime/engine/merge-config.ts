/** A request's Config over the image's, by the rules of Docker's `docker run`. Pure. */
import type { HealthConfig, ImageConfig } from '../images/types.js';
import { cleanPath } from './bind-spec.js';
import type { ContainerConfig } from './types.js';

/** `hostname` is what an unnamed container is called. */
export function mergeConfig(request: Partial<ContainerConfig>, image: ImageConfig, hostname: string): ContainerConfig {
  const entrypoint = mergeEntrypoint(request, image);
  const health = mergeHealth(request.Healthcheck, image.Healthcheck);
  const stopSignal = request.StopSignal || image.StopSignal;
  const shell = request.Shell ?? image.Shell;
  const onBuild = image.OnBuild;
  return {
    Hostname: request.Hostname || hostname,
    Domainname: request.Domainname ?? '',
    User: request.User || image.User || '',
    AttachStdin: request.AttachStdin ?? false,
    AttachStdout: request.AttachStdout ?? false,
    AttachStderr: request.AttachStderr ?? false,
    ExposedPorts: { ...image.ExposedPorts, ...request.ExposedPorts },
    Tty: request.Tty ?? false,
    OpenStdin: request.OpenStdin ?? false,
    StdinOnce: request.StdinOnce ?? false,
    Env: mergeImageEnv(request.Env ?? [], image.Env ?? []),
    Cmd: entrypoint.cmd,
    ...(health === undefined ? {} : { Healthcheck: health }),
    Image: request.Image ?? '',
    Volumes: { ...image.Volumes, ...request.Volumes },
    WorkingDir: request.WorkingDir ? cleanPath(request.WorkingDir) : image.WorkingDir || '',
    Entrypoint: entrypoint.entrypoint,
    ...(request.NetworkDisabled === true ? { NetworkDisabled: true } : {}),
    ...(request.MacAddress ? { MacAddress: request.MacAddress } : {}),
    ...(onBuild && onBuild.length > 0 ? { OnBuild: onBuild } : {}),
    Labels: { ...image.Labels, ...request.Labels },
    ...(stopSignal ? { StopSignal: stopSignal } : {}),
    ...(request.StopTimeout === undefined ? {} : { StopTimeout: request.StopTimeout }),
    ...(shell && shell.length > 0 ? { Shell: shell } : {}),
  };
}

/** The request's own entries first, then those of the image that it does not name. */
function mergeImageEnv(own: readonly string[], image: readonly string[]): string[] {
  const nameOf = (entry: string) => entry.split('=', 1)[0]!;
  const named = new Set(own.map(nameOf));
  return [...own, ...image.filter((entry) => !named.has(nameOf(entry)))];
}

function mergeEntrypoint(request: Partial<ContainerConfig>, image: ImageConfig) {
  const own = request.Entrypoint ?? [];
  const cmd = request.Cmd ?? [];
  // A single empty word takes the image's entrypoint away, and its command with it.
  if (own.length === 1 && own[0] === '') return { entrypoint: null, cmd: cmd.length > 0 ? cmd : null };
  if (own.length > 0) return { entrypoint: own, cmd: cmd.length > 0 ? cmd : null };
  return { entrypoint: image.Entrypoint ?? null, cmd: cmd.length > 0 ? cmd : (image.Cmd ?? null) };
}

/** What is empty is left out, as Go does. */
function mergeHealth(own: HealthConfig | undefined, image: HealthConfig | undefined): HealthConfig | undefined {
  const merged = bothHealths(own, image);
  if (merged === undefined) return undefined;
  const said = Object.entries(merged).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : Boolean(value)));
  return Object.fromEntries(said) as HealthConfig;
}

function bothHealths(own: HealthConfig | undefined, image: HealthConfig | undefined): HealthConfig | undefined {
  if (image === undefined || own === undefined) return own ?? image;
  return {
    Test: own.Test && own.Test.length > 0 ? own.Test : (image.Test ?? []),
    Interval: own.Interval || image.Interval || 0,
    Timeout: own.Timeout || image.Timeout || 0,
    StartPeriod: own.StartPeriod || image.StartPeriod || 0,
    StartInterval: own.StartInterval || image.StartInterval || 0,
    Retries: own.Retries || image.Retries || 0,
  };
}
