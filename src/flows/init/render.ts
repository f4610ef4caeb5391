/** The text of devenv.yml. */
import { type DatabaseService, databaseService, hasHealth } from './databases.js';
import type { InitDraft, ServiceDraft } from './draft.js';

const header = `# yaml-language-server: $schema=.devenv/schema.json
# (devenv config --schema -o .devenv/schema.json writes it anew)
`;

export function renderConfig(name: string, draft: InitDraft): string {
  if (draft.text !== undefined) return `${header}\n${draft.text}`;
  const kinds = [...new Set(draft.services.flatMap(({ databases }) => databases))];
  const databases = new Map(kinds.map((kind) => [kind, databaseService(kind)]));
  const blocks = [
    ...draft.services.map((service) =>
      block(
        service.name,
        serviceLines(
          service,
          service.databases.map((kind) => databases.get(kind)!),
        ),
      ),
    ),
    ...[...databases.values()].map((database) => block(database.name, database.lines)),
  ];
  const volumes = [...databases.values()].flatMap(({ volume }) => volume ?? []);
  return [
    header,
    `# Made by devenv init from ${draft.from}.\n`,
    `name: ${name}\n`,
    '\nservices:\n',
    blocks.join('\n'),
    volumes.length ? `\nvolumes:\n${volumes.map((volume) => `  ${volume}:\n`).join('')}` : '',
  ].join('');
}

/** Values for `.env`, of databases that want a password. */
export function secretsOf(draft: InitDraft): Record<string, string> {
  const kinds = [...new Set(draft.services.flatMap(({ databases }) => databases))];
  return Object.assign({}, ...kinds.map((kind) => databaseService(kind).secrets)) as Record<string, string>;
}

const block = (name: string, lines: readonly string[]): string =>
  `  ${name}:\n${lines.map((line) => `    ${line}\n`).join('')}`;

function serviceLines(service: ServiceDraft, databases: readonly DatabaseService[]): string[] {
  const environment = Object.assign({}, ...databases.map((one) => one.environment), service.environment) as Record<
    string,
    string
  >;
  return [
    ...buildLines(service),
    ...(service.command ? [`command: ${service.command}`] : []),
    ...(service.workingDir ? [`working_dir: ${service.workingDir}`] : []),
    ...mapLines(
      'environment',
      Object.entries(environment).map(([key, value]) => `${key}: ${yamlText(value)}`),
    ),
    ...(service.port ? ['ports:', `  - "${service.port}:${service.port}"`] : []),
    ...mapLines(
      'volumes',
      (service.volumes ?? []).map((one) => `- ${one}`),
    ),
    ...mapLines(
      'depends_on',
      databases.flatMap((one) => [
        `${one.name}:`,
        `  condition: ${hasHealth(one) ? 'service_healthy' : 'service_started'}`,
      ]),
    ),
    ...(service.sync?.length ? ['develop:', '  watch:', ...service.sync.flatMap(syncLines)] : []),
  ];
}

function buildLines({ build, dockerfile, image }: ServiceDraft): string[] {
  if (build === undefined) return [`image: ${image}`];
  if (!dockerfile || dockerfile === 'Dockerfile') return [`build: ${build}`];
  return ['build:', `  context: ${build}`, `  dockerfile: ${dockerfile}`];
}

const syncLines = ([from, to]: readonly [string, string]): string[] => [
  '    - action: sync+restart',
  `      path: ${from}`,
  `      target: ${to}`,
  '      ignore: [node_modules/, .git/, .devenv/]',
];

const mapLines = (key: string, lines: readonly string[]): string[] =>
  lines.length ? [`${key}:`, ...lines.map((line) => `  ${line}`)] : [];

/** Quoted where YAML would read something else. */
const yamlText = (text: string): string =>
  /^[A-Za-z/][\w/.:@${}-]*$/.test(text) && !/^(?:true|false|yes|no|on|off|null)$/i.test(text)
    ? text
    : JSON.stringify(text);
