/** `init`: writes a devenv.yml for the repository that it stands in, or a template. Nothing that is there is touched. */
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import readline from 'node:readline/promises';
import { nearest } from '../../config/validate/suggest.js';
import { UserError } from '../../errors.js';
import { schemaText } from '../config.js';
import { ask } from '../questions.js';
import type { Session } from '../session.js';
import type { InitDraft, ServiceDraft } from './draft.js';
import { renderConfig, secretsOf } from './render.js';
import { openRepo } from './repo.js';
import { type Source, serviceName, sourcesIn } from './sources.js';

export interface InitRequest {
  readonly folder: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly template: string | undefined;
  /** Of the package: templates are below it. */
  readonly root: string;
}

export async function init(session: Session, request: InitRequest): Promise<void> {
  const folder = path.resolve(session.world.cwd, request.folder);
  refuseToOverwrite(folder);
  if (request.template !== undefined) return copyTemplate(session, folder, request);
  const name = serviceName(path.basename(folder));
  const source = await chooseSource(session, sourcesIn(openRepo(folder), name), request);
  const draft = await askForPorts(session, source.draft(), request);
  await write(session, folder, filesOf(name, draft), request.dryRun);
  for (const note of draft.notes) await session.terminal.status(`${note}\n`);
  if (!request.dryRun) await session.terminal.status(`Made from ${draft.from}. Next: devenv up\n`);
}

const ownNames = ['devenv.yml', 'devenv.yaml'];

function refuseToOverwrite(folder: string): void {
  const there = ownNames.find((name) => existsSync(path.join(folder, name)));
  if (there === undefined) return;
  throw new UserError('already-there', `${path.join(folder, there)} is there already, and init overwrites nothing.`, [
    'devenv up uses it; move it away to begin anew.',
  ]);
}

async function chooseSource(session: Session, sources: readonly Source[], request: InitRequest): Promise<Source> {
  const [first] = sources;
  if (first === undefined) {
    throw new UserError('nothing-found', 'There is nothing here that tells what to run.', [
      `Begin with a template: devenv init --template NAME; names: ${templateNames(request.root).join(', ')}.`,
      'Known are Compose files, devcontainer.json, Procfile, Dockerfile, package.json, requirements.txt, pyproject.toml, Gemfile, go.mod, Cargo.toml, pom.xml, build.gradle and composer.json.',
    ]);
  }
  if (request.yes) return first;
  for (const source of sources.slice(0, -1)) {
    if (await ask(session, `Make devenv.yml from ${source.name}?`, true)) return source;
  }
  return sources.at(-1)!;
}

/** The port of a program is a guess. */
async function askForPorts(session: Session, draft: InitDraft, { yes }: InitRequest): Promise<InitDraft> {
  const { stdin, stderr } = session.world;
  if (yes || !stdin.isTTY || !stderr.isTTY) return draft;
  const services: ServiceDraft[] = [];
  for (const service of draft.services) {
    services.push(
      service.port === undefined ? service : { ...service, port: await askPort(session, service.name, service.port) },
    );
  }
  return { ...draft, services };
}

async function askPort({ world }: Session, service: string, guess: number): Promise<number | undefined> {
  const reader = readline.createInterface({ input: world.stdin, output: world.stderr });
  try {
    for (;;) {
      const answer = (await reader.question(`Port that ${service} listens on ("none" for none) [${guess}]: `)).trim();
      if (answer === '') return guess;
      if (answer === 'none') return undefined;
      if (/^\d{1,5}$/.test(answer) && Number(answer) > 0 && Number(answer) < 65_536) return Number(answer);
    }
  } finally {
    reader.close();
  }
}

function filesOf(name: string, draft: InitDraft): Record<string, string> {
  const secrets = Object.entries(secretsOf(draft)).map(([key, value]) => `${key}=${value}\n`);
  return {
    'devenv.yml': renderConfig(name, draft),
    ...draft.files,
    ...(secrets.length ? { '.env': `# Values for this laptop. Production gives its own.\n${secrets.join('')}` } : {}),
    '.devenv/schema.json': schemaText(),
  };
}

async function write(
  session: Session,
  folder: string,
  files: Readonly<Record<string, string>>,
  dryRun: boolean,
): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    if (dryRun) {
      if (name !== '.devenv/schema.json') await session.terminal.data(`# ${name}\n${text}\n`);
      continue;
    }
    if (existsSync(file)) {
      await session.terminal.status(
        `${name} is there already and stays as it is${name === '.env' ? `; it needs:\n${text.replace(/^#.*\n/, '')}` : '.'}\n`,
      );
      continue;
    }
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: 'wx' });
    await session.terminal.status(`${name} written\n`);
  }
}

const templateNames = (root: string): string[] => readdirSync(path.join(root, 'templates')).sort();

/** Names and first lines, for `--list`. */
export const listTemplates = (session: Session, root: string): Promise<void> =>
  session.terminal.data(
    templateNames(root)
      .map((name) => `${name}\n`)
      .join(''),
  );

async function copyTemplate(session: Session, folder: string, { template, root, dryRun }: InitRequest): Promise<void> {
  const names = templateNames(root);
  const name = template!;
  if (!names.includes(name)) {
    const near = nearest(name, names);
    throw new UserError('unknown-template', `There is no template "${name}".`, [
      near ? `Did you mean "${near}"?` : `Templates: ${names.join(', ')}.`,
    ]);
  }
  const from = path.join(root, 'templates', name);
  const files = readdirSync(from, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const taken = files
    .map((one) => path.relative(from, path.join(one.parentPath, one.name)))
    .filter((file) => existsSync(path.join(folder, file)));
  if (taken.length) {
    throw new UserError(
      'already-there',
      `${taken.join(', ')} of the template is there already, and init overwrites nothing.`,
      ['Give an empty folder: devenv init --template NAME FOLDER.'],
    );
  }
  if (dryRun) return session.terminal.data(`${files.length} files of ${name} into ${folder}\n`);
  cpSync(from, folder, { recursive: true, errorOnExist: true, force: false });
  await write(session, folder, { '.devenv/schema.json': schemaText() }, false);
  await session.terminal.status(`${files.length} files of the template ${name} are in ${folder}. Next: devenv up\n`);
}
