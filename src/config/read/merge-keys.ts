/** YAML's merge key (https://yaml.org/type/merge.html) as Go's yaml.v3 applies it. */
import { problem } from '../problems.js';
import { type Entry, type Mapping, mapping as makeMapping, type Node } from '../tree/node.js';

/**
 * `<<: *one` or `<<: [*one, *two]`: what the mapping itself says wins wherever it stands, then the first of a list.
 * Throws UserError `bad-merge-key`.
 */
export function mergeKeys(mapping: Mapping, merged: readonly Node[]): Mapping {
  if (merged.length === 0) return mapping;
  const entries = new Map<string, Entry>(mapping.entries);
  for (const value of merged) {
    for (const part of value.kind === 'sequence' ? value.items : [value]) {
      if (part.kind !== 'mapping') {
        throw problem('bad-merge-key', 'The merge key << takes a mapping or a list of mappings.', part.at, [
          'Give it the alias of a mapping: <<: *name',
        ]);
      }
      for (const [key, entry] of part.entries) if (!entries.has(key)) entries.set(key, entry);
    }
  }
  return makeMapping(entries, mapping.at);
}
