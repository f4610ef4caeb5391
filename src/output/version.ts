import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Writable } from 'node:stream';

/** `devenv --version`, without oclif, which takes longer to load than all of this. `root`: of the package. */
export function printVersion(root: string, out: Writable): void {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  out.write(`devenv version ${version}\n`);
}
