/**
 * What a service is where it runs, in words that a Compose file, a container and a Kubernetes workload have in common. Everything is
 * text or lists of text, so that two of them compare without rules of their own. Pure.
 */
export interface ServiceFacts {
  readonly image: string | undefined;
  /** `sha256:…` of the manifest or index that it is pulled by, where that is known. */
  readonly digest: string | undefined;
  readonly command: readonly string[] | undefined;
  readonly entrypoint: readonly string[] | undefined;
  readonly user: string | undefined;
  readonly workingDir: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  /** Variables whose value stands elsewhere there (a secret of the cluster), and is not known here. */
  readonly referenced?: readonly string[];
  /** Where further variables come from whose names are not known: `the secret db`. */
  readonly unknownVariables?: readonly string[];
  /** `/data volume`, `/app bind read-only`; also `config` and `secret` of a cluster. */
  readonly mounts: readonly string[];
  /** Names of files in `/run/secrets`, where they are known; a comparison leaves them aside. */
  readonly secretFiles?: readonly string[];
  /** `80/tcp`, and `8080->80/tcp` for a published one. */
  readonly ports: readonly string[];
  /** Bytes. */
  readonly memory: number | undefined;
  readonly cpus: number | undefined;
  readonly replicas: number;
  readonly restart: string | undefined;
  /** Added with `+`, dropped with `-`; `privileged` and `read-only` among them. */
  readonly privileges: readonly string[];
  /** The probe's command. */
  readonly health: readonly string[] | undefined;
  /** By the config's keys; undefined: what it is in there has no such names. */
  readonly networks: readonly string[] | undefined;
}

export type EnvironmentFacts = Readonly<Record<string, ServiceFacts>>;
