import { parseReference } from '../../../engine/images.js';

/** Whether an image is named by its id. */
export const isId = (image: string) => /^sha256:[0-9a-f]{64}$/.test(image);

/** `docker.io/library/busybox:latest`. */
export function fullName(image: string): string {
  if (isId(image)) return image;
  const { registry, repository, tag, digest } = parseReference(image);
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}
