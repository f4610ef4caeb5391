import { posix } from 'node:path';
import type { ConfigContext, ConfigInstruction } from '../build/solve/config-steps.js';
import type { StageState } from '../build/solve/state.js';
import { EngineError } from '../errors.js';
import type { ImageConfig, Platform } from '../images/types.js';

const allowed = new Set([
  'cmd',
  'entrypoint',
  'env',
  'expose',
  'healthcheck',
  'label',
  'onbuild',
  'stopsignal',
  'user',
  'volume',
  'workdir',
]);

/**
 * Dockerfile instructions on a configuration, as `commit --change` and `import --change` take them.
 * Throws `invalid` for one that cannot be read or that does more than change the configuration.
 */
export async function applyChanges(
  config: ImageConfig,
  changes: readonly string[],
  platform: Platform,
): Promise<ImageConfig> {
  const texts = changes.filter((text) => text.trim() !== '');
  if (texts.length === 0) return config;
  const [{ parseInstruction }, { lexDockerfile }, { applyConfigStep }, { scratchState }] = await Promise.all([
    import('../build/instructions/parse.js'),
    import('../build/parse/lex.js'),
    import('../build/solve/config-steps.js'),
    import('../build/solve/state.js'),
  ]);
  try {
    let state: StageState = { ...scratchState(platform), config, env: envOf(config) };
    for (const source of texts.flatMap((text) => lexDockerfile(text).instructions)) {
      const keyword = source.keyword.toLowerCase();
      if (!allowed.has(keyword)) throw new EngineError('invalid', `${source.keyword} is not a valid change command`);
      const instruction = parseInstruction(source, { escapeToken: '\\' });
      state =
        instruction.kind === 'workdir'
          ? { ...state, config: inFolder(state.config, instruction.path) }
          : applyConfigStep(state, instruction as ConfigInstruction, noVariables);
    }
    return withoutEscapes(state.config, config);
  } catch (error) {
    throw error instanceof EngineError ? error : new EngineError('invalid', (error as Error).message, { cause: error });
  }
}

/** `ArgsEscaped` is BuildKit's mark; what a change made has none. */
function withoutEscapes({ ArgsEscaped: _, ...config }: ImageConfig, before: ImageConfig): ImageConfig {
  return before.ArgsEscaped ? { ...config, ArgsEscaped: true } : config;
}

const noVariables: ConfigContext = { escapeToken: '\\', buildArgs: {}, globals: () => undefined };

function inFolder(config: ImageConfig, path: string): ImageConfig {
  return { ...config, WorkingDir: posix.resolve('/', config.WorkingDir || '/', path) };
}

function envOf(config: ImageConfig): Map<string, string> {
  return new Map(
    (config.Env ?? []).map((line) => {
      const at = line.indexOf('=');
      return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}
