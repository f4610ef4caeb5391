import type { HealthConfig } from '../../images/types.js';
import type { SourceInstruction } from '../parse/ast.js';
import { base } from './base.js';
import { commandForm } from './config.js';
import { parseDurationNs } from './durations.js';
import { Flags } from './flags.js';
import type { Healthcheck } from './types.js';

const MILLISECOND_NS = 1e6;

export function parseHealthcheck(source: SourceInstruction): Healthcheck {
  const flags = new Flags(source.flags, {
    interval: 'text',
    timeout: 'text',
    'start-period': 'text',
    'start-interval': 'text',
    retries: 'text',
  });
  const match = /^(\S+)\s*([\s\S]*)$/.exec(source.rest.trim());
  if (match === null) throw new Error('HEALTHCHECK requires at least one argument');
  const type = match[1]!.toUpperCase();
  const rest = match[2]!;
  if (type === 'NONE') {
    if (rest !== '') throw new Error('HEALTHCHECK NONE takes no arguments');
    return { ...base(source), kind: 'healthcheck', health: { Test: ['NONE'] }, command: undefined };
  }
  if (type !== 'CMD') throw new Error(`Unknown type "${type}" in HEALTHCHECK (try CMD)`);
  const command = commandForm(rest);
  if (command.form === 'exec' ? command.args.length === 0 : command.text === '') {
    throw new Error('missing command after HEALTHCHECK CMD');
  }
  return { ...base(source), kind: 'healthcheck', health: timing(flags), command };
}

function timing(flags: Flags): HealthConfig {
  return {
    ...duration(flags, 'interval', 'Interval'),
    ...duration(flags, 'timeout', 'Timeout'),
    ...duration(flags, 'start-period', 'StartPeriod'),
    ...duration(flags, 'start-interval', 'StartInterval'),
    ...retries(flags),
  };
}

function duration(flags: Flags, flag: string, field: keyof HealthConfig): HealthConfig {
  const text = flags.text(flag);
  if (text === undefined) return {};
  const ns = parseDurationNs(text);
  if (ns > 0 && ns < MILLISECOND_NS) throw new Error(`Interval "${flag}" cannot be less than 1ms`);
  return ns === 0 ? {} : { [field]: ns };
}

function retries(flags: Flags): HealthConfig {
  const text = flags.text('retries');
  if (text === undefined) return {};
  if (/^-\d+$/.test(text)) throw new Error(`--retries cannot be negative (${text})`);
  if (!/^\d+$/.test(text)) throw new Error(`--retries must be at least 0 (not ${text})`);
  return Number(text) === 0 ? {} : { Retries: Number(text) };
}
