import path from 'node:path';
import type { Project } from '../../model/project.js';

/** Everything that the project was read from: config files with what they include, env files, label files. Absolute. */
export function configFilesOf(project: Project): ReadonlySet<string> {
  const files = [...project.configFiles, ...project.envFiles];
  for (const service of Object.values(project.services)) {
    for (const key of ['env_file', 'label_file']) {
      for (const entry of [service[key] ?? []].flat()) files.push(typeof entry === 'string' ? entry : pathOf(entry));
    }
  }
  return new Set(
    files.filter((file) => file !== '-' && file !== '').map((file) => path.resolve(project.workingDir, file)),
  );
}

function pathOf(entry: unknown): string {
  return (entry as { readonly path?: string } | null)?.path ?? '';
}
