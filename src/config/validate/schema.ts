/**
 * The part of JSON Schema that the Compose Specification's schema is written in.
 *
 * The schema is walked by our own code rather than by ajv: importing ajv and compiling this schema takes 500 ms and more on a
 * start that may take 40, and of a failed `oneOf` it tells every branch's complaint with no way back to the line. Walking the nodes
 * costs about 1 ms for 30 services and knows where each key stands.
 */
import { readFileSync } from 'node:fs';

export type TypeName = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'object' | 'array';

export interface Schema {
  readonly $ref?: string;
  readonly type?: TypeName | readonly TypeName[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly uniqueItems?: boolean;
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

/** The Compose Specification's schema, as it is published. Read when it is needed, from the package's own folder. */
export function readComposeSchema(): Schema {
  return JSON.parse(
    readFileSync(new URL('../../../../src/config/compose-spec.json', import.meta.url), 'utf8'),
  ) as Schema;
}

/** The schema behind `$ref`, which here always names a definition of the root. */
export function resolveSchema(schema: Schema, root: Schema): Schema {
  let resolved = schema;
  while (resolved.$ref !== undefined) {
    const name = resolved.$ref.replace('#/definitions/', '');
    const target = root.definitions?.[name];
    if (target === undefined) throw new Error(`the schema refers to ${resolved.$ref}, which it does not define`);
    resolved = target;
  }
  return resolved;
}

export function typesOf(schema: Schema): readonly TypeName[] {
  if (schema.type === undefined) return [];
  return typeof schema.type === 'string' ? [schema.type] : schema.type;
}
