/** The rules of a project: those that it says, and for services that say none those that their Dockerfile suggests. */
import path from 'node:path';
import { readIgnoreFile } from '../../apply/build-context.js';
import { dockerfilePath, isRemoteContext } from '../../model/build-place.js';
import { parseIgnorePatterns } from '../../model/ignore-patterns.js';
import type { Project } from '../../model/project.js';
import { deriveRules } from '../../watch/derive.js';
import { type ContextIgnore, rulesOf, writtenRules } from '../../watch/rules.js';
import { statOf } from '../../watch/scan.js';
import type { WatchRule } from '../../watch/types.js';
import { dockerfileText } from '../dockerfile.js';

export async function readRules(project: Project, services: ReadonlySet<string>): Promise<WatchRule[]> {
  const wanted = Object.values(project.services).filter((service) => services.has(service.name));
  const ignores = new Map<string, ContextIgnore>();
  const derived: WatchRule[] = [];
  for (const service of wanted) {
    const { build } = service;
    if (!build || isRemoteContext(build.context)) continue;
    const root = path.resolve(build.context);
    const ignore = {
      root,
      patterns: await readIgnoreFile(root, dockerfilePath(build)).catch(() => parseIgnorePatterns('')),
    };
    ignores.set(service.name, ignore);
    if (writtenRules(service).length > 0) continue;
    const text = await dockerfileText(build);
    const facts = {
      dockerfilePath: dockerfilePath(build),
      isFile: (source: string) => isFile(path.join(root, source)),
    };
    if (text !== undefined) derived.push(...deriveRules(service, text, ignore, facts));
  }
  return [...rulesOf(project, services, (service) => ignores.get(service)), ...derived];
}

function isFile(file: string): boolean {
  return statOf(file)?.isFile() ?? false;
}
