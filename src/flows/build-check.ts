/** `build --check`: what is odd about the Dockerfiles, in the words and the form of the docker command. */
import { readFile } from 'node:fs/promises';
import { buildSource } from '../apply/build-source.js';
import { buildImage } from '../engine/images.js';
import { UserError } from '../errors.js';
import { dockerfilePath } from '../model/build-place.js';
import { selectServices } from '../plan/order.js';
import type { BuildRequest } from './images.js';
import type { Session } from './session.js';

interface CheckAnswer {
  readonly dockerfile: string;
  readonly warnings: readonly { readonly line?: number; readonly rule: string; readonly detail: string }[];
  readonly failure?: string;
}

/** Throws UserError `build-check` when there are warnings, so that a script sees it. */
export async function checkServices(session: Session, request: BuildRequest): Promise<void> {
  const { project, locate } = await session.load(request.services);
  const selected = selectServices(project, request.services, request.dependencies);
  const engine = await session.engine();
  if (!engine.own)
    throw new UserError('build-check', 'Only the engine of devenv checks Dockerfiles.', ['Leave out --engine.']);
  let count = 0;
  for (const { name, build } of Object.values(project.services)) {
    if (!build || !selected.has(name)) continue;
    const { body, query } = await buildSource(name, { project, locate, engine });
    const text = build.dockerfile_inline ?? (await readFile(dockerfilePath(build), 'utf8'));
    for await (const line of buildImage(
      engine,
      { ...query, check: true, target: build.target, buildargs: request.args },
      body,
    )) {
      if (line.error !== undefined) throw new UserError('build-check', `${name}: ${line.error}`);
      const answer = (line.aux as { check?: CheckAnswer } | undefined)?.check;
      if (!answer) continue;
      count += answer.warnings.length;
      await session.terminal.data(answer.warnings.map((one) => renderWarning(one, answer.dockerfile, text)).join(''));
    }
  }
  if (count === 0) return session.terminal.data('Check complete, no warnings found.\n');
  const found = count === 1 ? '1 warning has' : `${count} warnings have`;
  throw new UserError('build-check', `Check complete, ${found} been found!`);
}

const kebab = (rule: string) =>
  rule
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .toLowerCase();
/** BuildKit gives no page for these. */
const UNDOCUMENTED = new Set(['InvalidBaseImagePlatform']);
const RULE = '--------------------';
const NEIGHBOURS = 2;

/** As `docker build --check` prints one. */
function renderWarning(
  { line, rule, detail }: CheckAnswer['warnings'][number],
  dockerfile: string,
  text: string,
): string {
  const page = UNDOCUMENTED.has(rule) ? '' : ` - https://docs.docker.com/go/dockerfile/rule/${kebab(rule)}/`;
  const head = `WARNING: ${rule}${page}\n${detail}\n`;
  if (line === undefined) return `${head}\n`;
  const lines = text.split('\n');
  const from = Math.max(1, line - NEIGHBOURS);
  const shown = lines.slice(from - 1, line + NEIGHBOURS).map((content, index) => {
    const number = from + index;
    return `${String(number).padStart(4)} | ${number === line ? '>>>' : '   '} ${content}`.trimEnd();
  });
  return [`${head}${dockerfile}:${line}`, RULE, ...shown, RULE, '', ''].join('\n');
}
