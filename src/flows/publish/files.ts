/**
 * The files of a project as they are published: what they extend and their env files go along under names of their own, which take the
 * place of the paths in them. Everything else stays as it is written.
 */
import { createHash } from 'node:crypto';
import { basename, dirname, resolve } from 'node:path';
import { substitute } from '../../config/interpolate/template.js';
import { problem } from '../../config/problems.js';
import type { Source } from '../../config/read/source.js';
import { readYaml } from '../../config/read/yaml.js';
import type { FileReader } from '../../config/reader.js';
import type { PublishedFile } from '../../config/remote/artifact.js';
import { isRemote } from '../../config/remote/remote.js';
import { child, isText, type Node, type Scalar } from '../../config/tree/node.js';

type Text = Scalar & { readonly value: string };

export interface PublishedFiles {
  readonly files: readonly PublishedFile[];
  /** Services that have env files. */
  readonly withEnvFiles: ReadonlySet<string>;
  /** Paths of env files that are there. */
  readonly envFiles: readonly string[];
}

export interface PublishScope {
  readonly reader: FileReader;
  readonly lookup: (name: string) => string | undefined;
  /** What the paths in the project's own files start from. */
  readonly folder: string;
}

interface Found {
  readonly scope: PublishScope;
  readonly envFiles: Map<string, string>;
  readonly extended: Map<string, string>;
  readonly withEnvFiles: Set<string>;
}

/** `config`: the project's config files. Throws UserError `local-include`, `long-path` and what reading a file throws. */
export function publishedFiles(config: readonly string[], scope: PublishScope): PublishedFiles {
  const found: Found = { scope, envFiles: new Map(), extended: new Map(), withEnvFiles: new Set() };
  const files = config.map((file) => fileOf('compose', file, basename(file), scope.folder, found));
  // A map goes on through what is added to it on the way.
  for (const [file, name] of found.extended) files.push(fileOf('extended', file, name, dirname(file), found));
  const envFiles = [...found.envFiles].filter(([file]) => scope.reader.kind(file) === 'file');
  for (const [file, name] of envFiles) files.push({ kind: 'env', name, content: Buffer.from(scope.reader.read(file)) });
  return { files, withEnvFiles: found.withEnvFiles, envFiles: envFiles.map(([file]) => file) };
}

function fileOf(kind: PublishedFile['kind'], file: string, name: string, folder: string, found: Found): PublishedFile {
  const source: Source = { file, text: found.scope.reader.read(file) };
  const edits = readYaml(source).flatMap((document) => editsOf(document, folder, found));
  let { text } = source;
  for (const { at, length, name: given } of edits.sort((one, other) => other.at - one.at))
    text = text.slice(0, at) + given + text.slice(at + length);
  return { kind, name, content: Buffer.from(text) };
}

interface Edit {
  readonly at: number;
  readonly length: number;
  readonly name: string;
}

function editsOf(document: Node, folder: string, found: Found): Edit[] {
  refuseLocalIncludes(child(document, 'include'));
  const services = child(document, 'services');
  if (services?.kind !== 'mapping') return [];
  return [...services.entries].flatMap(([service, { value }]) => {
    const envFiles = envFilesOf(child(value, 'env_file'));
    if (envFiles.length > 0) found.withEnvFiles.add(service);
    const extended = child(child(value, 'extends'), 'file');
    return [
      ...envFiles.map((path) => renamed(path, '.env', folder, found)),
      ...(isText(extended) && !isRemote(extended.value) ? [renamed(extended, '.yaml', folder, found)] : []),
    ];
  });
}

function envFilesOf(node: Node | undefined): Text[] {
  const items = node?.kind === 'sequence' ? node.items : node ? [node] : [];
  return items.map((item) => (isText(item) ? item : child(item, 'path'))).filter(isText);
}

function refuseLocalIncludes(include: Node | undefined): void {
  for (const entry of include?.kind === 'sequence' ? include.items : []) {
    const paths = isText(entry) ? entry : child(entry, 'path');
    const local = (paths?.kind === 'sequence' ? paths.items : [paths]).find(
      (one) => isText(one) && !isRemote(one.value),
    );
    if (local)
      throw problem('local-include', 'cannot publish compose file with local includes', local.at, [
        'Publish what devenv config prints, or include it from where it is published (oci://… or a git repository).',
      ]);
  }
}

/** Named by its path, so that nothing of the folders here goes along. */
function renamed(node: Text, suffix: '.env' | '.yaml', folder: string, found: Found): Edit {
  const path = resolve(folder, substitute(node.value, { lookup: found.scope.lookup }));
  const name = `${createHash('sha256').update(path).digest('hex')}${suffix}`;
  (suffix === '.env' ? found.envFiles : found.extended).set(path, name);
  return { at: node.at.offset, length: lengthOf(node), name };
}

/** How long a path is as it is written: with its quotes where it has some. */
function lengthOf({ at, value }: Text): number {
  const quoted = /"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'/y;
  quoted.lastIndex = at.offset;
  const written = quoted.exec(at.source.text)?.[0] ?? (at.source.text.startsWith(value, at.offset) ? value : undefined);
  if (written !== undefined) return written.length;
  throw problem('long-path', 'This path cannot be replaced by the name under which its file is published.', at, [
    'Write it in one line, with no tag or anchor before it.',
  ]);
}
