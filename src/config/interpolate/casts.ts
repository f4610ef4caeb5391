/** Text that stands where a number or a boolean is meant: `"${REPLICAS}"` becomes one after interpolation. */
import { type Rules, rulesFrom } from '../tree/rules.js';

/** The typed value, or why there is none. */
export type Cast = (text: string, warn: (sentence: string) => void) => number | bigint | boolean | CastFailure;

export interface CastFailure {
  /** What was expected, for a sentence: `a whole number`. */
  readonly expected: string;
}

export const isFailure = (value: unknown): value is CastFailure => typeof value === 'object' && value !== null;

const TRUE: ReadonlySet<string> = new Set(['true', 'y', 'yes', 'on']);
const FALSE: ReadonlySet<string> = new Set(['false', 'n', 'no', 'off']);

/** Booleans in every spelling of YAML 1.1; all but two of them get a warning. */
const toBoolean: Cast = (text, warn) => {
  const word = text.toLowerCase();
  if (!TRUE.has(word) && !FALSE.has(word)) return { expected: 'true or false' };
  const value = TRUE.has(word);
  if (word !== 'true' && word !== 'false') warn(`"${text}" is not a boolean in YAML 1.2; write ${value}.`);
  return value;
};

const toInteger: Cast = (text) => {
  if (!/^[-+]?\d+$/.test(text)) return { expected: 'a whole number' };
  const value = BigInt(text.replace('+', ''));
  if (value >= 2n ** 63n || value < -(2n ** 63n)) return { expected: 'a whole number of at most 64 bits' };
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
};

const toFloat: Cast = (text) => {
  if (/^[-+]?(inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^[-+]?nan$/i.test(text)) return Number.NaN;
  return /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(text) ? Number(text) : { expected: 'a number' };
};

const service = (casts: Readonly<Record<string, Cast>>): Record<string, Cast> =>
  Object.fromEntries(Object.entries(casts).map(([path, cast]) => [`services.*.${path}`, cast]));

/** Built once a load. */
export const castRules = (): Rules<Cast> =>
  rulesFrom({
    ...service({
      cpu_count: toInteger,
      cpu_percent: toFloat,
      cpu_period: toInteger,
      cpu_quota: toInteger,
      cpu_rt_period: toInteger,
      cpu_rt_runtime: toInteger,
      cpu_shares: toInteger,
      cpus: toFloat,
      'depends_on.*.required': toBoolean,
      'depends_on.*.restart': toBoolean,
      'deploy.placement.max_replicas_per_node': toInteger,
      'deploy.replicas': toInteger,
      'deploy.restart_policy.max_attempts': toInteger,
      'deploy.rollback_config.max_failure_ratio': toFloat,
      'deploy.rollback_config.parallelism': toInteger,
      'deploy.update_config.max_failure_ratio': toFloat,
      'deploy.update_config.parallelism': toInteger,
      'healthcheck.disable': toBoolean,
      'healthcheck.retries': toInteger,
      init: toBoolean,
      oom_kill_disable: toBoolean,
      oom_score_adj: toInteger,
      pids_limit: toInteger,
      'ports.[].target': toInteger,
      privileged: toBoolean,
      read_only: toBoolean,
      scale: toInteger,
      stdin_open: toBoolean,
      tty: toBoolean,
      'ulimits.*': toInteger,
      'ulimits.*.hard': toInteger,
      'ulimits.*.soft': toInteger,
      'volumes.[].read_only': toBoolean,
      'volumes.[].volume.nocopy': toBoolean,
    }),
    'networks.*.attachable': toBoolean,
    'networks.*.enable_ipv4': toBoolean,
    'networks.*.enable_ipv6': toBoolean,
    'networks.*.external': toBoolean,
    'networks.*.internal': toBoolean,
    'volumes.*.external': toBoolean,
    'secrets.*.external': toBoolean,
    'configs.*.external': toBoolean,
  });
