/** What `init` is going to write, before it is text. */

export type DatabaseKind =
  | 'postgres'
  | 'mysql'
  | 'mongo'
  | 'redis'
  | 'rabbitmq'
  | 'memcached'
  | 'elasticsearch'
  | 'kafka'
  | 'nats';

export interface ServiceDraft {
  readonly name: string;
  /** `.` or a folder below; undefined: it runs an image. */
  readonly build: string | undefined;
  readonly dockerfile?: string;
  readonly image?: string;
  readonly command?: string;
  /** Port inside; published as the same one. */
  readonly port: number | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly databases: readonly DatabaseKind[];
  readonly volumes?: readonly string[];
  readonly workingDir?: string;
  /** Source folders that `devenv watch` syncs into the container: from, to. */
  readonly sync?: readonly (readonly [string, string])[];
}

export interface InitDraft {
  /** In one line, for the person: what it was made of. */
  readonly from: string;
  readonly services: readonly ServiceDraft[];
  /** Files beside devenv.yml, by path; none that is there is touched. */
  readonly files: Readonly<Record<string, string>>;
  /** Whole text of devenv.yml, where the source is a Compose file already. */
  readonly text?: string;
  /** What the person should look at. */
  readonly notes: readonly string[];
}
