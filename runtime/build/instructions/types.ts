import type { HealthConfig } from '../../images/types.js';
import type { Heredoc, Location } from '../parse/ast.js';
import type { Pair } from '../parse/words.js';

/** `["a", "b"]` runs as it is; text runs through the shell. */
export type CommandForm =
  | { readonly form: 'exec'; readonly args: readonly string[] }
  | { readonly form: 'shell'; readonly text: string };

/** `RUN --mount=…` before variables are filled in. */
export interface WrittenMount {
  readonly text: string;
  /** Undefined: a variable says it. */
  readonly type: RunMount['type'] | undefined;
  readonly from: string | undefined;
  readonly source: string | undefined;
  readonly target: string | undefined;
  readonly id: string | undefined;
  readonly required: boolean;
}

/** `RUN --mount=…` with variables filled in, its options known to be right. */
export interface RunMount {
  readonly type: 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';
  readonly from?: string;
  readonly source?: string;
  readonly target?: string;
  readonly readOnly?: boolean;
  readonly id?: string;
  readonly sharing?: 'shared' | 'private' | 'locked';
  readonly sizeBytes?: number;
  readonly required?: boolean;
  /** Permission bits. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Secret as a variable of this name. */
  readonly env?: string;
}

interface Base extends Location {
  /** On one line, as the person wrote it. */
  readonly text: string;
}

export interface From extends Base {
  readonly kind: 'from';
  /** Not expanded. */
  readonly image: string;
  /** Lower case. */
  readonly name: string | undefined;
  readonly platform: string | undefined;
}

export interface Run extends Base {
  readonly kind: 'run';
  readonly command: CommandForm;
  readonly heredocs: readonly Heredoc[];
  readonly mounts: readonly WrittenMount[];
  readonly network: 'default' | 'none' | 'host' | undefined;
  readonly security: 'sandbox' | 'insecure';
}

export interface Copy extends Base {
  readonly kind: 'copy' | 'add';
  readonly sources: readonly string[];
  /** Heredocs that are sources. */
  readonly files: readonly Heredoc[];
  readonly destination: string;
  readonly from: string | undefined;
  readonly chown: string | undefined;
  readonly chmod: string | undefined;
  readonly link: boolean;
  readonly parents: boolean;
  readonly excludes: readonly string[];
  readonly checksum: string | undefined;
  readonly keepGitDir: boolean;
  /** `ADD --unpack=`; undefined: local archives yes, remote ones no. */
  readonly unpack: boolean | undefined;
}

export interface Env extends Base {
  readonly kind: 'env';
  readonly pairs: readonly Pair[];
}
export interface Label extends Base {
  readonly kind: 'label';
  readonly pairs: readonly Pair[];
}
export interface Arg extends Base {
  readonly kind: 'arg';
  readonly args: readonly { readonly key: string; readonly value: string | undefined }[];
}
export interface Workdir extends Base {
  readonly kind: 'workdir';
  readonly path: string;
}
export interface User extends Base {
  readonly kind: 'user';
  readonly user: string;
}
export interface Expose extends Base {
  readonly kind: 'expose';
  readonly ports: readonly string[];
}
export interface Volume extends Base {
  readonly kind: 'volume';
  readonly paths: readonly string[];
}
export interface Cmd extends Base {
  readonly kind: 'cmd' | 'entrypoint';
  readonly command: CommandForm;
}
export interface Shell extends Base {
  readonly kind: 'shell';
  readonly args: readonly string[];
}
export interface Healthcheck extends Base {
  readonly kind: 'healthcheck';
  /** Without `Test` for the shell form: the shell is known later. */
  readonly health: HealthConfig;
  readonly command: CommandForm | undefined;
}
export interface StopSignal extends Base {
  readonly kind: 'stopsignal';
  readonly signal: string;
}
export interface OnBuild extends Base {
  readonly kind: 'onbuild';
  /** The trigger's whole text, heredoc bodies included. */
  readonly trigger: string;
}
export interface Maintainer extends Base {
  readonly kind: 'maintainer';
  readonly author: string;
}

export type StageInstruction =
  | Run
  | Copy
  | Env
  | Label
  | Arg
  | Workdir
  | User
  | Expose
  | Volume
  | Cmd
  | Shell
  | Healthcheck
  | StopSignal
  | OnBuild
  | Maintainer;

export type Instruction = From | StageInstruction;

/** Extract one kind; `copy` and `cmd` have two names each. */
export type Of<K extends Instruction['kind']> = Extract<Instruction, { kind: K }>;
