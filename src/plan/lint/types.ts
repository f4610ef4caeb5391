import type { Project, Service } from '../../model/project.js';

/** A hint: what may be wrong, where, and what to do about it. */
export interface Finding {
  readonly rule: string;
  readonly service: string;
  /** Dotted path of what it is about. */
  readonly path: string;
  readonly sentence: string;
  readonly fix: string;
}

/** What a rule may know beside the project: it reads no files itself. */
export interface LintContext {
  readonly project: Project;
  /** The line of the config that says what is at a path; undefined: no file says it. */
  readonly written: (path: string) => string | undefined;
  /** Whether the image that a service builds has a healthcheck of its own; undefined: nobody knows. */
  readonly imageHealthcheck: (service: Service) => boolean | undefined;
  /** Rules that are switched off: for all, and for single services. */
  readonly off: { readonly all: ReadonlySet<string>; readonly services: Readonly<Record<string, ReadonlySet<string>>> };
}

export interface LintRule {
  readonly name: string;
  /** What it looks for, in one line. */
  readonly about: string;
  readonly check: (service: Service, context: LintContext) => readonly Omit<Finding, 'rule' | 'service'>[];
}
