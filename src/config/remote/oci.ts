/** `oci://registry/name:tag`: a project that `publish` put into a registry, kept by its digest. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { annotation, isProject, type Layer, type Manifest, mediaTypes } from './artifact.js';
import { parseArtifact, Repository, sha256 } from './registry.js';

type Env = Readonly<Record<string, string | undefined>>;

/** The merged compose file of the artifact. Throws Error with what is wrong. */
export async function fetchArtifact(address: string, cache: string, env: Env): Promise<string> {
  const name = parseArtifact(address);
  const repository = new Repository(name, env);
  const { text, digest } = await readManifest(repository, name.reference);
  const folder = join(cache, 'oci', digest.replace(':', '-'), basename(name.path));
  const file = join(folder, 'compose.yaml');
  if (existsSync(file)) return file;
  const manifest = JSON.parse(text) as Manifest;
  if (!isProject(manifest)) throw new Error(`it is no Compose project, but ${manifest.artifactType ?? 'an image'}`);
  mkdirSync(resolve(folder, '..'), { recursive: true });
  const work = mkdtempSync(`${folder}.`);
  try {
    await writeLayers(repository, manifest.layers ?? [], work);
    if (!existsSync(folder)) renameSync(work, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return file;
}

async function readManifest(repository: Repository, reference: string): Promise<{ text: string; digest: string }> {
  const accept = `${mediaTypes.manifest}, application/vnd.docker.distribution.manifest.v2+json`;
  const text = await repository.text(`/manifests/${reference}`, accept);
  const digest = sha256(text);
  if (reference.startsWith('sha256:') && reference !== digest)
    throw new Error('its content is not what its digest says');
  return { text, digest };
}

/** Several compose files are documents of one, as Compose takes them; extended files and env files lie beside it. */
async function writeLayers(repository: Repository, layers: readonly Layer[], folder: string): Promise<void> {
  const documents: string[] = [];
  for (const { mediaType, digest, annotations = {} } of layers) {
    if (mediaType !== mediaTypes.composeFile && mediaType !== mediaTypes.envFile) continue;
    const text = await repository.text(`/blobs/${digest}`, '*/*');
    if (sha256(text) !== digest) throw new Error(`${digest} is damaged`);
    const isCompose = mediaType === mediaTypes.composeFile;
    if (isCompose && annotations[annotation.extends] !== 'true') documents.push(text);
    else writeFileSync(safePath(folder, annotations[isCompose ? annotation.file : annotation.envFile] ?? ''), text);
  }
  if (documents.length === 0) throw new Error('it holds no compose file');
  writeFileSync(join(folder, 'compose.yaml'), documents.join('\n---\n'));
}

function safePath(folder: string, name: string): string {
  if (!/^[\w][\w.-]*$/.test(name)) throw new Error(`it holds a file with the name ${JSON.stringify(name)}`);
  return join(folder, name);
}
