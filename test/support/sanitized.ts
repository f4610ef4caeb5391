/**
 * `npm run test:sanitized [-- KIND…]`: the contract suite, or the kinds that are named, with a launcher that was built with
 * AddressSanitizer and UndefinedBehaviorSanitizer. What they report is a failure, whatever the tests say: a process that
 * had to die for it was perhaps tried again.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const launcherFolder = fileURLToPath(new URL('../../../runtime/launcher', import.meta.url));
const runner = fileURLToPath(new URL('run.js', import.meta.url));

const sanitized = path.join(launcherFolder, 'build/sanitized/launcher');

/** Reports of jobs go there (JOB_ERRORS of the launcher's Makefile); those of a container's process go to its own streams. */
const reports = path.join(launcherFolder, 'build/sanitized/reports');

function main(): void {
  execFileSync('make', ['-s', '-C', launcherFolder], { stdio: 'inherit' });
  execFileSync('make', ['-s', '-C', launcherFolder, 'sanitized'], { stdio: 'inherit' });
  writeFileSync(reports, '');
  chmodSync(reports, 0o666);
  const kinds = process.argv.length > 2 ? process.argv.slice(2) : ['contract'];
  const env = {
    ...process.env,
    ASAN_OPTIONS: 'detect_leaks=0:exitcode=99',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
    DEVENV_LAUNCHER: sanitized,
  };
  const { status } = spawnSync(process.execPath, [runner, ...kinds], { env, stdio: 'inherit' });
  const said = readFileSync(reports, 'utf8');
  const found = said.match(/runtime error|ERROR: AddressSanitizer/g) ?? [];
  console.log(`${said}${found.length} reports of the sanitizers`);
  process.exitCode = found.length > 0 ? 1 : (status ?? 1);
}

main();
