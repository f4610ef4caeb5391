/** Which services take part: Compose Specification, "profiles", and the services named on the command line. */
import { problem } from './problems.js';
import { listAt, type Tree, treeAt } from './resolve/tree-access.js';
import { nearest } from './validate/suggest.js';

export interface Selection {
  readonly enabled: readonly string[];
  readonly disabled: readonly string[];
}

/** By profile. Services that are asked for by name bring their own profiles on. */
export function selectByProfile(services: Tree, profiles: readonly string[], asked: readonly string[]): Selection {
  // A profile without a name is always on.
  const on = new Set(['', ...profiles]);
  for (const name of asked) for (const profile of listAt(treeAt(services, name), 'profiles')) on.add(String(profile));
  const enabled: string[] = [];
  const disabled: string[] = [];
  for (const name of Object.keys(services)) {
    const own = listAt(treeAt(services, name), 'profiles');
    const takesPart = own.length === 0 || on.has('*') || own.some((profile) => on.has(String(profile)));
    (takesPart ? enabled : disabled).push(name);
  }
  return { enabled, disabled };
}

/** `--profile`, or else COMPOSE_PROFILES. */
export const profilesOf = (given: readonly string[], variable: string | undefined): string[] =>
  given.length > 0
    ? [...given]
    : (variable ?? '')
        .split(',')
        .map((profile) => profile.trim())
        .filter((profile) => profile !== '');

/** The services asked for and all that they depend on. Throws UserError `unknown-service`. */
export function withDependencies(services: Tree, asked: readonly string[], known: Iterable<string>): Set<string> {
  const chosen = new Set<string>();
  const take = (name: string, required: boolean) => {
    if (chosen.has(name)) return;
    if (!Object.hasOwn(services, name)) {
      if (required) throw unknownService(name, known);
      return;
    }
    chosen.add(name);
    const dependencies = treeAt(services, name, 'depends_on');
    for (const dependency of Object.keys(dependencies))
      take(dependency, treeAt(dependencies, dependency).required !== false);
  };
  for (const name of asked) take(name, true);
  return chosen;
}

function unknownService(name: string, known: Iterable<string>): Error {
  const names = [...known];
  const near = nearest(name, names);
  if (names.includes(name)) {
    return problem('unknown-service', `The service ${name} is needed, but its profile is off.`, undefined, [
      'Turn it on with --profile.',
    ]);
  }
  return problem('unknown-service', `no such service: ${name}`, undefined, [
    near ? `Did you mean "${near}"?` : `Services: ${names.join(', ') || 'none'}.`,
  ]);
}
