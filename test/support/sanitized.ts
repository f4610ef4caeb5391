/**
 * `npm run test:sanitized [-- KIND…]`: the contract suite, or the kinds that are named, with a launcher that was built with
 * AddressSanitizer and UndefinedBehaviorSanitizer. What they report is a failure, whatever the tests say: a process that
 * had to die for it was perhaps tried again.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const launcherFolder = fileURLToPath(new URL('../../../runtime/launcher', import.meta.url));
const runner = fileURLToPath(new URL('run.js', import.meta.url));

/** Reports of processes that had left the machine's mounts cannot be written there: those die of them, and tests fail. */
function sanitizerOptions(reports: string): Record<string, string> {
  const file = path.join(reports, 'report');
  return {
    ASAN_OPTIONS: `log_path=${file}:detect_leaks=0:exitcode=99`,
    UBSAN_OPTIONS: `log_path=${file}:halt_on_error=1:print_stacktrace=1`,
  };
}

function main(): void {
  execFileSync('make', ['-s', '-C', launcherFolder], { stdio: 'inherit' });
  execFileSync('make', ['-s', '-C', launcherFolder, 'sanitized'], { stdio: 'inherit' });
  const reports = mkdtempSync(path.join(os.tmpdir(), 'dv-sanitized-'));
  chmodSync(reports, 0o777);
  const kinds = process.argv.length > 2 ? process.argv.slice(2) : ['contract'];
  const env = {
    ...process.env,
    ...sanitizerOptions(reports),
    DEVENV_LAUNCHER: path.join(launcherFolder, 'build/sanitized/launcher'),
  };
  const { status } = spawnSync(process.execPath, [runner, ...kinds], { env, stdio: 'inherit' });
  const found = readdirSync(reports);
  for (const name of found) console.log(readFileSync(path.join(reports, name), 'utf8'));
  rmSync(reports, { recursive: true });
  console.log(`${found.length} reports of the sanitizers`);
  process.exitCode = found.length > 0 ? 1 : (status ?? 1);
}

main();
