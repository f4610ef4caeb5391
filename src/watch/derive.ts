/**
 * What a service's Dockerfile says of watching: sources that are copied as they are can be copied again; what something
 * was made of (packages from a manifest, a program from sources) must be built again. Pure.
 */
import path from 'node:path';
import { dockerfileLines } from '../model/dockerfile-lines.js';
import type { Service } from '../model/project.js';
import { type ContextIgnore, ruleIgnore } from './rules.js';
import type { WatchAction, WatchRule } from './types.js';

interface Copy {
  readonly source: string;
  readonly target: string;
  /** The target is a folder that files go into. */
  readonly intoFolder: boolean;
  /** A later RUN of the stage, or a later stage, may make something of it. */
  compiled: boolean;
}

interface Stage {
  readonly name: string;
  readonly copies: Copy[];
  workdir: string;
}

/** Files that say which packages there are, by their names. */
const manifest =
  /^(?:package(?:-lock)?\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|requirements[^/]*\.txt|pyproject\.toml|poetry\.lock|uv\.lock|Pipfile(?:\.lock)?|setup\.(?:py|cfg)|Gemfile(?:\.lock)?|go\.(?:mod|sum)|Cargo\.(?:toml|lock)|composer\.(?:json|lock)|pom\.xml|build\.gradle(?:\.kts)?|mix\.(?:exs|lock))$/;
/** Commands that make something of sources. */
const compiles =
  /\b(?:(?:npm|yarn|pnpm|bun) (?:run )?(?:build|compile|generate)|tsc|vite build|webpack|esbuild|rollup|next build|go (?:build|install)|cargo (?:build|install)|make|cmake|gcc|g\+\+|mvn|gradle|gradlew|dotnet (?:build|publish)|mix (?:compile|release)|javac|rails assets:precompile|collectstatic)\b/;
/** Programs that see by themselves that their files changed. */
const reloads =
  /(?:--watch|--reload|--hot|\bnodemon|\btsx watch|ts-node-dev|\bvite\b|webpack(?:-dev)?-server|next dev|nuxt dev|\bng serve|flask .*--debug|runserver|\brails s|\bnginx\b|\bhttpd\b|php-fpm|\bcaddy\b|\bair\b)/;

/** What only the disk knows. */
export interface DeriveFacts {
  readonly dockerfilePath: string;
  /** Whether a source of the context is a file; a folder's content goes into a target, a file under its name. */
  readonly isFile: (source: string) => boolean;
}

/** Rules for a service that is built and says none. Empty when nothing of its context is copied. */
export function deriveRules(
  service: Service,
  dockerfile: string,
  context: ContextIgnore,
  { dockerfilePath, isFile }: DeriveFacts,
): WatchRule[] {
  const { stages, command } = readDockerfile(dockerfile, service.build?.target);
  const last = stages.at(-1);
  const copies = stages.flatMap((stage) =>
    stage.copies.map((copy) => ({ ...copy, compiled: copy.compiled || stage !== last })),
  );
  if (copies.length === 0) return [];
  const started = [service.entrypoint, service.command].flatMap((one) => one ?? []).join(' ') || command;
  const sync: WatchAction = reloads.test(started) ? 'sync' : 'sync+restart';
  const mounted = (service.volumes ?? []).filter((mount) => mount.type === 'bind').map((mount) => mount.target);
  const rules = copies
    .filter(({ target }) => !mounted.some((folder) => target === folder || target.startsWith(`${folder}/`)))
    .map((copy) => (copy.intoFolder && isFile(copy.source) ? intoFolder(copy) : copy))
    .flatMap((copy) => rulesOfCopy(service.name, copy, sync, context));
  if (service.build?.dockerfile_inline === undefined)
    rules.push(rule(service.name, 'rebuild', dockerfilePath, undefined, [], context));
  return rules;
}

function intoFolder(copy: Copy): Copy {
  return { ...copy, target: path.posix.join(copy.target, path.posix.basename(copy.source)) };
}

function rulesOfCopy(service: string, copy: Copy, sync: WatchAction, context: ContextIgnore): WatchRule[] {
  const file = path.resolve(context.root, copy.source);
  const isManifest = manifest.test(path.basename(file));
  if (copy.compiled || isManifest) return [rule(service, 'rebuild', file, undefined, [], context)];
  // What a server is set up by is read at its start, even where it sees its content change.
  const action = /^\/(?:etc|usr|opt|bin|sbin)\//.test(copy.target) ? 'sync+restart' : sync;
  const watched = rule(service, action, file, copy.target, [...manifestNames, 'Dockerfile', '.dockerignore'], context);
  if (copy.source !== '.') return [watched];
  const manifests = rule(service, 'rebuild', file, undefined, [], context);
  return [watched, { ...manifests, include: { ignores: (name) => manifest.test(name), mayPrune: () => false } }];
}

const manifestNames = [
  'package.json',
  'package-lock.json',
  'yarn.lock',
  'pnpm-lock.yaml',
  'requirements*.txt',
  'pyproject.toml',
  'poetry.lock',
  'Pipfile',
  'Pipfile.lock',
  'Gemfile',
  'Gemfile.lock',
  'go.mod',
  'go.sum',
  'Cargo.toml',
  'Cargo.lock',
  'composer.json',
  'composer.lock',
  'pom.xml',
];

function rule(
  service: string,
  action: WatchAction,
  file: string,
  target: string | undefined,
  ignore: readonly string[],
  context: ContextIgnore,
): WatchRule {
  return {
    service,
    action,
    path: file,
    target,
    ignore: ruleIgnore(ignore, file, context),
    include: undefined,
    initialSync: false,
    exec: undefined,
    derived: true,
  };
}

/** Stages that the wanted one stands on by FROM, oldest first; others feed it by `COPY --from` and count as compiled. */
function readDockerfile(text: string, target: string | undefined): { stages: Stage[]; command: string } {
  const stages: Stage[] = [];
  let command = '';
  for (const { instruction, rest } of dockerfileLines(text)) {
    const stage = stages.at(-1);
    if (instruction === 'FROM') {
      if (target !== undefined && stage?.name === target) break;
      stages.push(beginStage(rest, stages));
    } else if (!stage) continue;
    else if (instruction === 'WORKDIR') stage.workdir = path.posix.resolve(stage.workdir, rest.trim());
    else if (instruction === 'COPY' || instruction === 'ADD') stage.copies.push(...readCopy(rest, stage.workdir));
    else if (instruction === 'RUN' && compiles.test(rest)) for (const copy of stage.copies) copy.compiled = true;
    else if (instruction === 'CMD' || instruction === 'ENTRYPOINT') command = `${command} ${rest}`.trim();
  }
  return { stages, command };
}

function beginStage(rest: string, stages: Stage[]): Stage {
  const [image = '', name = ''] = rest.replace(/--\S+\s+/g, '').split(/\s+as\s+/i);
  const base = stages.findIndex((stage) => stage.name !== '' && stage.name === image.trim());
  const inherited = base < 0 ? [] : stages.splice(base, 1)[0]!.copies;
  return { name: name.trim(), copies: inherited, workdir: '/' };
}

/** Of the context alone: `--from`, URLs, heredocs and patterns are left out. */
function readCopy(rest: string, workdir: string): Copy[] {
  if (/--from[= ]/.test(rest) || rest.includes('<<')) return [];
  const words = rest.trim().replace(/^(?:--\S+\s+)+/, '');
  const parts = words.startsWith('[') ? readList(words) : words.split(/\s+/);
  const target = parts.at(-1);
  const sources = parts.slice(0, -1);
  if (target === undefined || target.includes('$')) return [];
  const isFolder = target.endsWith('/') || sources.length > 1 || target === '.';
  return sources
    .filter((source) => !/^\w+:\/\/|^git@|[*?$[]/.test(source))
    .map((source) => ({
      source: path.posix.normalize(source).replace(/^\/+|\/+$/g, '') || '.',
      compiled: false,
      target: path.posix.resolve(workdir, target),
      intoFolder: isFolder,
    }));
}

function readList(text: string): string[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.map(String) : [];
  } catch {
    return [];
  }
}
