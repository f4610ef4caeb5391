import type { Service } from '../../model/project.js';
import type { LintRule } from './types.js';

const SUPERVISORS =
  /^(?:supervisord|s6-svscan|runsvdir|runit|circusd|monit|god|pm2|pm2-runtime|pm2-dev|foreman|honcho|overmind|hivemind|goreman|concurrently|npm-run-all|run-p|mprocs|turbo-watch|my_init|systemd)$/;

/** Servers by a port that they are known by: two of different kinds in one service are two jobs. */
const KNOWN_PORTS: Readonly<Record<number, string>> = {
  21: 'ftp',
  22: 'ssh',
  25: 'mail',
  80: 'web',
  443: 'web',
  1025: 'mail',
  3000: 'web',
  3306: 'mysql',
  4200: 'web',
  5000: 'web',
  5173: 'web',
  5432: 'postgres',
  5672: 'rabbitmq',
  6379: 'redis',
  8000: 'web',
  8080: 'web',
  8443: 'web',
  9092: 'kafka',
  9200: 'elasticsearch',
  11211: 'memcached',
  27017: 'mongodb',
};

/** Images that are one program with several ports of its own. */
const MANY_PORTED =
  /(?:rabbitmq|mailhog|mailpit|maildev|localstack|gitlab|gitea|nginx|traefik|envoy|caddy|haproxy|minio|docker)/;

const words = (list: readonly string[] | null | undefined): readonly string[] => list ?? [];

/** A process that starts others, `a & b`, or ports of unrelated servers. */
export const severalJobs: LintRule = {
  name: 'several-jobs',
  about: 'a service that does several jobs: a process supervisor, "a & b" in a shell, ports of unrelated servers',
  check: (service) => {
    const fix = 'Give each job a service of its own: each then has its own log, restart, health and scale.';
    const supervisor = supervisorOf(service);
    if (supervisor) {
      return [{ path: supervisor.path, sentence: `${supervisor.name} runs several processes in one container.`, fix }];
    }
    const path = backgroundJob(service);
    if (path) return [{ path, sentence: 'A shell starts one process in the background and another beside it.', fix }];
    const kinds = portKinds(service);
    if (kinds.size < 2) return [];
    return [{ path: 'ports', sentence: `Its ports are those of ${[...kinds].join(' and ')}.`, fix }];
  },
};

function supervisorOf(service: Service): { name: string; path: string } | undefined {
  for (const path of ['entrypoint', 'command'] as const) {
    const list = words(service[path]);
    const all = isShell(list) ? (list.at(-1) ?? '').split(/\s+/) : list.slice(0, 3);
    const name = all.map((word) => word.split('/').at(-1)!).find((word) => SUPERVISORS.test(word));
    if (name) return { name, path };
  }
  return undefined;
}

const isShell = (list: readonly string[]): boolean => /(?:^|\/)(?:sh|bash|ash|dash|zsh)$/.test(list[0] ?? '');

/** `a & b`, and not `a && b`, `2>&1`, `&>file`; what is in quotes is not the shell's. */
function backgroundJob(service: Service): string | undefined {
  for (const path of ['entrypoint', 'command'] as const) {
    const list = words(service[path]);
    const script = isShell(list) ? list.slice(1).find((word) => !word.startsWith('-')) : undefined;
    const bare = script?.replace(/'[^']*'|"[^"]*"/g, '').replace(/&&|[<>]&|&>/g, ' ');
    if (bare && /&\s*\S/.test(bare)) return path;
  }
  return undefined;
}

function portKinds({ ports, image }: Service): Set<string> {
  if (image && MANY_PORTED.test(image)) return new Set();
  return new Set((ports ?? []).flatMap(({ target }) => KNOWN_PORTS[target] ?? []));
}
