/** `watch --write`: the rules that a Dockerfile suggested, put into the config file as if they had been written by hand. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../errors.js';
import type { LoadedProject, Project } from '../../model/project.js';
import type { WatchRule } from '../../watch/types.js';
import type { Session } from '../session.js';
import { readRules } from './rules.js';

export async function writeRules(session: Session, services: readonly string[]): Promise<void> {
  const loaded = await session.load(services);
  const { project } = loaded;
  const wanted = new Set(services.length ? services : Object.keys(project.services));
  const derived = (await readRules(project, wanted)).filter((rule) => rule.derived);
  const names = [...new Set(derived.map((rule) => rule.service))];
  if (names.length === 0)
    return session.terminal.status('Every service says what is to be watched: nothing to write.\n');
  for (const name of names) {
    const own = derived.filter((rule) => rule.service === name);
    const file = await insert(loaded, name, own);
    await session.terminal.status(
      `${name}: ${own.length} rules written to ${path.relative(session.world.cwd, file)}\n`,
    );
  }
}

/** Before the service's first key, with its indentation, so that nothing else of the file changes. Gives the file. */
async function insert({ project }: LoadedProject, service: string, rules: readonly WatchRule[]): Promise<string> {
  for (const file of project.configFiles) {
    const lines = (await readFile(file, 'utf8')).split('\n');
    const at = firstKeyOf(lines, service);
    if (at === undefined) continue;
    const indent = /^ */.exec(lines[at]!)![0];
    lines.splice(at, 0, ...rulesAsYaml(project, path.dirname(file), rules).map((line) => indent + line));
    await writeFile(file, lines.join('\n'));
    return file;
  }
  const text = rulesAsYaml(project, project.workingDir, rules).map((line) => `      ${line}`);
  throw new UserError(
    'cannot-write',
    `Service ${service} is not written as a block of its own, so it must be done by hand:`,
    [text.join('\n')],
  );
}

/** The line below `  SERVICE:` in `services:`; undefined when the file has it otherwise (flow style, an anchor, an include). */
function firstKeyOf(lines: readonly string[], service: string): number | undefined {
  const start = lines.findIndex((line) => /^services:\s*(?:#.*)?$/.test(line));
  if (start < 0) return undefined;
  const quoted = service.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const head = new RegExp(`^( +)(["']?)${quoted}\\2:\\s*(?:#.*)?$`);
  for (let at = start + 1; at < lines.length && !/^\S/.test(lines[at]!.replace(/^#.*/, '')); at += 1) {
    const found = head.exec(lines[at]!);
    if (!found) continue;
    const below = lines.findIndex((line, index) => index > at && /^\s*[^\s#]/.test(line));
    return below > 0 && /^ */.exec(lines[below]!)![0].length > found[1]!.length ? below : undefined;
  }
  return undefined;
}

function rulesAsYaml(project: Project, folder: string, rules: readonly WatchRule[]): string[] {
  const entries = rules.map(({ action, path: file, target }) => {
    const relative = path.relative(path.resolve(project.workingDir, folder), file).split(path.sep).join('/');
    const parts = [`action: ${action}`, `path: ${scalar(relative.startsWith('..') ? relative : `./${relative}`)}`];
    if (target !== undefined && action !== 'rebuild') parts.push(`target: ${scalar(target)}`);
    return `    - { ${parts.join(', ')} }`;
  });
  return ['develop:', '  watch:', ...entries];
}

const scalar = (text: string) => (/^[\w./-]+$/.test(text) ? text : JSON.stringify(text));
