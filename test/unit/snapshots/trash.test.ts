import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import { openTrash } from '../../../runtime/snapshots/trash.js';
import { eventually } from '../../support/api.js';

const trash = suite('trash');

trash('what is thrown away while the rest is being deleted is deleted too', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'trash-'));
  const at = (name: string) => path.join(folder, name);
  for (const name of ['first', 'second']) mkdirSync(at(name));
  let late: Promise<void> | undefined;
  // The deletion that has its list already: the second thing is being moved in, and arrives before that is over.
  const spawn = async (args: readonly string[]) => {
    late ??= opened.discard(at('second'));
    await late;
    for (const name of args.slice(4)) rmSync(name, { recursive: true });
    return { code: 0, stdout: '', stderr: '' };
  };
  const opened = await openTrash(at('trash'), { spawn }, 1);
  await opened.discard(at('first'));
  await eventually(
    'all is deleted',
    async () => readdirSync(folder).length === 1 && readdirSync(at('trash')).length === 0,
  );
  rmSync(folder, { recursive: true });
});

trash('what could not be deleted is tried again, though nothing more is thrown away', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'trash-'));
  mkdirSync(path.join(folder, 'first'));
  let tries = 0;
  const spawn = async (args: readonly string[]) => {
    tries++;
    if (tries === 1) throw new Error('the launcher has died');
    if (tries === 2) return { code: 1, stdout: '', stderr: 'Device or resource busy' };
    for (const name of args.slice(4)) rmSync(name, { recursive: true });
    return { code: 0, stdout: '', stderr: '' };
  };
  const opened = await openTrash(path.join(folder, 'trash'), { spawn }, 1);
  await opened.discard(path.join(folder, 'first'));
  await eventually('it is deleted', async () => readdirSync(path.join(folder, 'trash')).length === 0);
  rmSync(folder, { recursive: true });
});

trash.run();
