/** What linting found, as BuildKit's clients show it. */
import type { BuildPlan } from '../../../engine/build-plan.js';
import type { VertexLine } from '../control/vertex.js';

type Warning = BuildPlan['warnings'][number];

const descriptions: Readonly<Record<string, string>> = {
  StageNameCasing: 'Stage names should be lowercase',
  FromAsCasing: "The 'as' keyword should match the case of the 'from' keyword",
  NoEmptyContinuation: 'Empty continuation lines will become errors in a future release',
  ConsistentInstructionCasing: 'All commands within the Dockerfile should use the same casing (either upper or lower)',
  DuplicateStageName: 'Stage names should be unique',
  ReservedStageName: 'Reserved words should not be used as stage names',
  JSONArgsRecommended:
    'JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals',
  MaintainerDeprecated: 'The MAINTAINER instruction is deprecated, use a label instead to define an image author',
  UndefinedArgInFrom: 'FROM command must use declared ARGs',
  WorkdirRelativePath:
    'Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes',
  UndefinedVar: 'Variables should be defined before their use',
  MultipleInstructionsDisallowed: 'Multiple instructions of the same type should not be used in the same stage',
  LegacyKeyValueFormat: 'Legacy key/value format with whitespace separator should not be used',
  RedundantTargetPlatform:
    'Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior',
  SecretsUsedInArgOrEnv: 'Sensitive data should not be used in the ARG or ENV commands',
  InvalidDefaultArgInFrom: 'Default value for global ARG results in an empty or invalid base image name',
  InvalidBaseImagePlatform: 'Base image platform does not match expected target platform',
  FromPlatformFlagConstDisallowed: 'FROM --platform flag should not use a constant value',
  CopyIgnoredFile: 'Attempting to Copy file that is excluded by .dockerignore',
  InvalidDefinitionDescription:
    'Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.',
  ExposeProtoCasing: 'Protocol in EXPOSE instruction should be lowercase',
  ExposeInvalidFormat:
    'IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release',
};

/** BuildKit gives no page for these. */
const UNDOCUMENTED = new Set(['InvalidBaseImagePlatform']);

export interface WarningParts {
  readonly rule: string;
  readonly detail: string;
  readonly description: string;
  readonly url: string;
}

/** `JSONArgsRecommended` → `json-args-recommended`. */
function slug(rule: string): string {
  return rule
    .replace(/([a-z\d])([A-Z])/g, '$1-$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .toLowerCase();
}

/** A warning that no rule stands behind has an empty one. */
export function warningParts({ text }: Warning): WarningParts {
  const found = /^([A-Z][A-Za-z]+): (.*)$/s.exec(text);
  if (!found) return { rule: '', detail: text, description: '', url: '' };
  const [, rule = '', detail = ''] = found;
  const url = UNDOCUMENTED.has(rule) ? '' : `https://docs.docker.com/go/dockerfile/rule/${slug(rule)}/`;
  return { rule, detail, description: descriptions[rule] ?? detail, url };
}

/** Puts the warnings to the line of progress that loaded the Dockerfile. */
export function tellWarnings(
  line: VertexLine,
  warnings: readonly Warning[],
  dockerfile: { readonly name: string; readonly text: string },
): void {
  for (const warning of warnings) {
    const { description, url } = warningParts(warning);
    const at = warning.line === undefined ? [] : [range(warning.line)];
    line.warn({
      level: 1,
      short: Buffer.from(warning.line === undefined ? warning.text : `${warning.text} (line ${warning.line})`),
      detail: description === '' ? [] : [Buffer.from(description)],
      url,
      info: { filename: dockerfile.name, data: Buffer.from(dockerfile.text), language: 'Dockerfile' },
      ranges: at,
    });
  }
}

const range = (line: number) => ({ start: { line, character: 0 }, end: { line, character: 0 } });
