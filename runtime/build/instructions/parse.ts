/** SourceInstruction → typed Instruction. Every instruction and flag of the Dockerfile reference; pure. */
import type { SourceInstruction } from '../parse/ast.js';
import { DockerfileError, parseError, SyntaxMistake } from '../parse/errors.js';
import { didYouMean } from '../parse/suggest.js';
import { plainWords, quotedWords } from '../parse/words.js';
import { base, type ParseContext, plain } from './base.js';
import {
  parseCommand,
  parseEnv,
  parseExpose,
  parseLabel,
  parseMaintainer,
  parseShell,
  parseVolume,
  single,
} from './config.js';
import { parseCopy } from './copy.js';
import { Flags } from './flags.js';
import { parseHealthcheck } from './health.js';
import { parseRun } from './run.js';
import type { From, Instruction, OnBuild } from './types.js';

type Parser = (source: SourceInstruction, context: ParseContext) => Instruction;

const PARSERS: Readonly<Record<string, Parser>> = {
  from: parseFrom,
  run: parseRun,
  copy: parseCopy,
  add: parseCopy,
  env: parseEnv,
  label: parseLabel,
  arg: parseArg,
  workdir: (source) => ({ ...plain(source), kind: 'workdir', path: single(source) }),
  user: (source) => ({ ...plain(source), kind: 'user', user: single(source) }),
  expose: parseExpose,
  volume: parseVolume,
  cmd: (source) => parseCommand(source, 'cmd'),
  entrypoint: (source) => parseCommand(source, 'entrypoint'),
  shell: parseShell,
  healthcheck: parseHealthcheck,
  stopsignal: (source) => ({ ...plain(source), kind: 'stopsignal', signal: single(source) }),
  onbuild: parseOnBuild,
  maintainer: parseMaintainer,
};

/** Throws DockerfileError with BuildKit's words. */
export function parseInstruction(source: SourceInstruction, context: ParseContext): Instruction {
  const keyword = source.keyword.toLowerCase();
  const parser = Object.hasOwn(PARSERS, keyword) ? PARSERS[keyword] : undefined;
  if (parser === undefined) {
    const names = Object.keys(PARSERS).map((name) => name.toUpperCase());
    throw parseError(`unknown instruction: ${source.keyword}${didYouMean(source.keyword, names)}`, source);
  }
  try {
    return parser(source, context);
  } catch (error) {
    if (error instanceof SyntaxMistake) throw new DockerfileError(error.message, source, { cause: error });
    if (error instanceof Error && error.name === 'Error') throw parseError(error.message, source);
    throw error;
  }
}

function parseFrom(source: SourceInstruction): From {
  const flags = new Flags(source.flags, { platform: 'text' });
  const [image, as, name, ...rest] = plainWords(source.rest);
  if (
    image === undefined ||
    rest.length > 0 ||
    (as !== undefined && (name === undefined || as.toLowerCase() !== 'as'))
  ) {
    throw new Error('FROM requires either one or three arguments');
  }
  if (name !== undefined && !/^[a-z][a-z0-9-_.]*$/.test(name.toLowerCase())) {
    throw new Error(`invalid name for build stage: "${name}", name can't start with a number or contain symbols`);
  }
  return { ...base(source), kind: 'from', image, name: name?.toLowerCase(), platform: flags.text('platform') };
}

function parseArg(source: SourceInstruction, context: ParseContext): Instruction {
  const words = quotedWords(source.rest, context.escapeToken);
  if (words.length === 0) throw new Error('ARG requires at least one argument');
  const args = words.map((word) => {
    const at = word.indexOf('=');
    const key = at < 0 ? word : word.slice(0, at);
    if (key === '') throw new Error('ARG names can not be blank');
    return { key, value: at < 0 ? undefined : word.slice(at + 1) };
  });
  return { ...plain(source), kind: 'arg', args };
}

/** What the trigger says is checked when it fires, as BuildKit does. */
function parseOnBuild(source: SourceInstruction): OnBuild {
  const text = source.text.slice(source.keyword.length).trim();
  if (text === '') throw new Error('ONBUILD requires at least one argument');
  const inner = text.split(/\s+/, 1)[0]!.toUpperCase();
  if (inner === 'ONBUILD') throw new Error("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (inner === 'MAINTAINER' || inner === 'FROM') throw new Error(`${inner} isn't allowed as an ONBUILD trigger`);
  const bodies = source.heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`).join('');
  const trigger = text + bodies;
  return { ...plain({ ...source, flags: [] }), kind: 'onbuild', trigger };
}
