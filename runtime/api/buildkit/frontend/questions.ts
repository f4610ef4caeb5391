/** Questions that clients ask about a Dockerfile in place of building it (`--check`, `--call`). */
import type { BuildPlan } from '../../../engine/build-plan.js';
import { sourceDetail } from '../control/failure.js';
import { codes, GrpcError } from '../grpc/status.js';
import { warningParts } from './warnings.js';

interface Dockerfile {
  readonly name: string;
  readonly text: string;
}

interface Reply {
  readonly json: unknown;
  /** For clients that only show text. */
  readonly text: string;
  readonly statusCode?: number;
}

type Answer = (plan: BuildPlan, dockerfile: Dockerfile) => Reply;

const answers: Readonly<Record<string, { readonly description: string; readonly answer: Answer }>> = {
  'frontend.outline': { description: 'List all parameters current build target supports', answer: outline },
  'frontend.targets': { description: 'List all targets current build supports', answer: targets },
  'frontend.lint': { description: 'Lint a Dockerfile', answer: lint },
  'frontend.subrequests.describe': { description: 'List available subrequest types', answer: describe },
};

const version = '1.0.0';

/** As the result's metadata. Throws for a question that is not known. */
export function answerQuestion(question: string, plan: BuildPlan, dockerfile: Dockerfile): Record<string, Uint8Array> {
  const known = answers[question];
  if (!known) throw new GrpcError(codes.unimplemented, `unsupported request ${question}`);
  const { json, text, statusCode } = known.answer(plan, dockerfile);
  return {
    'result.json': Buffer.from(JSON.stringify(json, undefined, 2)),
    'result.txt': Buffer.from(text),
    version: Buffer.from(version),
    ...(statusCode === undefined ? {} : { 'result.statuscode': Buffer.from(String(statusCode)) }),
  };
}

const location = (line: number) => ({ location: { ranges: [{ start: { line }, end: { line } }] } });

/** Columns as Go's tabwriter aligns them, three blanks apart. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]! + 3))).join(''),
  );
  return `${lines.join('\n')}\n`;
}

function targets({ all, target }: BuildPlan, { text }: Dockerfile): Reply {
  const list = all.map(({ name, base, line, index }) => ({
    ...(name === undefined ? {} : { name }),
    ...(index === all.length - 1 ? { default: true } : {}),
    base,
    ...location(line),
  }));
  const rows = list.map(({ name, default: last }) => [
    [name, last ? '(default)' : undefined].filter(Boolean).join(' '),
    '',
  ]);
  return {
    json: { targets: list, sources: [Buffer.from(text).toString('base64')] },
    text: table([['TARGET', 'DESCRIPTION'], ...rows]),
    ...(target === undefined ? { statusCode: 1 } : {}),
  };
}

function outline({ parameters, target }: BuildPlan, { text }: Dockerfile): Reply {
  const of = (kind: string) => parameters.filter((one) => one.kind === kind);
  const args = of('arg').map(({ name, value, line }) => ({
    name,
    ...(value === undefined ? {} : { value }),
    ...location(line),
  }));
  const mounts = (kind: string) =>
    of(kind).map(({ name, required, line }) => ({ name, ...(required ? { required } : {}), ...location(line) }));
  const [secrets, ssh] = [mounts('secret'), mounts('ssh')];
  const mountTable = (title: string, list: typeof secrets) =>
    list.length === 0
      ? []
      : [table([[title, 'REQUIRED'], ...list.map(({ name, required }) => [name, required ? 'true' : ''])])];
  return {
    json: {
      ...(target.name === undefined ? {} : { name: target.name }),
      ...(args.length > 0 ? { args } : {}),
      ...(secrets.length > 0 ? { secrets } : {}),
      ...(ssh.length > 0 ? { ssh } : {}),
      sources: [Buffer.from(text).toString('base64')],
    },
    text: [
      ...(args.length === 0
        ? []
        : [table([['BUILD ARG', 'VALUE', 'DESCRIPTION'], ...args.map(({ name, value = '' }) => [name, value, ''])])]),
      ...mountTable('SECRET', secrets),
      ...mountTable('SSH', ssh),
    ].join('\n'),
  };
}

function lint({ warnings }: BuildPlan, dockerfile: Dockerfile): Reply {
  const list = warnings.map((warning) => {
    const { rule, description, url, detail } = warningParts(warning);
    return {
      ruleName: rule,
      description,
      url: url || undefined,
      detail,
      ...(warning.line === undefined ? {} : location(warning.line)),
    };
  });
  const text = list.map(({ ruleName, url, detail }, place) => {
    const { line } = warnings[place]!;
    return `\nWARNING: ${ruleName}${url ? ` - ${url}` : ''}\n${detail}\n${line === undefined ? '' : `${dockerfile.name}:${line}\n`}`;
  });
  const { info } = sourceDetail(dockerfile, { line: 1, endLine: 1 });
  return {
    json: { ...(list.length > 0 ? { warnings: list } : {}), sources: [info] },
    text: text.join(''),
    statusCode: list.length > 0 ? 1 : 0,
  };
}

function describe(): Reply {
  const list = Object.entries(answers).map(([name, { description }]) => ({
    Name: name,
    Version: version,
    Type: 'rpc',
    Description: description,
    Opts: null,
    Inputs: null,
    Metadata: [{ Name: 'result.json' }, { Name: 'result.txt' }],
    Refs: null,
  }));
  const rows = list.map(({ Name, Description }) => [Name.replace(/^frontend\./, ''), version, Description]);
  return { json: list, text: table([['NAME', 'VERSION', 'DESCRIPTION'], ...rows]) };
}
