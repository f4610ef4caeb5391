/** Lines of the Dockerfile, counted from 1, both inclusive. */
export interface Location {
  readonly line: number;
  readonly endLine: number;
}

/** The body of a `<<WORD`. */
export interface Heredoc {
  readonly name: string;
  /** File descriptor in front of `<<`; 0 when none is written. */
  readonly descriptor: number;
  /** False for a quoted word: nothing is expanded inside. */
  readonly expand: boolean;
  /** `<<-`: leading tabs of each line are dropped. */
  readonly chomp: boolean;
  /** As written, each line with its line break. */
  readonly content: string;
}

/** One instruction as text: continuations joined, comments dropped, leading flags taken off. */
export interface SourceInstruction extends Location {
  /** As written; compare without case. */
  readonly keyword: string;
  /** `--name` or `--name=value`, quotes removed. */
  readonly flags: readonly string[];
  /** What follows keyword and flags. */
  readonly rest: string;
  /** The whole of it on one line, without heredoc bodies. */
  readonly text: string;
  readonly heredocs: readonly Heredoc[];
}

export interface Directives {
  readonly escapeToken: '\\' | '`';
  readonly syntax?: string;
  readonly check?: string;
}

export interface Warning {
  readonly line: number | undefined;
  readonly text: string;
}

export interface SourceFile {
  readonly directives: Directives;
  readonly instructions: readonly SourceInstruction[];
  readonly warnings: readonly Warning[];
  /** Comments that stand on a line of their own, without `#`. */
  readonly comments: readonly { readonly line: number; readonly text: string }[];
}
