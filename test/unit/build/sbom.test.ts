import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FolderTree } from '../../../runtime/build/files/tree.js';
import { findPackages, spdxDocument } from '../../../runtime/build/sbom.js';

const listing = suite('packages of an image');

const FILES = {
  'var/lib/dpkg/status':
    'Package: bash\nStatus: install ok installed\nVersion: 5.2-1\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n',
  'lib/apk/db/installed': 'P:musl\nV:1.2.5-r0\nL:MIT\n\nP:zlib\nV:1.3-r1\nL:Zlib\n',
  'app/node_modules/left/package.json': '{"name":"left","version":"1.0.0","license":"ISC"}',
  'app/node_modules/@s/right/package.json': '{"name":"@s/right","version":"2.0.0"}',
  'app/node_modules/left/node_modules/deep/package.json': '{"name":"deep","version":"3.0.0"}',
  'app/node_modules/broken/package.json': '{',
  'app/package.json': '{"name":"app","version":"0.0.1"}',
};

listing('Debian’s, Alpine’s and npm’s are found; what was removed is not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sbom-'));
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const found = await findPackages(new FolderTree(folder));
  const said = found.map(({ kind, name, version, license }) => `${kind} ${name} ${version} ${license ?? '-'}`);
  assert.equal(said.sort(), [
    'apk musl 1.2.5-r0 MIT',
    'apk zlib 1.3-r1 Zlib',
    'deb bash 5.2-1 -',
    'npm @s/right 2.0.0 -',
    'npm deep 3.0.0 -',
    'npm left 1.0.0 ISC',
  ]);
  await rm(folder, { recursive: true, force: true });
});

listing('a package has an address that tools know', () => {
  const one = { kind: 'npm', name: '@s/right', version: '2.0.0', license: undefined } as const;
  const text = JSON.stringify(spdxDocument('image:1', '2024-01-01T00:00:00Z', [one]));
  assert.match(text, '"referenceLocator":"pkg:npm/%40s/right@2.0.0"');
  assert.match(text, '"spdxVersion":"SPDX-2.3"');
});

listing.run();
