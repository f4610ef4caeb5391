import type { Service } from '../../model/project.js';
import type { LintRule } from './types.js';

/** Something waits until it is healthy, and nothing says how to tell. */
export const missingHealthcheck: LintRule = {
  name: 'missing-healthcheck',
  about: 'a service that others wait for (service_healthy) without a healthcheck',
  check: (service, { project, imageHealthcheck }) => {
    const { healthcheck } = service;
    const off = healthcheck?.disable || healthcheck?.test?.[0] === 'NONE';
    if ((healthcheck?.test && !off) || (!off && imageHealthcheck(service) === true)) return [];
    const waiting = Object.values(project.services).filter(
      (one) => one.depends_on?.[service.name]?.condition === 'service_healthy',
    );
    if (waiting.length === 0 || (!off && !service.build && imageHealthcheck(service) === undefined && !service.image))
      return [];
    const unsure = off || service.build ? '' : ' unless its image has one';
    return waiting.map((one) => ({
      path: 'healthcheck',
      sentence: `${one.name} waits until ${service.name} is healthy, but ${service.name} has no healthcheck${unsure}.`,
      fix: `Add services.${service.name}.healthcheck.test, for example [CMD, …], or wait for service_started.`,
    }));
  },
};

const SECRET =
  /(?:^|_)(?:PASSWORD|PASSWD|PASS|PWD|SECRET|TOKEN|APIKEY|CREDENTIALS?)(?:_|$)|(?:API|ACCESS|PRIVATE|SECRET|ENCRYPTION)_KEY(?:_|$)/i;
const HARMLESS = /_FILE$|^(?:OLD)?PWD$|_(?:URL|HOST|PATH|TTL|EXPIR\w*|LENGTH|NAME|ID)$/i;

/** A password that everybody who reads the config can read. */
export const plainSecret: LintRule = {
  name: 'plain-secret',
  about: 'a password, token or key written into environment',
  check: (service, { written }) =>
    Object.entries(service.environment ?? {}).flatMap(([name, value]) => {
      if (!value || !SECRET.test(name) || HARMLESS.test(name)) return [];
      const line = written(`services.${service.name}.environment.${name}`);
      // From the shell, an env file, or a secret's path: then it is not in the config.
      if (line === undefined || line.includes('${') || /\$[A-Za-z_]/.test(line) || value.startsWith('/run/secrets/'))
        return [];
      return [
        {
          path: `environment.${name}`,
          sentence: `${name} stands in the config for everybody to read.`,
          fix: secretFix(service, name),
        },
      ];
    }),
};

const secretFix = ({ name }: Service, variable: string): string =>
  `Use secrets: with services.${name}.secrets (many images read ${variable}_FILE), or \${${variable}} from .env.`;
