import type { Service } from '../../model/project.js';
import type { LintRule } from './types.js';

/** `repo/name:tag` without its tag and digest. */
const repositoryOf = (image: string): string => {
  const bare = image.split('@')[0]!;
  const colon = bare.lastIndexOf(':');
  return colon > bare.lastIndexOf('/') ? bare.slice(0, colon) : bare;
};

/** The same name may be another image tomorrow. */
export const latestTag: LintRule = {
  name: 'latest',
  about: 'an image without a version',
  check: ({ image, build }) => {
    if (!image || build || image.includes('@')) return [];
    const repository = repositoryOf(image);
    const tag = image.slice(repository.length + 1);
    if (tag !== '' && tag !== 'latest') return [];
    const what = tag === '' ? `${image} has no tag, so it is "latest"` : `${image} is whatever is newest`;
    return [
      {
        path: 'image',
        sentence: `${what}: it can change under you.`,
        fix: `Name a version (${repository}:1.2), or pin it with devenv config --lock-image-digests.`,
      },
    ];
  },
};

/** By the last part of the image's name: where its data is. */
const DATABASES: readonly [RegExp, string][] = [
  [/^(?:postgres|postgresql|postgis|timescaledb|pgvector)/, '/var/lib/postgresql'],
  [/^(?:mysql|mariadb|percona)/, '/var/lib/mysql'],
  [/^mongo(?:db)?/, '/data/db'],
  [/^(?:couchdb)/, '/opt/couchdb/data'],
  [/^(?:elasticsearch)/, '/usr/share/elasticsearch/data'],
  [/^(?:opensearch)/, '/usr/share/opensearch/data'],
  [/^(?:influxdb)/, '/var/lib/influxdb'],
  [/^(?:cassandra)/, '/var/lib/cassandra'],
  [/^(?:neo4j)/, '/data'],
  [/^(?:clickhouse)/, '/var/lib/clickhouse'],
  [/^(?:mssql|azure-sql)/, '/var/opt/mssql'],
  [/^(?:cockroach)/, '/cockroach/cockroach-data'],
  [/^(?:rethinkdb)/, '/data'],
];

/** Its data goes with its container. */
export const databaseWithoutVolume: LintRule = {
  name: 'database-without-volume',
  about: 'a database whose data is lost with its container',
  check: (service) => {
    const name = repositoryOf(service.image ?? '')
      .split('/')
      .at(-1)!;
    const known = DATABASES.find(([pattern]) => pattern.test(name));
    if (!known || service.volumes_from?.length) return [];
    const [, folder] = known;
    const kept = (service.volumes ?? []).some(
      ({ type, source, target }) => (type === 'bind' || (type === 'volume' && source)) && covers(target, folder),
    );
    const wanted = (service.tmpfs ?? []).some((target) => covers(target.split(':')[0]!, folder));
    if (
      kept ||
      wanted ||
      (service.volumes ?? []).some(({ type, target }) => type === 'tmpfs' && covers(target, folder))
    )
      return [];
    return [
      {
        path: 'volumes',
        sentence: `The data of ${name} is in its container, or in a volume without a name: it is lost when the container is made anew.`,
        fix: `Add a named volume: services.${service.name}.volumes: ["${service.name}-data:${folder}"] (tmpfs where losing it is meant).`,
      },
    ];
  },
};

/** One is in the other, so that `/var/lib/postgresql/data` counts as well. */
const covers = (target: string, folder: string): boolean =>
  target === folder || target.startsWith(`${folder}/`) || folder.startsWith(`${target.replace(/\/$/, '')}/`);

const PRODUCTION = /^(?:prod|production|live|staging)$/i;
/** Sockets and single files of the machine are no content of the image. */
const OF_THE_MACHINE = /^\/(?:var\/run|run|etc|sys|proc|dev|lib\/modules)(?:\/|$)/;

/** In production the image is the program; a folder over it hides what was tested. */
export const bindOverImage: LintRule = {
  name: 'bind-over-image',
  about: 'a folder of this machine over the content of an image, in production',
  check: (service: Service, { project }) => {
    if (!PRODUCTION.test(project.environmentName ?? '')) return [];
    return (service.volumes ?? []).flatMap(({ type, source, target }, index) => {
      if (type !== 'bind' || !source || OF_THE_MACHINE.test(source)) return [];
      const inProject = source === project.workingDir || source.startsWith(`${project.workingDir}/`);
      if (!inProject) return [];
      return [
        {
          path: `volumes.${index}`,
          sentence: `${source} is mounted over ${target} of the image, in ${project.environmentName}.`,
          fix: 'COPY it into the image, and keep the mount for the environment dev (environments: {dev: …}); configs: and secrets: are for files.',
        },
      ];
    });
  },
};
