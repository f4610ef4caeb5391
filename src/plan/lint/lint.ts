/** `devenv lint`: one service, one job, and what else bites later. Pure. */
import { bindOverImage, databaseWithoutVolume, latestTag } from './images-and-data.js';
import { missingHealthcheck, plainSecret } from './readiness-and-secrets.js';
import { severalJobs } from './several-jobs.js';
import type { Finding, LintContext, LintRule } from './types.js';

export const lintRules: readonly LintRule[] = [
  severalJobs,
  missingHealthcheck,
  latestTag,
  plainSecret,
  databaseWithoutVolume,
  bindOverImage,
];

/** In the order of services, then of rules. */
export function lintProject(context: LintContext): Finding[] {
  const { off, project } = context;
  const isOff = (rule: string, service: string) =>
    [off.all, off.services[service]].some((rules) => rules?.has(rule) || rules?.has('all'));
  return Object.values(project.services).flatMap((service) =>
    lintRules
      .filter(({ name }) => !isOff(name, service.name))
      .flatMap((rule) =>
        rule.check(service, context).map((finding) => ({ rule: rule.name, service: service.name, ...finding })),
      ),
  );
}
