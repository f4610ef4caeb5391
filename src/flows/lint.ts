/** `lint`, and the line about it in `up`. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { extensionsOf } from '../config/decode/extensions.js';
import type { Location } from '../errors.js';
import { dockerfilePath } from '../model/build-place.js';
import type { LoadedProject, Service } from '../model/project.js';
import { lintProject, lintRules } from '../plan/lint/lint.js';
import type { Finding } from '../plan/lint/types.js';
import type { Session } from './session.js';

/** A finding with its place; without one it is about what is not there. */
export interface PlacedFinding extends Finding {
  readonly location: Location | undefined;
}

function lintLoaded({ project, locate }: LoadedProject): PlacedFinding[] {
  const files = new Map<string, readonly string[]>();
  const linesOf = (file: string) => {
    const known = files.get(file) ?? (existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []);
    files.set(file, known);
    return known;
  };
  const written = (wanted: string) => {
    const place = locate(wanted);
    return place && linesOf(place.file)[place.line - 1];
  };
  const services = Object.values(project.services);
  const off = {
    all: switchedOff(project.extensions),
    services: Object.fromEntries(services.map((one) => [one.name, switchedOff(extensionsOf(one))])),
  };
  return lintProject({ project, written, imageHealthcheck, off }).map((finding) => {
    const service = `services.${finding.service}`;
    return { ...finding, location: locate(`${service}.${finding.path}`) ?? locate(service) };
  });
}

/** `x-devenv: {lint: {off: [rule…]}}`, or `off: all`. */
function switchedOff(extensions: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const settings = extensions['x-devenv'] as { lint?: { off?: unknown } } | null | undefined;
  const off = settings?.lint?.off;
  return new Set(Array.isArray(off) ? off.map(String) : off === undefined ? [] : [String(off)]);
}

/** What the Dockerfile says; of an image that is pulled nobody knows before it is there. */
function imageHealthcheck({ build }: Service): boolean | undefined {
  if (!build) return undefined;
  if (build.dockerfile_inline) return /^\s*HEALTHCHECK\s+(?!NONE)/im.test(build.dockerfile_inline);
  const file = dockerfilePath(build);
  return existsSync(file) ? /^\s*HEALTHCHECK\s+(?!NONE)/im.test(readFileSync(file, 'utf8')) : undefined;
}

/** Rules that the config switches off and that do not exist: a misspelt one would do nothing silently. */
function unknownRules({ project }: LoadedProject): string[] {
  const known = new Set([...lintRules.map(({ name }) => name), 'all']);
  const sets = [project.extensions, ...Object.values(project.services).map(extensionsOf)].map(switchedOff);
  return [...new Set(sets.flatMap((set) => [...set]))].filter((name) => !known.has(name));
}

/** Prints the hints. Gives the exit code: 1 when there are some. */
export async function lint(session: Session, services: readonly string[], format: 'text' | 'json'): Promise<number> {
  const loaded = await session.load(services);
  const findings = lintLoaded(loaded);
  for (const name of unknownRules(loaded)) {
    const rules = lintRules.map((rule) => rule.name).join(', ');
    await session.terminal.status(`warning: x-devenv.lint.off names "${name}", which is no rule; rules: ${rules}\n`);
  }
  if (format === 'json') await session.terminal.data(`${JSON.stringify(findings)}\n`);
  else await session.terminal.data(findings.map((one) => findingText(session, one)).join('\n'));
  if (format === 'text' && findings.length === 0) await session.terminal.data('No hints.\n');
  return findings.length ? 1 : 0;
}

function findingText({ world, terminal }: Session, { rule, service, sentence, fix, location }: PlacedFinding): string {
  const { bold, dim, cyan } = terminal.outColors;
  const place = location ? `${path.relative(world.cwd, location.file)}:${location.line}:${location.column}: ` : '';
  return `${bold(place)}${service}: ${sentence} ${dim(`(${rule})`)}\n  ${cyan(fix)}\n`;
}

/** One line for `up`; undefined when there is nothing to say. */
export function lintLine(loaded: LoadedProject): string | undefined {
  const findings = lintLoaded(loaded);
  if (findings.length === 0) return undefined;
  const rules = [...new Set(findings.map(({ rule }) => rule))].join(', ');
  const hints = findings.length === 1 ? '1 hint' : `${findings.length} hints`;
  return `${hints} (${rules}): devenv lint tells more.\n`;
}
