/** `publish`: the config as an OCI artifact in a registry, from where `-f oci://…` reads it. */
import readline from 'node:readline';
import { findCredentials } from '../../apply/credentials.js';
import { servicesYaml } from '../../config/print/yaml.js';
import { diskReader } from '../../config/reader.js';
import {
  EMPTY_CONFIG,
  layerOf,
  mediaTypes,
  type OciVersion,
  type PublishedFile,
  projectManifest,
} from '../../config/remote/artifact.js';
import { type ArtifactName, parseArtifact, RegistryAnswerError, Repository } from '../../config/remote/registry.js';
import { UserError } from '../../errors.js';
import type { Project } from '../../model/project.js';
import { pinnedImages } from '../pinned-images.js';
import { pushServices } from '../push.js';
import { ask } from '../questions.js';
import type { Session } from '../session.js';
import { publishQuestions, refuseEnvironment, refuseUnnamedImages } from './checks.js';
import { publishedFiles } from './files.js';
import { credentialsIn } from './sensitive.js';

export interface PublishRequest {
  /** `[REGISTRY/]NAME[:TAG]`. */
  readonly repository: string;
  readonly resolveDigests: boolean;
  /** Undefined: 1.1, or 1.0 where the registry does not take that. */
  readonly oci: OciVersion | undefined;
  readonly withEnvironment: boolean;
  /** Compose's `--app`, which copies the images beside the config. */
  readonly withImages: boolean;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

/** Images that are built here are pushed first. Throws UserError. */
export async function publishProject(session: Session, request: PublishRequest): Promise<void> {
  if (request.withImages)
    throw new UserError('publish-app', 'devenv publishes the config alone, and no copies of images beside it.', [
      'devenv push, then devenv publish --resolve-image-digests: the images are then taken from their own names, by digest.',
    ]);
  const { loadProject } = await import('../../config/load.js');
  const { project, variables } = await loadProject({ ...session.loadRequest([]), profiles: ['*'] });
  const lookup = (name: string) => variables[name];
  const published = publishedFiles(project.configFiles, { reader: diskReader, lookup, folder: project.workingDir });
  refuseUnnamedImages(project);
  if (!request.withEnvironment) refuseEnvironment(project, published.withEnvFiles);
  if (!request.yes && !(await isAgreed(session, project, published.files)))
    return session.terminal.status('Nothing is published.\n');
  await pushServices(session, {
    services: [],
    dependencies: false,
    ignoreFailures: true,
    quiet: false,
    dryRun: request.dryRun,
  });
  const files = published.files.filter(({ kind }) => kind !== 'env' || request.withEnvironment);
  if (request.resolveDigests) files.push(await digestsFile(session, project));
  await session.terminal.status(` ${request.repository} publishing\n`);
  if (!request.dryRun) await upload(session, request, files);
  await session.terminal.status(` ${request.repository} published\n`);
}

async function isAgreed(session: Session, project: Project, files: readonly PublishedFile[]): Promise<boolean> {
  const secrets = Object.values({ ...project.secrets, ...project.configs }).flatMap(({ file }) =>
    file !== undefined && diskReader.kind(file) === 'file' ? [diskReader.read(file)] : [],
  );
  const texts = [...files.map(({ content }) => content.toString()), ...secrets];
  const questions = publishQuestions(project, texts.flatMap(credentialsIn));
  const answers = questions.length > 0 && !session.world.stdin.isTTY ? linesOf(session) : undefined;
  for (const question of questions) {
    if (!answers) {
      if (!(await ask(session, question, false))) return false;
      continue;
    }
    await session.terminal.status(`${question} [y/N] \n`);
    const { value = '' } = await answers.next();
    if (!/^y(?:es)?$/i.test(value.trim())) return false;
  }
  return true;
}

/** Of a program that answers in a person's place. */
const linesOf = ({ world }: Session): AsyncIterator<string, undefined> =>
  readline.createInterface({ input: world.stdin, terminal: false })[Symbol.asyncIterator]();

async function digestsFile(session: Session, project: Project): Promise<PublishedFile> {
  const pinned = await pinnedImages(session, project);
  const images = Object.values(pinned.services).flatMap(({ name, image }) =>
    image ? [[name, { image }] as const] : [],
  );
  const content = Buffer.from(servicesYaml(Object.fromEntries(images)));
  return { kind: 'compose', name: 'image-digests.yaml', content };
}

async function upload(session: Session, request: PublishRequest, files: readonly PublishedFile[]): Promise<void> {
  const name = parseArtifact(request.repository);
  if (name.reference.startsWith('sha256:'))
    throw new UserError('bad-reference', `${request.repository} names a digest, which its content decides.`, [
      'Write NAME or NAME:TAG.',
    ]);
  const { world } = session;
  const repository = new Repository(name, world.env, await loginFor(name, world.env));
  try {
    for (const content of [EMPTY_CONFIG, ...files.map((file) => file.content)]) await repository.putBlob(content);
    const layers = files.map((file) => layerOf(file, world.version));
    const created = new Date().toISOString();
    const put = (oci: OciVersion) =>
      repository.putManifest(name.reference, mediaTypes.manifest, projectManifest(layers, oci, created));
    if (request.oci) return await put(request.oci);
    await put('1.1').catch((error: unknown) => {
      if (!isRefusedForm(error)) throw error;
      return put('1.0');
    });
  } catch (error) {
    throw new UserError(
      'publish-failed',
      `${request.repository} cannot be published: ${error instanceof Error ? whyOf(error) : String(error)}`,
      [`devenv login ${name.registry}, or correct the name.`],
    );
  }
}

/** A registry that knows no artifacts; who may not write may not write either form. */
const isRefusedForm = (error: unknown): boolean =>
  error instanceof RegistryAnswerError && error.status < 500 && ![401, 403, 407].includes(error.status);

/** `fetch failed` says why in its cause. */
const whyOf = (error: Error): string => (error.cause instanceof Error ? error.cause.message : error.message);

async function loginFor({ registry }: ArtifactName, env: Session['world']['env']): Promise<string | undefined> {
  const found = await findCredentials(registry === 'registry-1.docker.io' ? 'docker.io' : registry, env);
  if (!found || !('password' in found)) return undefined;
  return Buffer.from(`${found.username}:${found.password}`).toString('base64');
}
