/** Configs that exist nowhere, for tests. */
import { loadFrom } from '../../../src/config/load.js';
import type { Source } from '../../../src/config/read/source.js';
import type { FileReader } from '../../../src/config/reader.js';
import type { LoadRequest } from '../../../src/config/types.js';
import { UserError, UserErrors } from '../../../src/errors.js';
import type { LoadedProject } from '../../../src/model/project.js';

export const source = (text: string, file = '/p/compose.yaml'): Source => ({ file, text });

/** Reads from these texts, by absolute path; folders are where files are below. */
export function filesReader(files: Readonly<Record<string, string>>): FileReader {
  return {
    read: (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
      return text;
    },
    kind: (path) => {
      if (files[path] !== undefined) return 'file';
      return Object.keys(files).some((file) => file.startsWith(`${path}/`)) ? 'folder' : undefined;
    },
  };
}

export function loadFiles(files: Readonly<Record<string, string>>, request: Partial<LoadRequest> = {}): LoadedProject {
  const whole: LoadRequest = {
    cwd: '/p',
    files: [],
    envFiles: [],
    profiles: [],
    env: { HOME: '/home/me' },
    ...request,
  };
  return loadFrom(whole, filesReader(files));
}

/** The mistakes that `run` is refused with: `code` or `code line:column`. */
export function mistakes(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return [shown(error)];
    if (error instanceof UserErrors) return error.errors.map(shown);
    throw error;
  }
  return [];
}

const shown = ({ code, location }: UserError): string =>
  location ? `${code} ${location.line}:${location.column}` : code;
