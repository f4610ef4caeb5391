/** Which environments a project has: the keys of `environments:`, and the files beside the main one. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readYaml } from './read/yaml.js';

/** Sorted; empty for a project that has none. Files that cannot be read have none: loading them tells of it. */
export function environmentNames(configFiles: readonly string[]): string[] {
  const names = new Set<string>();
  for (const file of configFiles) for (const name of namesIn(file)) names.add(name);
  const main = configFiles[0];
  if (main !== undefined && main !== '-') for (const name of namesBeside(main)) names.add(name);
  return [...names].sort();
}

function namesIn(file: string): string[] {
  try {
    return readYaml({ file, text: readFileSync(file, 'utf8') }).flatMap((document) => {
      const environments = document.kind === 'mapping' ? document.entries.get('environments')?.value : undefined;
      return environments?.kind === 'mapping' ? [...environments.entries.keys()] : [];
    });
  } catch {
    return [];
  }
}

/** `compose.prod.yaml` beside `compose.yaml`: `prod`. An override file is none. */
function namesBeside(main: string): string[] {
  const stem = path.basename(main, path.extname(main)).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`^${stem}\\.([\\w-]+)\\.ya?ml$`);
  const found = readdirSync(path.dirname(main)).flatMap((name) => pattern.exec(name)?.[1] ?? []);
  return found.filter((name) => name !== 'override');
}
