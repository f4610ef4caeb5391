/** `doctor`: what works, what is missing, and the command that mends it. */
import { execFile } from 'node:child_process';
import { enginePaths } from '../../engine/paths.js';
import { UserError, UserErrors } from '../../errors.js';
import type { Project } from '../../model/project.js';
import { observeContainers } from '../../observe/observe.js';
import type { Session } from '../session.js';
import { judgeMachine } from './checks.js';
import type { Finding } from './finding.js';
import { probeMachine } from './probe.js';
import { checkEngine, checkNames, checkPorts, checkRegistry, registriesOf } from './reach.js';

export interface DoctorRequest {
  readonly fix: boolean;
  readonly format: 'text' | 'json';
  /** Look at this machine alone: no names, no registries. */
  readonly offline: boolean;
}

/** Gives the exit code: 1 when something is missing. */
export async function examine(session: Session, request: DoctorRequest): Promise<number> {
  let findings = await look(session, request);
  const fixed: { name: string; command: string; worked: boolean; output: string }[] = [];
  if (request.fix) {
    for (const { name, state, fix, safe } of findings) {
      if (state === 'ok' || !fix || !safe) continue;
      await session.terminal.status(`${name}: ${fix}\n`);
      fixed.push({ name, command: fix, ...(await runFix(fix, session.world.uid === 0)) });
    }
    if (fixed.length) findings = await look(session, request);
  }
  if (request.format === 'json') await session.terminal.data(`${JSON.stringify({ findings, fixed })}\n`);
  else await session.terminal.data(asText(session, findings, fixed));
  return findings.some(({ state }) => state === 'missing') ? 1 : 0;
}

async function look(session: Session, { offline }: DoctorRequest): Promise<Finding[]> {
  const { env, uid } = session.world;
  const machine = judgeMachine(probeMachine(env, uid, enginePaths(env, uid).home));
  const engine = await checkEngine(session);
  const { project, finding } = await projectHere(session);
  const ports = project ? await checkPorts(project, await portsOfOurs(session, project, engine)) : [];
  const registries = registriesOf(project);
  const asked = registries.length ? registries : ['docker.io'];
  const outside = offline ? [] : await Promise.all([checkNames(asked), ...asked.map(checkRegistry)]);
  return [...machine, engine, ...finding, ...ports, ...outside];
}

/** A config that is wrong is a finding; none at all is fine. */
async function projectHere(session: Session): Promise<{ project: Project | undefined; finding: Finding[] }> {
  try {
    const { project } = await session.loadQuietly([]);
    const count = Object.keys(project.services).length;
    return { project, finding: [{ name: 'config', state: 'ok', detail: `${project.name}: ${count} services` }] };
  } catch (error) {
    const first = error instanceof UserErrors ? error.errors[0]! : error;
    if (!(first instanceof UserError)) throw error;
    if (first.code === 'no-config') return { project: undefined, finding: [] };
    const detail = `The config here cannot be read: ${first.message}`;
    return {
      project: undefined,
      finding: [{ name: 'config', state: 'warning', detail, fix: 'devenv config tells where.' }],
    };
  }
}

async function portsOfOurs(session: Session, project: Project, engine: Finding): Promise<ReadonlySet<number>> {
  if (engine.state !== 'ok') return new Set();
  const containers = await observeContainers(await session.engine(), project.name);
  return new Set(containers.flatMap(({ ports }) => ports.flatMap(({ published }) => published ?? [])));
}

/** `sudo` is left out for root, who may not have it. */
function runFix(command: string, root: boolean): Promise<{ worked: boolean; output: string }> {
  const text = root ? command.replaceAll('sudo ', '') : command;
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', text], { timeout: 300_000 }, (error, stdout, stderr) =>
      resolve({ worked: error === null, output: `${stdout}${stderr}`.trim() }),
    );
  });
}

function asText(
  { terminal }: Session,
  findings: readonly Finding[],
  fixed: readonly { name: string; command: string; worked: boolean; output: string }[],
): string {
  const { green, red, yellow, dim, cyan } = terminal.outColors;
  const mark = { ok: green('ok     '), warning: yellow('warning'), missing: red('missing') };
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, state, detail, fix }) => [
    `${mark[state]}  ${name.padEnd(width)}  ${state === 'ok' ? dim(detail) : detail}`,
    ...(state === 'ok' || !fix ? [] : [`         ${' '.repeat(width)}  ${cyan(fix)}`]),
  ]);
  const tried = fixed.map(({ name, worked, output }) =>
    worked ? `${name}: done` : `${name}: failed: ${output.split('\n').at(-1)}`,
  );
  const count = (state: Finding['state']) => findings.filter((one) => one.state === state).length;
  const summary = `${count('ok')} ok, ${count('warning')} warnings, ${count('missing')} missing`;
  return `${[...tried, ...lines, summary].join('\n')}\n`;
}
