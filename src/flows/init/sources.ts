/** The places that tell `init` what a repository needs; each gives a draft or undefined. */
import { UserError } from '../../errors.js';
import type { InitDraft, ServiceDraft } from './draft.js';
import { type Program, programsIn } from './languages.js';
import { type Repo, within } from './repo.js';

export interface Source {
  readonly name: string;
  readonly draft: () => InitDraft;
}

const composeNames = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
const overrideNames = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
];
const containerNames = ['.devcontainer/devcontainer.json', '.devcontainer.json'];

/** In the order in which they are believed. */
export function sourcesIn(repo: Repo, name: string): Source[] {
  const compose = composeNames.find((file) => repo.read(file) !== undefined);
  const container = containerNames.find((file) => repo.read(file) !== undefined);
  const programs = programsAnywhere(repo);
  return [
    ...(compose ? [{ name: compose, draft: () => fromCompose(repo, compose) }] : []),
    ...(container ? [{ name: container, draft: () => fromDevcontainer(repo, container) }] : []),
    ...(repo.read('Procfile') !== undefined ? [{ name: 'Procfile', draft: () => fromProcfile(repo) }] : []),
    ...(programs.length || repo.read('Dockerfile') !== undefined
      ? [
          {
            name: programs.map(({ where, program }) => where + program.manifest).join(', ') || 'Dockerfile',
            draft: () => fromPrograms(repo, name, programs),
          },
        ]
      : []),
  ];
}

/** Its text goes on as it is, comments and all; the override file becomes the environment dev, which is merged the same way. */
function fromCompose(repo: Repo, file: string): InitDraft {
  const override = overrideNames.find((name) => repo.read(name) !== undefined);
  const overlay = override
    ? `\nenvironments:\n  dev: # from ${override}\n${indented(repo.read(override)!.replace(/^version:.*\n/m, ''), '    ')}`
    : '';
  const text = `${repo.read(file)!.trimEnd()}\n${overlay}`;
  return {
    from: override ? `${file} and ${override}` : file,
    services: [],
    files: {},
    text,
    notes: [`${file} stays as it is for other tools; devenv reads devenv.yml from now on.`],
  };
}

const indented = (text: string, by: string): string =>
  `${text
    .trimEnd()
    .split('\n')
    .map((line) => (line.trim() ? by + line : line))
    .join('\n')}\n`;

/** JSON with comments and trailing commas, as editors write it. */
export function parseLooseJson(text: string): Record<string, unknown> {
  const bare = text
    .replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, quoted?: string) => quoted ?? '')
    .replace(/("(?:[^"\\]|\\.)*")|,(\s*[}\]])/g, (_, quoted?: string, end?: string) => quoted ?? end ?? '');
  return JSON.parse(bare) as Record<string, unknown>;
}

/** https://containers.dev/implementors/json_reference */
function fromDevcontainer(repo: Repo, file: string): InitDraft {
  const settings = readSettings(repo, file);
  const folder = file.includes('/') ? '.devcontainer' : '.';
  const notes: string[] = [];
  for (const key of ['features', 'customizations']) {
    if (settings[key]) notes.push(`${key} of ${file} are for editors: put what the program needs into its Dockerfile.`);
  }
  const compose = settings.dockerComposeFile;
  if (compose !== undefined) {
    const files = (Array.isArray(compose) ? compose : [compose]).map((one) => joined(folder, String(one)));
    const list = files.map((one) => `      - ${one}`).join('\n');
    return {
      from: file,
      services: [],
      files: {},
      text: `include:\n  - path:\n${list}\n    project_directory: .\n`,
      notes,
    };
  }
  const build = settings.build as { dockerfile?: string; context?: string } | undefined;
  const dockerfile = build?.dockerfile ?? (settings.dockerFile as string | undefined);
  const workspace = (settings.workspaceFolder as string | undefined) ?? '/workspace';
  const ports = ((settings.forwardPorts ?? []) as unknown[]).map(Number).filter(Number.isInteger);
  const command = settings.postStartCommand ?? settings.postCreateCommand;
  if (command)
    notes.push(
      `The container waits for you; ${file} runs ${JSON.stringify(command)} in it: devenv exec app ${String(command)}`,
    );
  const service: ServiceDraft = {
    name: 'app',
    build: dockerfile ? joined(folder, build?.context ?? '.') : undefined,
    ...(dockerfile
      ? { dockerfile: relativeTo(joined(folder, build?.context ?? '.'), joined(folder, dockerfile)) }
      : {}),
    ...(dockerfile ? {} : { image: String(settings.image ?? 'debian:bookworm-slim') }),
    command: 'sleep infinity',
    port: ports[0],
    environment: {
      ...(settings.containerEnv as Record<string, string>),
      ...(settings.remoteEnv as Record<string, string>),
    },
    databases: [],
    volumes: [`.:${workspace}`],
    workingDir: workspace,
  };
  return { from: file, services: [service], files: {}, notes };
}

function readSettings(repo: Repo, file: string): Record<string, unknown> {
  try {
    return parseLooseJson(repo.read(file)!);
  } catch (error) {
    throw new UserError('unreadable-source', `${file} cannot be read: ${(error as Error).message}`, [
      'Mend it, or move it away.',
    ]);
  }
}

const joined = (folder: string, file: string): string => {
  const parts: string[] = [];
  for (const part of `${folder}/${file}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.length ? `./${parts.join('/')}` : '.';
};

const relativeTo = (folder: string, file: string): string =>
  folder !== '.' && file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : file.replace(/^\.\//, '');

/** A process type a service, all from one image; `web` gets the port (devcenter.heroku.com/articles/procfile). */
function fromProcfile(repo: Repo): InitDraft {
  const program = programsIn(repo)[0];
  const lines = repo
    .read('Procfile')!
    .split('\n')
    .flatMap((line) => {
      const match = /^([A-Za-z][\w-]*):\s*(.+)$/.exec(line.trim());
      return match ? [{ name: match[1]!.toLowerCase(), command: match[2]!.trim() }] : [];
    });
  const kept = lines.filter(({ name }) => name !== 'release');
  const port = program?.port ?? 5000;
  const services = kept.map(
    ({ name, command }): ServiceDraft => ({
      name,
      build: '.',
      // $PORT is the container's, not the config's.
      command: `sh -c ${JSON.stringify(command.replaceAll('$', '$$$$'))}`,
      port: name === 'web' ? port : undefined,
      environment: name === 'web' ? { PORT: String(port) } : {},
      databases: program?.databases ?? [],
    }),
  );
  const release = lines.find(({ name }) => name === 'release');
  const notes = release
    ? [`The release command is for a deployment: devenv run --rm ${kept[0]?.name ?? 'web'} ${release.command}`]
    : [];
  return {
    from: `Procfile${program ? ` and ${program.manifest}` : ''}`,
    services,
    files: dockerfileOf(repo, '.', program),
    notes,
  };
}

export interface PlacedProgram {
  /** `''` or `folder/`. */
  readonly where: string;
  readonly program: Program;
}

/** At the top, or else in folders where repositories of several programs keep them. */
function programsAnywhere(repo: Repo): PlacedProgram[] {
  const top = programsIn(repo).map((program) => ({ where: '', program }));
  const isWorkspace = /"workspaces"/.test(repo.read('package.json') ?? '');
  if (top.length && !isWorkspace) return top;
  const skip = /^(?:\.|node_modules$|vendor$|target$|dist$|build$|test|docs?$|examples?$)/;
  const groups = ['apps', 'services', 'packages'].flatMap((group) =>
    repo.folders(group).map((name) => `${group}/${name}`),
  );
  const folders = [...repo.folders(), ...groups].filter((name) => !skip.test(name));
  const below = folders.flatMap((folder) => {
    const program = programsIn(within(repo, folder))[0];
    return program && isStartable(within(repo, folder), program) ? [{ where: `${folder}/`, program }] : [];
  });
  return below.length ? below : top;
}

/** Of a workspace's packages only those that can be started are services. */
const isStartable = (repo: Repo, { manifest }: Program): boolean =>
  manifest !== 'package.json' ||
  /"(?:start|dev)"\s*:/.test(repo.read('package.json') ?? '') ||
  repo.read('server.js') !== undefined ||
  repo.read('index.js') !== undefined;

function fromPrograms(repo: Repo, name: string, programs: readonly PlacedProgram[]): InitDraft {
  if (programs.length === 0) {
    const exposed = /^\s*EXPOSE\s+(\d+)/im.exec(repo.read('Dockerfile')!)?.[1];
    const service = {
      name: serviceName(name),
      build: '.',
      port: exposed ? Number(exposed) : undefined,
      environment: {},
      databases: [],
    };
    return { from: 'Dockerfile', services: [service], files: {}, notes: [] };
  }
  const services = programs.map(({ where, program }): ServiceDraft => {
    const folder = where === '' ? '.' : `./${where.slice(0, -1)}`;
    const own = within(repo, folder).read('Dockerfile');
    const exposed = /^\s*EXPOSE\s+(\d+)/im.exec(own ?? '')?.[1];
    const label =
      where === '' ? (programs.length === 1 ? 'app' : program.language) : where.slice(0, -1).split('/').at(-1)!;
    return {
      name: serviceName(label),
      build: folder,
      port: exposed ? Number(exposed) : program.port,
      environment: {},
      databases: program.databases,
      ...(program.sync && own === undefined ? { sync: [[folder, '/app']] as const } : {}),
    };
  });
  const files = Object.assign(
    {},
    ...programs.map(({ where, program }) => dockerfileOf(repo, where || '.', program)),
  ) as Record<string, string>;
  return {
    from: programs.map(({ where, program }) => `${where}${program.manifest} (${program.language})`).join(', '),
    services,
    files,
    notes: [],
  };
}

export const serviceName = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '') || 'app';

/** Only where none is there. */
function dockerfileOf(repo: Repo, folder: string, program: Program | undefined): Record<string, string> {
  const prefix = folder === '.' ? '' : folder;
  if (!program || repo.read(`${prefix}Dockerfile`) !== undefined) return {};
  return { [`${prefix}Dockerfile`]: program.dockerfile, [`${prefix}.dockerignore`]: `${program.ignore.join('\n')}\n` };
}
