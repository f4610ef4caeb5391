/** `config --variables`: the variables that a project uses, as `docker compose config --variables` lists them. */
import type { Node } from './tree/node.js';

export interface ModelVariable {
  readonly Name: string;
  readonly DefaultValue: string;
  readonly PresenceValue: string;
  readonly Required: boolean;
}

const form = /\$\$|\$(?:\{([A-Za-z_]\w*)(?:(:?[-?+])([^{}]*(?:\{[^{}]*\}[^{}]*)*))?\}|([A-Za-z_]\w*))/g;

/** By name; a later use adds what an earlier one does not say. */
export function modelVariables(root: Node): ModelVariable[] {
  const found = new Map<string, ModelVariable>();
  const note = (variable: ModelVariable) => {
    const known = found.get(variable.Name);
    found.set(variable.Name, {
      Name: variable.Name,
      DefaultValue: known?.DefaultValue || variable.DefaultValue,
      PresenceValue: known?.PresenceValue || variable.PresenceValue,
      Required: (known?.Required ?? false) || variable.Required,
    });
  };
  const visitText = (text: string) => {
    for (const [, braced, operator = '', word = '', bare] of text.matchAll(form)) {
      const name = braced ?? bare;
      if (name === undefined) continue;
      note({
        Name: name,
        DefaultValue: operator.endsWith('-') ? word : '',
        PresenceValue: operator.endsWith('+') ? word : '',
        Required: operator.endsWith('?'),
      });
      if (word.includes('$')) visitText(word);
    }
  };
  const visit = (node: Node): void => {
    if (node.kind === 'scalar') {
      if (typeof node.value === 'string' && node.value.includes('$')) visitText(node.value);
    } else if (node.kind === 'sequence') for (const item of node.items) visit(item);
    else for (const { value } of node.entries.values()) visit(value);
  };
  visit(root);
  return [...found.values()].sort((a, b) => (a.Name < b.Name ? -1 : 1));
}
