import type { SourceInstruction } from '../parse/ast.js';
import { base } from './base.js';
import { commandForm } from './config.js';
import { Flags } from './flags.js';
import { readMount } from './mount.js';
import type { Run } from './types.js';

export function parseRun(source: SourceInstruction): Run {
  const flags = new Flags(source.flags, { mount: 'list', network: 'text', security: 'text', device: 'list' });
  const network = flags.text('network');
  const security = flags.text('security') ?? 'sandbox';
  if (network !== undefined && network !== 'default' && network !== 'none' && network !== 'host') {
    throw new Error(`invalid network mode ${JSON.stringify(network)}`);
  }
  if (security !== 'sandbox' && security !== 'insecure') throw new Error(`security "${security}" is not valid`);
  if (flags.has('device')) throw new Error('RUN --device is not supported by this engine');
  const command = commandForm(source.rest);
  const mounts = flags.list('mount').map(readMount);
  return { ...base(source), kind: 'run', command, heredocs: source.heredocs, mounts, network, security };
}
