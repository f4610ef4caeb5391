/** Turns what an engine refused into a sentence, the place in the config that it is about, and what to do next. */
import { containerLogs } from '../engine/containers.js';
import { EngineAnswerError, isConnectionError } from '../engine/errors.js';
import { linesOf } from '../engine/streams.js';
import { UserError } from '../errors.js';
import { projectObjectName } from '../model/names.js';
import type { Step } from '../model/plan.js';
import type { Port } from '../model/project.js';
import type { ApplyContext } from './context.js';
import { NeverReady } from './readiness.js';

export async function explainFailure(step: Step, thrown: unknown, context: ApplyContext): Promise<Error> {
  if (thrown instanceof NeverReady) return explainNeverReady(step, thrown, context);
  if (isConnectionError(thrown) && (thrown as NodeJS.ErrnoException).code !== 'EACCES') {
    return new UserError(
      'engine-lost',
      `The engine went away during ${step.op.do}.`,
      ['Run the command again.'],
      undefined,
      {
        cause: thrown,
      },
    );
  }
  if (step.op.do === 'image.pull') return explainPull(step.op.service, step.op.image, thrown, context);
  if (!(thrown instanceof EngineAnswerError)) return thrown as Error;
  const { do: kind } = step.op;
  if (kind === 'container.start' || kind === 'container.create' || kind === 'container.takeover') {
    return explainContainer(step.op.name, thrown, context);
  }
  return new UserError('engine-refused', `${step.op.do}: ${thrown.message}`, [], undefined, { cause: thrown });
}

function explainPull(service: string, image: string, thrown: unknown, { locate, project }: ApplyContext): Error {
  const known = thrown instanceof EngineAnswerError || thrown instanceof UserError;
  if (!known) return thrown as Error;
  const missing = thrown instanceof EngineAnswerError && thrown.status === 404;
  const sentence = `The image ${image} of service "${service}" could not be pulled: ${thrown.message}`;
  const next = missing
    ? ['Check its name and tag; a private one needs a log-in at its registry.']
    : ['Check the connection to its registry, then run the command again.'];
  if (project.services[service]?.build) next.push('--build builds it from this folder instead.');
  const location = locate(`services.${service}.image`);
  return new UserError(missing ? 'image-missing' : 'pull-failed', sentence, next, location, { cause: thrown });
}

/** The service of a container that is there, or of one that this apply makes. */
export function serviceOf(name: string, { project, containers }: ApplyContext): string | undefined {
  const there = containers.find((one) => one.name === name)?.service;
  if (there !== undefined) return there;
  const isIts = (service: string) => name.replace(/[-_]\d+$/, '').endsWith(projectObjectName(project, service));
  return Object.values(project.services).find((one) => one.container_name === name || isIts(one.name))?.name;
}

function explainContainer(name: string, thrown: EngineAnswerError, context: ApplyContext): UserError {
  const service = serviceOf(name, context);
  const cause = { cause: thrown };
  const busy = service === undefined ? undefined : busyPort(service, thrown.message, context);
  if (busy) {
    const { at, port } = busy;
    const next = [`Stop what holds port ${port.published}, or change ${at}.`];
    return new UserError('port-busy', `${service}: ${thrown.message}`, next, context.locate(at), cause);
  }
  const location = service === undefined ? undefined : context.locate(`services.${service}`);
  if (thrown.status === 409) {
    const next = [`Remove that container, or give services.${service} another container_name.`];
    return new UserError('name-taken', thrown.message, next, location, cause);
  }
  if (thrown.status === 404 && service !== undefined) {
    const next = ['Build or pull it: devenv build, devenv pull.'];
    return new UserError('image-missing', `${service}: ${thrown.message}`, next, location, cause);
  }
  return new UserError('engine-refused', `${service ?? name}: ${thrown.message}`, [], location, cause);
}

/**
 * The port of the service that the engine's sentence is about. The API has no field for it, so the number is looked
 * for in the text; a text that says it otherwise is shown as it is.
 */
function busyPort(
  service: string,
  sentence: string,
  { project }: ApplyContext,
): { at: string; port: Port } | undefined {
  if (!/address already in use|port is already allocated|is listening|already in use|EADDRINUSE/i.test(sentence))
    return undefined;
  const ports = project.services[service]?.ports ?? [];
  const index = ports.findIndex((port) => port.published && new RegExp(`\\b${port.published}\\b`).test(sentence));
  return index < 0 ? undefined : { at: `services.${service}.ports.${index}`, port: ports[index]! };
}

async function explainNeverReady(step: Step, thrown: NeverReady, context: ApplyContext): Promise<UserError> {
  const { op } = step;
  if (op.do !== 'container.wait' && op.do !== 'container.takeover') return new UserError('never-ready', thrown.message);
  const { name, service } = op;
  const isDependency = op.do === 'container.wait' && op.until !== 'running';
  const isNew = op.do === 'container.takeover';
  const prefix = isNew ? 'the new container' : `${isDependency ? 'dependency failed to start: ' : ''}container ${name}`;
  const details = [...lastProbe(thrown), ...(await lastLogLines(thrown, context))];
  return new UserError(
    'never-ready',
    [`${prefix} ${thrown.message}`, ...details].join('\n'),
    [`See all of its output: devenv logs ${service}`],
    context.locate(`services.${service}`),
  );
}

function lastProbe({ container }: NeverReady): string[] {
  const probe = container.State.Health?.Log?.at(-1);
  if (!probe) return [];
  const output = probe.Output.trimEnd();
  return [
    `  last healthcheck, exit ${probe.ExitCode}${output ? ':' : ', without output'}`,
    ...output
      .split('\n')
      .filter(Boolean)
      .slice(-10)
      .map((line) => `  | ${line}`),
  ];
}

async function lastLogLines({ container }: NeverReady, { engine }: ApplyContext): Promise<string[]> {
  const lines: string[] = [];
  try {
    const frames = containerLogs(engine, container.Id, { tail: '10', tty: container.Config.Tty });
    for await (const { text } of linesOf(frames)) lines.push(`  | ${text}`);
  } catch {
    return []; // the failure itself matters more than its log
  }
  return lines.length ? ['  last output:', ...lines] : ['  it printed nothing'];
}
