import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findProgram, runProgram } from './programs.js';

/** Settings of this machine's apt without which an image made here could not reach, or not believe, the mirror. */
const carried =
  /^Acquire::(?:https?::Proxy\b|https?::[^ ]+::Proxy\b|Check-Valid-Until|Check-Date|ForceIPv[46]|Retries)/i;

/** Lines of `apt-config dump` that the image's apt gets too; credentials in a proxy's URL stay here. */
export async function carriedSettings(): Promise<string[]> {
  const program = await findProgram('apt-config');
  if (!program) return [];
  const dump = await runProgram([program, 'dump']);
  return dump.stdout.split('\n').filter((line) => carried.test(line) && !/"\w+:\/\/[^"@/]*@/.test(line));
}

/**
 * Files that every image gets beside its packages: as in the official images, services do not start by being installed,
 * apt keeps no copies and fetches no translations, dpkg does not wait for the disk.
 */
export async function writeImageFiles(folder: string, settings: readonly string[], slim: boolean): Promise<void> {
  const apt = 'etc/apt/apt.conf.d';
  const archives = '"rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true";';
  await write(
    folder,
    'usr/sbin/policy-rc.d',
    '#!/bin/sh\n# No service starts while a package is installed.\nexit 101\n',
  );
  await chmod(join(folder, 'usr/sbin/policy-rc.d'), 0o755);
  await write(
    folder,
    `${apt}/docker-clean`,
    `DPkg::Post-Invoke { ${archives} };\nAPT::Update::Post-Invoke { ${archives} };\nDir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n`,
  );
  await write(folder, `${apt}/docker-no-languages`, 'Acquire::Languages "none";\n');
  await write(folder, `${apt}/docker-gzip-indexes`, 'Acquire::GzipIndexes "true";\n');
  await write(folder, `${apt}/docker-autoremove-suggests`, 'APT::AutoRemove::SuggestsImportant "false";\n');
  await write(folder, 'etc/dpkg/dpkg.cfg.d/docker-apt-speedup', 'force-unsafe-io\n');
  // An engine mounts its own over these: where they are missing, every container would first have to make them.
  await write(folder, 'etc/hostname', '');
  await write(folder, 'etc/hosts', '127.0.0.1\tlocalhost\n');
  await write(folder, 'etc/resolv.conf', '');
  if (slim) await write(folder, 'etc/dpkg/dpkg.cfg.d/docker', `${slimRules().join('\n')}\n`);
  if (settings.length > 0) await write(folder, `${apt}/90machine`, `${settings.join('\n')}\n`);
}

/** What a slim image leaves out (dpkg(1), path-exclude): as the official ones, copyrights stay. */
function slimRules(): string[] {
  const excluded = ['doc/*', 'info/*', 'linda/*', 'lintian/overrides/*', 'locale/*', 'man/*'];
  return [
    ...excluded.map((path) => `path-exclude=/usr/share/${path}`),
    'path-include=/usr/share/doc/*/copyright',
    'path-include=/usr/share/locale/locale.alias',
  ];
}

/** A hook's shell text that takes the same out of a root file system `$1`. */
export function slimScript(): string {
  const share = '"$1"/usr/share';
  return [
    `find ${share}/doc -depth -mindepth 2 ! -name copyright ! -type d -delete`,
    `find ${share}/doc -depth -mindepth 1 -type d -empty -delete`,
    `rm -rf ${share}/info/* ${share}/linda/* ${share}/lintian/overrides/*`,
    `find ${share}/locale -depth -mindepth 1 ! -name locale.alias ! -type d -delete`,
    `find ${share}/locale -depth -mindepth 1 -type d -empty -delete`,
    `find ${share}/man -depth -mindepth 1 -delete`,
    // Packages that link their manuals want the folders.
    `for n in 1 2 3 4 5 6 7 8 9; do mkdir -p ${share}/man/man$n; done`,
  ].join('; ');
}

async function write(folder: string, path: string, text: string): Promise<void> {
  const target = join(folder, path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, text);
}
