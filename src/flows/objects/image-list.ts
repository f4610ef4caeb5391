/** `image ls`. */
import type { ImageSummary } from '../../engine/answers.js';
import { listImages } from '../../engine/images.js';
import { formatBytes } from '../../model/bytes.js';
import { ago } from '../ps.js';
import type { Session } from '../session.js';
import { filtersOf } from './filters.js';

/** The fields of `docker image ls --format`. */
export interface ImageRow {
  readonly Repository: string;
  readonly Tag: string;
  readonly Digest: string;
  readonly ID: string;
  readonly Created: string;
  readonly CreatedSince: string;
  readonly CreatedAt: string;
  readonly Size: string;
  readonly SizeBytes: number;
}

export interface ImageListRequest {
  /** `NAME[:TAG]`, with `*`. */
  readonly name: string | undefined;
  readonly all: boolean;
  readonly filter: readonly string[] | undefined;
  readonly truncate: boolean;
}

export async function listEngineImages(session: Session, request: ImageListRequest): Promise<ImageRow[]> {
  const given = filtersOf(request.filter);
  const filters = request.name ? { ...given, reference: [...(given.reference ?? []), request.name] } : given;
  const images = await listImages(await session.engine(), filters, request.all);
  const now = Date.now() / 1000;
  return images
    .flatMap((image) =>
      (image.RepoTags?.length ? image.RepoTags : ['<none>:<none>']).map((tag) =>
        imageRow(image, tag, now, request.truncate),
      ),
    )
    .sort((a, b) => (`${a.Repository}:${a.Tag}` < `${b.Repository}:${b.Tag}` ? -1 : 1));
}

function imageRow(image: ImageSummary, reference: string, now: number, truncate: boolean): ImageRow {
  const colon = reference.lastIndexOf(':');
  const repository = reference.slice(0, colon);
  const digest = (image.RepoDigests ?? []).find((one) => one.startsWith(`${repository}@`))?.split('@')[1];
  return {
    Repository: repository,
    Tag: reference.slice(colon + 1),
    Digest: digest ?? '<none>',
    ID: truncate ? image.Id.replace(/^sha256:/, '').slice(0, 12) : image.Id,
    Created: ago(now - image.Created),
    CreatedSince: ago(now - image.Created),
    CreatedAt: new Date(image.Created * 1000).toISOString(),
    Size: formatBytes(image.Size),
    SizeBytes: image.Size,
  };
}
