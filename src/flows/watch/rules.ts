/** The rules of a project: those that it says, and for services that say none those that their Dockerfile suggests. */
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseIgnorePatterns } from '../../model/ignore-patterns.js';
import type { Project, Service } from '../../model/project.js';
import { deriveRules } from '../../watch/derive.js';
import { type ContextIgnore, rulesOf, writtenRules } from '../../watch/rules.js';
import type { WatchRule } from '../../watch/types.js';

export async function readRules(project: Project, services: ReadonlySet<string>): Promise<WatchRule[]> {
  const wanted = Object.values(project.services).filter((service) => services.has(service.name));
  const ignores = new Map<string, ContextIgnore>();
  const derived: WatchRule[] = [];
  for (const service of wanted) {
    const context = contextOf(project, service);
    if (context === undefined) continue;
    const ignore = await readIgnore(context, dockerfileOf(service, context));
    ignores.set(service.name, ignore);
    if (writtenRules(service).length > 0) continue;
    const text = await dockerfileText(service, context);
    const facts = {
      dockerfilePath: dockerfileOf(service, context),
      isFile: (source: string) => isFile(path.join(context, source)),
    };
    if (text !== undefined) derived.push(...deriveRules(service, text, ignore, facts));
  }
  return [...rulesOf(project, services, (service) => ignores.get(service)), ...derived];
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Undefined for what is not built, or built of a context that is elsewhere. */
function contextOf(project: Project, { build }: Service): string | undefined {
  if (!build || /^(?:https?:\/\/|git@|git:\/\/|ssh:\/\/|github\.com\/)/.test(build.context)) return undefined;
  return path.resolve(project.workingDir, build.context);
}

function dockerfileOf({ build }: Service, context: string): string {
  return path.resolve(context, build?.dockerfile ?? 'Dockerfile');
}

async function dockerfileText(service: Service, context: string): Promise<string | undefined> {
  if (service.build?.dockerfile_inline !== undefined) return service.build.dockerfile_inline;
  return readFile(dockerfileOf(service, context), 'utf8').catch(() => undefined);
}

/** `<Dockerfile>.dockerignore` beats `.dockerignore`. */
async function readIgnore(root: string, dockerfile: string): Promise<ContextIgnore> {
  for (const file of [`${dockerfile}.dockerignore`, path.join(root, '.dockerignore')]) {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return { root, patterns: parseIgnorePatterns(text) };
  }
  return { root, patterns: parseIgnorePatterns('') };
}
