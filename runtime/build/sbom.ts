/** Packages in an image as an SPDX 2.3 document: Debian's, Alpine's, and those of npm. */
import { posix } from 'node:path';
import { readTreeFile, type Tree } from './files/tree.js';

export const SPDX = 'https://spdx.dev/Document';

export interface Package {
  readonly kind: 'deb' | 'apk' | 'npm';
  readonly name: string;
  readonly version: string;
  readonly license: string | undefined;
}

/** The predicate; `name` is the document's, `created` RFC 3339. */
export function spdxDocument(name: string, created: string, packages: readonly Package[]): object {
  const described = packages.map((one, index) => ({ id: `SPDXRef-Package-${one.kind}-${index}`, ...one }));
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `https://devenv.invalid/spdx/${encodeURIComponent(name)}`,
    creationInfo: { created, creators: ['Tool: devenv'] },
    packages: described.map(({ id, kind, name: called, version, license }) => ({
      SPDXID: id,
      name: called,
      versionInfo: version,
      downloadLocation: 'NOASSERTION',
      licenseConcluded: 'NOASSERTION',
      licenseDeclared: license ?? 'NOASSERTION',
      copyrightText: 'NOASSERTION',
      externalRefs: [
        {
          referenceCategory: 'PACKAGE-MANAGER',
          referenceType: 'purl',
          referenceLocator: `pkg:${kind}/${encodeURIComponent(called).replace('%2F', '/')}@${encodeURIComponent(version)}`,
        },
      ],
    })),
    relationships: described.map(({ id }) => ({
      spdxElementId: 'SPDXRef-DOCUMENT',
      relationshipType: 'DESCRIBES',
      relatedSpdxElement: id,
    })),
  };
}

export async function findPackages(tree: Tree): Promise<Package[]> {
  const deb = parseStanzas(await textOf(tree, 'var/lib/dpkg/status'), 'deb', { name: 'Package', version: 'Version' });
  const apk = parseStanzas(await textOf(tree, 'lib/apk/db/installed'), 'apk', {
    name: 'P',
    version: 'V',
    license: 'L',
  });
  const npm: Package[] = [];
  await findNpm(tree, '', npm);
  return [...deb, ...apk, ...npm];
}

async function textOf(tree: Tree, path: string): Promise<string> {
  return (await tree.entry(path))?.type === 'file' ? (await readTreeFile(tree, path)).toString('utf8') : '';
}

/** `Key: value` or `K:value` lines, a stanza a package. What dpkg only remembers is left out. */
function parseStanzas(
  text: string,
  kind: Package['kind'],
  keys: { readonly name: string; readonly version: string; readonly license?: string },
): Package[] {
  return text.split(/\n\n+/).flatMap((stanza) => {
    const value = (key: string) => new RegExp(`^${key}: ?(.*)$`, 'm').exec(stanza)?.[1];
    const name = value(keys.name);
    const version = value(keys.version);
    const status = value('Status');
    if (name === undefined || version === undefined || (status && !status.endsWith(' installed'))) return [];
    return [{ kind, name, version, license: keys.license && value(keys.license) }];
  });
}

const NOT_SEARCHED = new Set(['proc', 'sys', 'dev']);

async function findNpm(tree: Tree, folder: string, into: Package[]): Promise<void> {
  for (const name of await tree.names(folder)) {
    const path = posix.join(folder, name);
    if (folder === '' && NOT_SEARCHED.has(name)) continue;
    if ((await tree.entry(path))?.type !== 'directory') continue;
    if (isPackageFolder(path)) await addNpm(tree, path, into);
    await findNpm(tree, path, into);
  }
}

const isPackageFolder = (path: string) => /(^|\/)node_modules\/(@[^/]+\/)?[^@/.][^/]*$/.test(path);

async function addNpm(tree: Tree, folder: string, into: Package[]): Promise<void> {
  try {
    const { name, version, license } = JSON.parse(await textOf(tree, posix.join(folder, 'package.json')));
    if (typeof name !== 'string' || typeof version !== 'string') return;
    into.push({ kind: 'npm', name, version, license: typeof license === 'string' ? license : undefined });
  } catch {
    // Not a package that anybody could install again.
  }
}
