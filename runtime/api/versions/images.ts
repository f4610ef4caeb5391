/** What images looked like in older API versions. */
import type { ImageInspect, ImageSummary } from '../wire.js';
import type { ApiVersion } from './negotiation.js';

/** Fields that an image's Config had while it was a container's. */
const containerFields = {
  AttachStderr: false,
  AttachStdin: false,
  AttachStdout: false,
  Domainname: '',
  Hostname: '',
  Image: '',
  OpenStdin: false,
  StdinOnce: false,
  Tty: false,
} as const;

/** The container that an image was once made from. */
const noContainer = {
  Cmd: null,
  Entrypoint: null,
  Env: null,
  Labels: null,
  OnBuild: null,
  User: '',
  Volumes: null,
  WorkingDir: '',
} as const;

/** `filter=NAME`, which the filter `reference` replaced with 1.41. */
export function oldReferenceFilter(version: ApiVersion, filter: string): string | undefined {
  return version.atLeast('1.41') || filter === '' ? undefined : filter;
}

export function summaryIn(version: ApiVersion, summary: ImageSummary): unknown {
  const { RepoTags, RepoDigests, ...rest } = summary;
  const old = version.atLeast('1.43') ? {} : { Containers: -1 };
  return {
    ...rest,
    // Before 1.43 an image without names said so by names.
    RepoDigests: RepoDigests.length > 0 || version.atLeast('1.43') ? RepoDigests : dangling(RepoTags, '<none>@<none>'),
    RepoTags: RepoTags.length > 0 || version.atLeast('1.43') ? RepoTags : dangling(RepoDigests, '<none>:<none>'),
    ...old,
    ...(version.atLeast('1.44') ? {} : { VirtualSize: summary.Size }),
  };
}

function dangling(others: readonly string[], placeholder: string): readonly string[] | null {
  return others.length > 0 ? null : [placeholder];
}

export function inspectIn(version: ApiVersion, image: ImageInspect): unknown {
  const { Config, ...rest } = image;
  return {
    ...rest,
    ...(version.atLeast('1.44') ? {} : { VirtualSize: image.Size }),
    ...(version.atLeast('1.45') ? {} : { ContainerConfig: { ...containerFields, ...noContainer } }),
    Config: version.atLeast('1.50') ? Config : { ...containerFields, ...Config },
  };
}
