import { StringDecoder } from 'node:string_decoder';
import { EngineError } from '../../errors.js';
import { clampTimes } from '../files/clamp.js';
import type { Of, Run } from '../instructions/types.js';
import { DockerfileError } from '../parse/errors.js';
import { heredocText, parseHeredocStart } from '../parse/heredoc.js';
import { commandArgs } from './config-steps.js';
import { checkEntitled } from './entitlements.js';
import { clampOf } from './epoch.js';
import { RunFailed } from './failures.js';
import { cannotRun } from './foreign.js';
import { type LayerTools, layerStep, type NewLayer } from './layer-step.js';
import { type PreparedMounts, prepareMounts } from './run-mounts.js';
import type { Output, StepScope } from './scope.js';
import { withRoot } from './scratch.js';
import { chainOf, type StageState, workingDirectory } from './state.js';
import { removeStubs } from './stubs.js';

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];
const SCRIPT_FOLDER = '/dev/pipes';

/** What a RUN executes, and the script that it brings when a heredoc starts with `#!`. */
interface Command {
  readonly args: readonly string[];
  readonly script: { readonly path: string; readonly text: string } | undefined;
}

export async function runStep(scope: StepScope, state: StageState, step: Run): Promise<StageState> {
  const command = runCommand(state, step, scope.escapeToken);
  const mounts = await prepareMounts(scope, state, step);
  let made = false;
  const make = async (tools: LayerTools) => {
    made = true;
    return execute(scope, state, { step, command, mounts }, tools).finally(mounts.close);
  };
  try {
    return await layerStep(scope, state, {
      instruction: step,
      createdBy: `RUN ${declaredArgs(state)}${command.args.join(' ')} # buildkit`,
      material: [
        'run',
        command,
        runEnv(state),
        state.config.User ?? '',
        workingDirectory(state),
        mounts.material,
        limits(scope, step),
      ],
      make,
    });
  } finally {
    // Once begun, the step may go on for another build: it gives its mounts back itself.
    if (!made) await mounts.close();
  }
}

/** A lone heredoc is the script itself; otherwise heredocs are the shell's own business. */
function runCommand(state: StageState, step: Of<'run'>, escapeToken: string): Command {
  const { command, heredocs } = step;
  const first = heredocs[0];
  if (command.form === 'exec' || first === undefined) return { args: commandArgs(state, command), script: undefined };
  const alone = parseHeredocStart(command.text.trim(), escapeToken);
  if (alone === undefined) {
    const text = command.text + heredocs.map(({ content, name }) => `\n${content}${name}`).join('');
    return { args: commandArgs(state, { form: 'shell', text }), script: undefined };
  }
  const text = heredocText(first);
  // BuildKit looks before it takes tabs away
  if (!first.content.startsWith('#!')) return { args: commandArgs(state, { form: 'shell', text }), script: undefined };
  const path = `${SCRIPT_FOLDER}/${first.name}`;
  return { args: commandArgs(state, { form: 'shell', text: path }), script: { path, text } };
}

function declaredArgs(state: StageState): string {
  if (state.args.size === 0) return '';
  const said = [...state.args].map(([key, value]) => `${key}=${state.env.get(key) ?? value ?? ''} `).join('');
  return `|${state.args.size} ${said}`;
}

function runEnv(state: StageState): string[] {
  return [...state.env].map(([key, value]) => `${key}=${value}`);
}

/** Given as build arguments in either case, these reach every RUN in both, undeclared, and are no part of the result. */
function proxyEnv(scope: StepScope, state: StageState): string[] {
  const { buildArgs } = scope.options;
  return PROXIES.flatMap((name) => {
    const lower = name.toLowerCase();
    const value = buildArgs[name] ?? buildArgs[lower];
    if (value === undefined) return [];
    return [name, lower].filter((one) => !state.env.has(one)).map((one) => `${one}=${value}`);
  });
}

function limits(scope: StepScope, step: Run): unknown {
  const { options } = scope;
  const { network, extraHosts, shmBytes, ulimits } = options;
  const own = options.buildArgs[HOSTNAME_ARG];
  return [step.network ?? network, step.security, extraHosts, shmBytes ?? 0, ulimits, ...(own ? [own] : [])];
}

async function execute(
  scope: StepScope,
  state: StageState,
  { step, command, mounts }: { step: Run; command: Command; mounts: PreparedMounts },
  tools: LayerTools,
): Promise<NewLayer> {
  const why = await cannotRun(state.platform, scope.workshop.platform);
  if (why !== undefined) throw new DockerfileError(why, step);
  checkEntitled(step, scope.options);
  const output = new OutputText(tools.say);
  const opened = [...(await mounts.open()), ...(await mounts.script(command.script))];
  return withRoot(scope.workshop, chainOf(state), async (root, key) => {
    const { snapshots, runStep } = scope.workshop.tools;
    const { exitCode } = await runStep({
      ...surroundings(scope, state, step),
      root,
      args: command.args,
      env: [...runEnv(state), ...proxyEnv(scope, state), ...mounts.env],
      mounts: opened,
      tmpfs: mounts.tmpfs,
      onContainer: (container) => tools.say({ container }),
      onOutput: (chunk, stream) => output.add(chunk, stream),
      signal: tools.signal,
    }).catch((error) => {
      throw notBegun(error, command);
    });
    tools.signal.throwIfAborted();
    output.end();
    if (exitCode !== 0) throw new RunFailed(command.args, exitCode, output.lastLines());
    await removeStubs(root, [...mounts.targets, ...(command.script === undefined ? [] : [SCRIPT_FOLDER])]);
    const clamp = clampOf(scope.options);
    if (clamp !== undefined) await clampTimes(root.upper, clamp);
    return tools.add(snapshots.diffTar(key, chainOf(state)), root.upper);
  });
}

/** A process that could not be started is named, as BuildKit does. */
function notBegun(error: unknown, { args }: Command): unknown {
  if (!(error instanceof EngineError)) return error;
  const sentence = `process ${JSON.stringify(args.join(' '))} did not complete successfully: ${error.message}`;
  return new EngineError(error.kind, sentence, { cause: error });
}

/** BuildKit's name for the machine that a step sees, and the build argument that gives another. */
const HOSTNAME_ARG = 'BUILDKIT_SANDBOX_HOSTNAME';
const hostname = ({ buildArgs }: Pick<StepScope['options'], 'buildArgs'>) =>
  buildArgs[HOSTNAME_ARG] || 'buildkitsandbox';

function surroundings({ options }: StepScope, state: StageState, step: Run) {
  return {
    hostname: hostname(options),
    cwd: workingDirectory(state),
    user: state.config.User ?? '',
    network: step.network ?? (options.network || 'default'),
    extraHosts: options.extraHosts,
    ...(options.shmBytes === undefined ? {} : { shmBytes: options.shmBytes }),
    ulimits: options.ulimits,
    ...(options.cgroupParent ? { cgroupParent: options.cgroupParent } : {}),
    privileged: step.security === 'insecure',
  };
}

const KEPT_LINES = 20;

/** Bytes → text, a character never cut; remembers the last lines. */
class OutputText {
  private readonly decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };
  private tail = '';

  constructor(private readonly say: (output: Output) => void) {}

  add(chunk: Uint8Array, stream: Output['stream']): void {
    this.pass(this.decoders[stream].write(Buffer.from(chunk)), stream);
  }

  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) this.pass(this.decoders[stream].end(), stream);
  }

  lastLines(): string[] {
    return this.tail
      .replace(/\n$/, '')
      .split('\n')
      .filter((line, _, all) => line !== '' || all.length > 1)
      .slice(-KEPT_LINES);
  }

  private pass(text: string, stream: Output['stream']): void {
    if (text === '') return;
    this.say({ stream, text });
    this.tail = (this.tail + text)
      .split('\n')
      .slice(-KEPT_LINES - 1)
      .join('\n');
  }
}
