/** What ADD brings from elsewhere: files of URLs, trees of git repositories. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join, posix } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EngineError } from '../../errors.js';
import { type Selected, selectSources } from '../files/select.js';
import { FolderTree } from '../files/tree.js';
import { fetchGit } from '../git.js';
import { type GitSource, parseGitSource } from '../git-source.js';
import type { Copy } from '../instructions/types.js';
import { DockerfileError, StepError } from '../parse/errors.js';
import { type Archive, splitArchives } from './archives.js';
import type { StepScope } from './scope.js';
import { temporaryFolder } from './scratch.js';

export interface Added {
  readonly selected: readonly Selected[];
  readonly archives: readonly Archive[];
  /** Sources that are paths of the context. */
  readonly rest: readonly string[];
}

interface Request {
  readonly step: Copy;
  readonly sources: readonly string[];
  readonly checksum: string | undefined;
  readonly excludes: readonly string[];
}

export async function fetchAdded(scope: StepScope, request: Request): Promise<Added> {
  const { sources, step, checksum } = request;
  const selected: Selected[] = [];
  const archives: Archive[] = [];
  const rest: string[] = [];
  for (const source of sources) {
    const git = gitSource(source, step);
    if (git !== undefined) {
      const tree = new FolderTree(await checkOut(scope, git, request), { owner: ROOT });
      selected.push(...(await selectSources(tree, ['/'], { parents: false, excludes: request.excludes })));
    } else if (/^https?:\/\//.test(source)) {
      const file = await download(scope, request, source);
      const split = step.unpack === true ? await splitArchives([file], true) : { plain: [file], archives: [] };
      selected.push(...split.plain);
      archives.push(...split.archives);
    } else rest.push(source);
  }
  if (checksum !== undefined && rest.length > 0)
    throw new DockerfileError('checksum requires HTTP(S) or Git sources', step);
  return { selected, archives, rest };
}

function gitSource(text: string, step: Copy): GitSource | undefined {
  try {
    return parseGitSource(text);
  } catch (cause) {
    throw new DockerfileError((cause as Error).message, step, { cause });
  }
}

/** `--checksum`: what the commit's id must begin with. Resolves with the folder that was asked for. */
async function checkOut(scope: StepScope, source: GitSource, { step, checksum }: Request): Promise<string> {
  const directory = join(await temporaryFolder(scope), 'tree');
  try {
    const wanted = checksum === undefined ? source : { ...source, checksum };
    const keepGitDir = step.keepGitDir || source.keepGitDir === true;
    return (await fetchGit(scope.workshop.run, wanted, { directory, keepGitDir })).directory;
  } catch (cause) {
    throw new StepError((cause as Error).message, step, { cause });
  }
}

const ROOT = { uid: 0, gid: 0 };

/** Into a file of the build, with mode 600 and the server's time. */
async function download(scope: StepScope, { step, checksum }: Request, url: string): Promise<Selected> {
  const wanted = checksum === undefined ? undefined : parseChecksum(checksum, step);
  const path = join(await temporaryFolder(scope), 'download');
  const response = await scope.workshop.tools.fetch(url, scope.signal).catch((cause: Error) => {
    throw cause instanceof EngineError
      ? cause
      : new StepError(`failed to load ${url}: ${cause.message}`, step, { cause });
  });
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(response.body, counted, createWriteStream(path), { signal: scope.signal });
  const digest = `sha256:${hash.digest('hex')}`;
  if (wanted !== undefined && wanted !== digest) throw new StepError(`digest mismatch ${digest}: ${wanted}`, step);
  // As BuildKit names it: by the address, whatever the server says.
  const name = posix.basename(decodeURIComponent(new URL(url).pathname)) || '__unnamed__';
  return {
    name,
    entries: [
      {
        relative: '',
        entry: {
          type: 'file',
          mode: 0o600,
          ...ROOT,
          sizeBytes,
          mtimeMs: response.lastModified?.getTime() ?? 0,
          target: undefined,
          major: 0,
          minor: 0,
          linkKey: undefined,
        },
        content: { path },
      },
    ],
  };
}

/** Refused in the words of Go's package for digests. */
function parseChecksum(text: string, step: Copy): string {
  const encoded = /^sha256:(.+)$/.exec(text)?.[1];
  if (encoded && /^[0-9a-f]{64}$/.test(encoded)) return text;
  const fault = encoded && encoded.length !== 64 ? 'length' : 'format';
  throw new DockerfileError(`invalid checksum digest ${fault}`, step);
}
