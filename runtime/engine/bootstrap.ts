import { EngineError } from '../errors.js';
import { parseReference } from '../images/reference.js';
import type { Image, ProgressEvent } from '../images/types.js';
import type { Engine } from './engine.js';
import { tellImage } from './images.js';

/** Makes a distribution's base image from its signed packages instead of pulling it. Throws as `BootstrapImage` does. */
export async function bootstrap(
  engine: Engine,
  name: string,
  options: { readonly onProgress: (event: ProgressEvent) => void; readonly signal: AbortSignal },
): Promise<Image> {
  if (name === '') throw new EngineError('invalid', 'which image? (reference=debian:bookworm-slim)');
  const { bootstrapImage } = await import('../images/bootstrap.js');
  const { images, paths, installPackages: install } = engine.foundations;
  const image = await bootstrapImage(parseReference(name), { images, home: paths.home, install, ...options });
  tellImage(engine, 'import', image.id, image.tags[0] ?? image.id, image);
  return image;
}
