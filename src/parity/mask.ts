/** A config without what nobody is to read in it. Pure. */
import type { Project, Service } from '../model/project.js';
import { shownValue } from './secret-names.js';

export interface Masked {
  readonly project: Project;
  /** How many values are hidden. */
  readonly hidden: number;
}

export interface Masking {
  /** Also values whose variables' names, or passwords in whose addresses, say that they are secret. */
  readonly byName: boolean;
  /** What the project's secrets say. Shorter than `SHORTEST` they are no secret, and part of too many words. */
  readonly secrets: readonly string[];
}

const SHORTEST = 4;

/** Hides values of variables, build arguments and labels, and secrets in what is executed. */
export function maskProject(project: Project, { byName, secrets }: Masking): Masked {
  let hidden = 0;
  const patterns = secrets.filter((secret) => secret.length >= SHORTEST).map(asWord);
  const masked = (text: string, name: string | undefined) => {
    const known = patterns.reduce((shown, pattern) => shown.replace(pattern, '(hidden)'), text);
    const shown = byName && name !== undefined ? shownValue(name, known) : known;
    if (shown !== text) hidden += 1;
    return shown;
  };
  const values = <T extends string | null>(named: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(
      Object.entries(named).map(([name, value]) => [name, value === null ? value : (masked(value, name) as T)]),
    );
  const words = (list: readonly string[]) => list.map((word) => masked(word, undefined));
  const maskService = (service: Service): Service => {
    const { environment, build, labels, command, entrypoint, healthcheck } = service;
    // In place of the old values, so that the order and the extensions of the service stay.
    return Object.assign(Object.create(Object.getPrototypeOf(service)), service, {
      ...(environment ? { environment: values(environment) } : {}),
      ...(labels ? { labels: values(labels) } : {}),
      ...(command ? { command: words(command) } : {}),
      ...(entrypoint ? { entrypoint: words(entrypoint) } : {}),
      ...(healthcheck?.test ? { healthcheck: Object.assign({}, healthcheck, { test: words(healthcheck.test) }) } : {}),
      ...(build?.args ? { build: Object.assign({}, build, { args: values(build.args) }) } : {}),
    });
  };
  const services = Object.entries(project.services).map(([name, service]) => [name, maskService(service)]);
  return { project: { ...project, services: Object.fromEntries(services) }, hidden };
}

/** Where it is not the middle of another word. */
function asWord(secret: string): RegExp {
  const literal = secret.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![A-Za-z0-9])${literal}(?![A-Za-z0-9])`, 'g');
}
