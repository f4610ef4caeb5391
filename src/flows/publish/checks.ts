/** What stands against publishing a project, and what a person is asked before it. Pure. */
import { UserError } from '../../errors.js';
import type { Project, Service } from '../../model/project.js';
import type { Finding } from './sensitive.js';

/** Throws UserError `only-build`: nobody else could run such a service. */
export function refuseUnnamedImages(project: Project): void {
  const names = Object.values(project.services).flatMap((one) => (!one.image && one.build ? [`- "${one.name}"`] : []));
  if (names.length === 0) return;
  throw new UserError(
    'only-build',
    `your Compose stack cannot be published as it only contains a build section for service(s):\n${names.join('\n')}`,
    ['Give each of them an image: beside its build:, under which it is pushed.'],
  );
}

/** Throws UserError `publish-environment` where variables would go along that nobody agreed to. */
export function refuseEnvironment(project: Project, withEnvFiles: ReadonlySet<string>): void {
  const lines = Object.values(project.services).flatMap(({ name, environment }) => [
    ...(withEnvFiles.has(name) ? [`service "${name}" has env_file declared.`] : []),
    ...(hasAny(environment) ? [`service "${name}" has environment variable(s) declared.`] : []),
  ]);
  for (const [name, { environment }] of Object.entries(project.configs))
    if (environment) lines.push(`config "${name}" is declare as an environment variable.`);
  if (lines.length === 0) return;
  throw new UserError(
    'publish-environment',
    `${lines.join('\n')}\nTo avoid leaking sensitive data, you must either explicitly allow the sending of environment variables by using the --with-env flag,\nor remove sensitive data from your Compose configuration`,
  );
}

const hasAny = (environment: Service['environment']): boolean => Object.keys(environment ?? {}).length > 0;

/** In the order in which they are asked. */
export function publishQuestions(project: Project, findings: readonly Finding[]): string[] {
  return [bindMounts(project), credentials(findings), variables(project)].filter((text) => text !== undefined);
}

function bindMounts(project: Project): string | undefined {
  const lines = Object.values(project.services).flatMap(({ name, volumes = [] }) => {
    const binds = volumes.filter(({ type }) => type === 'bind');
    return binds.length === 0 ? [] : [name, ...binds.map(({ source, target }) => `${source}:${target}`)];
  });
  if (lines.length === 0) return undefined;
  return [
    'you are about to publish bind mounts declaration within your OCI artifact.',
    'only the bind mount declarations will be added to the OCI artifact (not content)',
    "please double check that you are not mounting potential user's sensitive directories or data",
    ...lines,
    'Are you ok to publish these bind mount declarations?',
  ].join('\n');
}

function credentials(findings: readonly Finding[]): string | undefined {
  if (findings.length === 0) return undefined;
  return [
    'you are about to publish sensitive data within your OCI artifact.',
    'please double check that you are not leaking sensitive data',
    ...findings.flatMap(({ kind, value }) => [kind, value]),
    'Are you ok to publish these sensitive data?',
  ].join('\n');
}

function variables(project: Project): string | undefined {
  const of = (title: string, values: Readonly<Record<string, string | null>>) => [
    `Service/Config  ${title}`,
    ...Object.entries(values).map(([name, value]) => `${name}=${value ?? ''}`),
  ];
  const lines = [
    ...Object.values(project.services).flatMap(({ name, environment }) =>
      environment && hasAny(environment) ? of(name, environment) : [],
    ),
    ...Object.entries(project.configs).flatMap(([name, { environment }]) =>
      environment ? of(name, { [name]: environment }) : [],
    ),
  ];
  if (lines.length === 0) return undefined;
  return [
    'you are about to publish environment variables within your OCI artifact.',
    'please double check that you are not leaking sensitive data',
    ...lines,
    'Are you ok to publish these environment variables?',
  ].join('\n');
}
