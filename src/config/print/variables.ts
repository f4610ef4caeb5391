/** What `docker compose config --variables` prints, in each of its formats. */
import type { ModelVariable } from '../model-variables.js';
import { textYaml } from './yaml-scalar.js';

export const variablesJson = (variables: readonly ModelVariable[]): string =>
  `${JSON.stringify(Object.fromEntries(variables.map((one) => [one.Name, one])), undefined, 4)}\n`;

/** Keys in lower case, as Compose writes them. */
export const variablesYaml = (variables: readonly ModelVariable[]): string => variables.map(variableYaml).join('');

const variableYaml = ({ Name, DefaultValue, PresenceValue, Required }: ModelVariable): string =>
  `${Name}:
    name: ${textYaml(Name, '    ')}
    defaultvalue: ${textYaml(DefaultValue, '    ')}
    presencevalue: ${textYaml(PresenceValue, '    ')}
    required: ${Required}
`;

export function variablesTable(variables: readonly ModelVariable[]): string {
  const rows = variables.map(({ Name, Required, DefaultValue, PresenceValue }) => [
    Name,
    String(Required),
    DefaultValue,
    PresenceValue,
  ]);
  const all = [['NAME', 'REQUIRED', 'DEFAULT VALUE', 'ALTERNATE VALUE'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(20, ...all.map((row) => row[column]!.length + 3)));
  return all.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('')}\n`).join('');
}
