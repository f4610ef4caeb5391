/** Variables that are named on a command line: `KEY=VALUE`, or `KEY` alone. */

export interface GivenVariables {
  readonly values: Readonly<Record<string, string>>;
  /** Keys without a value that the config's variables do not have either. */
  readonly unknown: readonly string[];
}

/** A key alone takes its value from `variables`: those of the shell and of the project's `.env` files. */
export function givenVariables(
  entries: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): GivenVariables {
  const values: Record<string, string> = {};
  const unknown: string[] = [];
  for (const entry of entries) {
    const at = entry.indexOf('=');
    const key = at < 0 ? entry : entry.slice(0, at);
    const value = at < 0 ? variables[key] : entry.slice(at + 1);
    if (value === undefined) unknown.push(key);
    else values[key] = value;
  }
  return { values, unknown };
}
