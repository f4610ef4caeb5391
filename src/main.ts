/** The CLI's outermost ring: oclif's run, the words for what went wrong, the exit code. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { printVersion } from './output/version.js';

/** The folder with package.json above this file, be it in `dist/src` or in another compiled tree. */
function packageRoot(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'package.json')) && folder !== '/') folder = path.dirname(folder);
  return folder;
}

/** `beforeEnd`: called when all went well. Ends the process. */
export async function main(argv: readonly string[], beforeEnd: () => void = () => undefined): Promise<void> {
  const root = packageRoot();
  if (argv.length === 1 && argv[0] === '--version') {
    printVersion(root, process.stdout);
    return beforeEnd();
  }
  swallowClosedPipes();
  const { runCommandLine } = await import('./commands/base/run.js');
  let code: number;
  try {
    await runCommandLine(argv, root);
    code = Number(process.exitCode ?? 0);
    beforeEnd();
  } catch (error) {
    const { reportError } = await import('./output/report.js');
    code = await reportError(error, { stderr: process.stderr, env: process.env, cwd: process.cwd() });
  }
  await drained(process.stdout);
  await drained(process.stderr);
  process.exit(code);
}

/** `devenv logs | head`: nobody reads on, and that is no failure. */
function swallowClosedPipes() {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
