/** Whether an image's configuration has the types that everything which reads it takes for granted: images are foreign. */
import { EngineError } from '../errors.js';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number';
const isObject: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const areTexts: Check = (value) => Array.isArray(value) && value.every(isText);
const areLabels: Check = (value) => isObject(value) && Object.values(value as object).every(isText);
const isHistory: Check = (value) => Array.isArray(value) && value.every(isObject);

const HEALTH_CHECKS: Readonly<Record<string, Check>> = {
  Test: areTexts,
  Interval: isNumber,
  Timeout: isNumber,
  StartPeriod: isNumber,
  StartInterval: isNumber,
  Retries: isNumber,
};

const isHealthCheck: Check = (value) => isObject(value) && wrongField(value as object, HEALTH_CHECKS) === undefined;

const CONFIG: Readonly<Record<string, Check>> = {
  User: isText,
  WorkingDir: isText,
  StopSignal: isText,
  Env: areTexts,
  Cmd: areTexts,
  Entrypoint: areTexts,
  Shell: areTexts,
  OnBuild: areTexts,
  Labels: areLabels,
  ExposedPorts: isObject,
  Volumes: isObject,
  Healthcheck: isHealthCheck,
  StopTimeout: isNumber,
};

const DOCUMENT: Readonly<Record<string, Check>> = {
  architecture: isText,
  variant: isText,
  author: isText,
  comment: isText,
  created: isText,
  config: isObject,
  history: isHistory,
};

/** What is missing or null is fine, as for Go. Throws `invalid` with the name of the field that is not. */
export function checkConfigShape(document: Readonly<Record<string, unknown>>): void {
  const wrong = wrongField(document, DOCUMENT) ?? inConfig(document.config);
  if (wrong !== undefined)
    throw new EngineError('invalid', `invalid image configuration: ${wrong} is not of the type that it has to be`);
}

function inConfig(config: unknown): string | undefined {
  const wrong = isObject(config) ? wrongField(config as object, CONFIG) : undefined;
  return wrong && `config.${wrong}`;
}

function wrongField(value: object, checks: Readonly<Record<string, Check>>): string | undefined {
  return Object.keys(checks).find((key) => {
    const held = (value as Record<string, unknown>)[key];
    return held !== undefined && held !== null && !checks[key]!(held);
  });
}
