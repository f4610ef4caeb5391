/** Steps that change nothing but the image's configuration. Pure: state and expanded instruction in, state out. */
import { posix } from 'node:path';
import { processWords } from '../expand/expand.js';
import { expandAt } from '../graph/graph.js';
import type { Arg, CommandForm, Instruction, Of } from '../instructions/types.js';
import { DockerfileError } from '../parse/errors.js';
import { quoteHealth, quoteList, withMetadataHistory } from './history.js';
import { portKeys } from './ports.js';
import { isSignal } from './signals.js';
import { type StageState, shellOf, withEnv, workingDirectory } from './state.js';

export interface ConfigContext {
  readonly escapeToken: string;
  readonly buildArgs: Readonly<Record<string, string | undefined>>;
  /** ARGs before the first FROM and the platform family; a bare `ARG NAME` takes their values. */
  readonly globals: (name: string) => string | undefined;
}

type ConfigKind =
  | 'env' | 'label' | 'arg' | 'user' | 'expose' | 'volume' | 'cmd' | 'entrypoint' | 'shell'
  | 'healthcheck' | 'stopsignal' | 'onbuild' | 'maintainer'; // biome-ignore format: one list

export type ConfigInstruction = Extract<Instruction, { kind: ConfigKind }>;

type Step<K extends ConfigKind> = (state: StageState, step: Of<K>, context: ConfigContext) => StageState;

const STEPS: { readonly [K in Exclude<ConfigKind, 'cmd' | 'entrypoint'>]: Step<K> } = {
  env: (state, { pairs, ...at }, context) => {
    const expanded = pairs.map(
      ({ key, value }) => [expand(key, state, at, context), expand(value, state, at, context)] as const,
    );
    const env = new Map([...state.env, ...expanded]);
    const lines = expanded.reduce((all, [key, value]) => withEnv(all, key, value), [...(state.config.Env ?? [])]);
    const said = expanded.map(([key, value]) => ` ${key}=${value}`).join('');
    return withMetadataHistory({ ...state, env, config: { ...state.config, Env: lines } }, `ENV${said}`);
  },
  label: (state, { pairs, ...at }, context) => {
    const expanded = pairs.map(
      ({ key, value }) => [expand(key, state, at, context), expand(value, state, at, context)] as const,
    );
    const labels = { ...state.config.Labels, ...Object.fromEntries(expanded) };
    const said = expanded.map(([key, value]) => ` ${key}=${value}`).join('');
    return withMetadataHistory({ ...state, config: { ...state.config, Labels: labels } }, `LABEL${said}`);
  },
  arg: declareArgs,
  user: (state, step, context) => {
    const user = expand(step.user, state, step, context);
    return withMetadataHistory({ ...state, config: { ...state.config, User: user } }, `USER ${user}`);
  },
  expose: (state, step, context) => {
    const words = step.ports.flatMap((port) => expandWords(port, state, step, context));
    const keys = attempt(step, () => words.flatMap(portKeys));
    const ports = { ...state.config.ExposedPorts, ...Object.fromEntries(keys.map((key) => [key, {}])) };
    return withMetadataHistory(
      { ...state, config: { ...state.config, ExposedPorts: ports } },
      `EXPOSE [${keys.join(' ')}]`,
    );
  },
  volume: (state, step, context) => {
    const paths = step.paths.map((path) => expand(path, state, step, context));
    const volumes = { ...state.config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) };
    return withMetadataHistory(
      { ...state, config: { ...state.config, Volumes: volumes } },
      `VOLUME [${paths.join(' ')}]`,
    );
  },
  shell: (state, { args }) =>
    withMetadataHistory({ ...state, config: { ...state.config, Shell: args } }, `SHELL [${args.join(' ')}]`),
  healthcheck: (state, { health, command }) => {
    const test = command === undefined ? health.Test : healthTest(command);
    const config = { ...health, ...(test === undefined ? {} : { Test: test }) };
    const next = { ...state, config: { ...state.config, Healthcheck: config } };
    return withMetadataHistory(next, `HEALTHCHECK ${quoteHealth(config)}`);
  },
  stopsignal: (state, step, context) => {
    const signal = expand(step.signal, state, step, context);
    if (!isSignal(signal)) throw new DockerfileError(`invalid signal: ${signal}`, step);
    return withMetadataHistory({ ...state, config: { ...state.config, StopSignal: signal } }, `STOPSIGNAL ${signal}`);
  },
  onbuild: (state, { trigger }) => ({
    ...state,
    config: { ...state.config, OnBuild: [...(state.config.OnBuild ?? []), trigger] },
  }),
  maintainer: (state, { author }) => withMetadataHistory({ ...state, author }, `MAINTAINER ${author}`),
};

/** Throws DockerfileError for an expansion or a value that is wrong. */
export function applyConfigStep(state: StageState, step: ConfigInstruction, context: ConfigContext): StageState {
  if (step.kind === 'cmd' || step.kind === 'entrypoint') return setCommand(state, step);
  const apply = STEPS[step.kind] as (state: StageState, step: ConfigInstruction, context: ConfigContext) => StageState;
  return apply(state, step, context);
}

function setCommand(state: StageState, { kind, command }: Of<'cmd' | 'entrypoint'>): StageState {
  const args = commandArgs(state, command);
  if (kind === 'cmd') {
    const { Cmd: _, ...rest } = state.config;
    const config = { ...rest, ...(args.length > 0 ? { Cmd: args } : {}), ArgsEscaped: true };
    return withMetadataHistory({ ...state, cmdSet: true, config }, `CMD ${quoteList(args)}`);
  }
  const { Cmd: cmd, ...config } = state.config;
  const kept = state.cmdSet && cmd !== undefined ? { Cmd: cmd } : {};
  return withMetadataHistory(
    { ...state, config: { ...withoutEntrypoint(config), ...kept, ...(args.length > 0 ? { Entrypoint: args } : {}) } },
    `ENTRYPOINT ${quoteList(args)}`,
  );
}

function withoutEntrypoint({ Entrypoint: _, ...config }: StageState['config']): StageState['config'] {
  return config;
}

/** What is executed: the shell form goes through the stage's SHELL. */
export function commandArgs(state: StageState, command: CommandForm): readonly string[] {
  return command.form === 'exec' ? command.args : [...shellOf(state), command.text];
}

function healthTest(command: CommandForm): string[] {
  return command.form === 'exec' ? ['CMD', ...command.args] : ['CMD-SHELL', command.text];
}

function declareArgs(state: StageState, step: Arg, context: ConfigContext): StageState {
  let next = state;
  const said: string[] = [];
  for (const arg of step.args) {
    const key = expand(arg.key, next, step, context);
    const given = Object.hasOwn(context.buildArgs, key) ? context.buildArgs[key] : undefined;
    const written = arg.value === undefined ? undefined : expand(arg.value, next, step, context);
    const value = given ?? written ?? context.globals(key);
    const env = value === undefined ? next.env : new Map([...next.env, [key, value] as const]);
    next = { ...next, env, args: new Map([...next.args, [key, value] as const]) };
    said.push(value === undefined ? key : `${key}=${value}`);
  }
  return withMetadataHistory(next, `ARG ${said.join(' ')}`);
}

export function expand(
  text: string,
  state: StageState,
  at: Instruction | Omit<Instruction, 'kind'>,
  context: { readonly escapeToken: string },
): string {
  return expandAt(text, (name) => state.env.get(name), context.escapeToken, at);
}

function expandWords(text: string, state: StageState, at: Instruction, context: ConfigContext): string[] {
  return attempt(at, () => processWords(text, (name) => state.env.get(name), { escapeToken: context.escapeToken }));
}

function attempt<T>(at: Instruction, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new DockerfileError((cause as Error).message, at);
  }
}

/** Absolute, relative to the working directory; a closing slash stays. */
export function absolutePath(state: StageState, path: string): string {
  const joined = posix.join('/', path.startsWith('/') ? '' : workingDirectory(state), path);
  const folder = path === '.' || path === '' || path.endsWith('/') || path.endsWith('/.');
  return folder && !joined.endsWith('/') ? `${joined}/` : joined;
}
