/** Which builds stand on other services' images, and so come after them. */
import { imageName } from '../model/names.js';
import type { Project } from '../model/project.js';
import { baseImages } from '../parity/bases.js';
import { dockerfileText } from './dockerfile.js';
import type { Session } from './session.js';

/** Named services, and those whose images their builds take files from (`additional_contexts: {x: service:NAME}`). */
export async function withBuiltBefore(session: Session, named: readonly string[]): Promise<readonly string[]> {
  if (named.length === 0) return named;
  const { project } = await session.loadQuietly([], { noServiceFiles: true });
  const all = [...named];
  for (const name of all) {
    const contexts = (project.services[name]?.build?.additional_contexts ?? {}) as Readonly<Record<string, string>>;
    const more = Object.values(contexts).flatMap((value) => /^service:(.+)$/.exec(value)?.[1] ?? []);
    all.push(...more.filter((one) => !all.includes(one)));
  }
  return all;
}

/** Service → images of other services of the project that its Dockerfile is `FROM`. */
export async function builtOn(project: Project): Promise<Record<string, readonly string[]>> {
  const built = Object.values(project.services).filter(({ build }) => build !== undefined);
  if (built.length < 2) return {};
  const images = new Map(built.map((service) => [withTag(imageName(project, service)), imageName(project, service)]));
  const found = await Promise.all(
    built.map(async ({ name, build }): Promise<[string, string[]]> => {
      const text = (await dockerfileText(build!)) ?? '';
      const bases = baseImages(text, build!.args ?? {}, build!.target);
      return [name, bases.flatMap((base) => images.get(withTag(base)) ?? [])];
    }),
  );
  return Object.fromEntries(found.filter(([, bases]) => bases.length > 0));
}

const withTag = (image: string) => (/[:@][^/]*$/.test(image) ? image : `${image}:latest`);
